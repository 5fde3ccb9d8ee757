// Package clients has clients that open connections to workers which are killed meanwhile, and counts how the connections ended.
package clients
