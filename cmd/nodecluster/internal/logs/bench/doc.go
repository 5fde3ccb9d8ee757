// Bench measures what it costs to keep what workers print: the CPU of who keeps it and of the workers, for each line, with this module's package
// logs and with PM2 in its two modes. The contenders take turns. scripts/logs-bench builds and runs it. It runs on Linux only.
package main
