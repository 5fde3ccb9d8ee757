// Package options are the flags by which a pool of workers is described, and what they mean: what the workers are started with, and how
// they are kept running.
package options
