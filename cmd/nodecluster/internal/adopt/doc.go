// Package adopt is how a JavaScript primary gets this engine. Node's own cluster module stays in the primary, and forks, and says what
// happens to its workers. A preload, below child_process, has each worker started by way of this program (package interpose), which hands
// the worker's channel to the engine (cluster's Primary.Adopt) and then becomes the worker.
//
//	primary, JavaScript          engine, this program         worker
//	   preload.cjs   ── starts ──▶  Run
//	                 ── starts ────────────────────────────▶  Become
//	                                  ◀── two descriptors ──
//	   node:cluster  ◀── messages ──▶ ◀── messages ──▶        node:cluster
//
// The engine is started at the first fork of a worker, in a session of its own, and ends with the primary: its standard input is one end of
// a socket pair, of which the primary has the other. That is also what a worker-to-be writes to, so that there is nothing in the file
// system, and nobody else can reach it.
package adopt

// The hidden commands of this program.
const (
	// EngineCommand is started by the preload. Its argument is the scheduling policy.
	EngineCommand = "adopt-engine"
	// WorkerCommand is started in the place of a worker. Its arguments are the descriptor of the engine, "strict" or "", the
	// major version of Node or 0, the user and the group to become or "", the worker's program, and its own arguments from argv[0] on.
	WorkerCommand = "adopt-exec"
)

// report is what a process that is going to be a worker says to the engine, beside three descriptors: the channel that the worker was to
// have, the engine's end of the one that it gets, and where the engine writes a byte once it has taken both.
type report struct {
	PID           int    `json:"pid"`
	Serialization string `json:"serialization"`
	NodeVersion   int    `json:"nodeVersion"` // the major version of both processes, 0 if they are not the same program
}

// reportedFiles is how many descriptors come with a report.
const reportedFiles = 3
