// Nodecluster runs a Node script as a pool of cluster workers in the foreground.
//
// The primary is this program; the workers are unchanged Node processes, for which the script's calls of listen
// do what they do below Node's own cluster primary.
//
//	nodecluster run [flags] SCRIPT [ARGS...]
//	nodecluster version
//
// Two workers that share port 3000, of which each is restarted when it fails:
//
//	PORT=3000 nodecluster run --instances 2 server.js
//
// SIGINT and SIGTERM ask the workers to leave once the requests that they have are answered. A second one, or the
// end of --kill-timeout, kills them. What happens to the workers is written to standard error, one line an event,
// as text or as JSON (--log-format json). As process 1 of a container the program reaps orphans and forwards
// signals too.
//
// The exit status is 0 when the workers have done their work or left as they were asked to, 1 when they could not
// be run or kept running or had to be killed, and 2 when the command line was wrong.
//
// "nodecluster run --help" explains every flag.
package main
