// Reloads measures what clients see of reloads: of workers in Node and in Go below nodecluster run with each of its policies, and of a
// program that is written for it below PM2. So it does of scaling and of workers that are recycled, without PM2. Clients make requests all the while; half of them keep their connections. It prints how many
// requests failed, how long a reload took, and how long requests took before and during reloads.
//
// scripts/reloads builds and runs it. It needs Linux.
package main
