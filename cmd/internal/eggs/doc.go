// Eggs measures a master of Egg's in Go beside Egg's own: messages of the agent to all app workers, a second and in how long one is there
// and answered; what becomes of requests while the app workers are reloaded; and of a request that is being answered when the master gets
// SIGTERM. Both serve the same application with Egg 3 and with Egg 4, and take turns. Another part of it kills agents and app workers under
// load.
//
// scripts/eggs builds and runs it. It runs on Linux only.
package main
