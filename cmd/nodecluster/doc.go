// Nodecluster runs a Node script as a pool of cluster workers in the foreground, and traces the messages between a
// Node program and its children.
//
//	nodecluster run [flags] SCRIPT [ARGS...]
//	nodecluster trace [flags] [--] COMMAND [ARGS...]
//	nodecluster version
//
// "nodecluster run --help" and "nodecluster trace --help" explain every flag. version prints the version, the commit,
// the version of Go and the platform, which a report of a bug should name.
//
// # Run
//
// The primary is this program. The workers are unchanged Node processes: listen does for them what it does under
// Node's own cluster primary.
//
// Two workers that share port 3000, of which each is restarted when it fails:
//
//	PORT=3000 nodecluster run --instances 2 server.js
//
// SIGINT and SIGTERM ask the workers to leave once the requests that they have are answered. A second one, or the
// end of --kill-timeout, kills them. What happens to the workers is written to standard error, one line an event,
// as text or as JSON (--log-format json); --log-level says how much. No worker waits for a log that nobody reads. As
// process 1 of a container the program reaps orphans and forwards signals too.
//
// The exit status is 0 when the workers have done their work or left as they were asked to, 1 when they could not
// be run or kept running or had to be killed, and 2 when the command line was wrong.
//
// # Trace
//
// The command runs as it does without the trace. Each message that it and its forked children send each other is
// written to standard error or to a file, with the handle that goes with it, as text or as JSON:
//
//	nodecluster trace --out trace.txt --summary -- node app.js
//
// The exit status is that of the command.
package main
