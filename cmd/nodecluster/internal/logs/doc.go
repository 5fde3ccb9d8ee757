// Package logs keeps what the workers of an application print: it reads their pipes, writes one file in the order of what came, rotates it, and
// reads it again, from the end, across rotated files, and as it grows.
//
// # The file
//
// A line of the file is a line of a worker:
//
//	2026-11-29T13:30:01.123+01:00 0/17 out listening on 3000
//	2026-11-29T13:30:01.125+01:00 0/17 err Warning: no cache
//	2026-11-29T13:30:02.001+01:00 - log 12 lines lost: no space left on device
//
// that is the time at which it was read, the instance and the worker's id, the stream, and the text as it was printed, without its end. A line
// that goes on in the next line of the same worker and stream has a + after the stream. Such are lines of more than 512 KiB, which are cut, and
// those that have not ended a second after they were begun. The stream log is this package's own, and has no worker. As JSON a line is an object:
//
//	{"time":"2026-11-29T13:30:01.123+01:00","instance":0,"worker":17,"stream":"out","text":"listening on 3000"}
//
// with "partial":true for a +. Both may be in one file: each line says what it is. What is no such line, because something else wrote it, is a
// line all the same, of which only the text is known.
//
// # Order
//
// Lines of one stream of one worker are in the order in which they were printed, and none is between the parts of another. Between two streams,
// be they of one worker or of two, the order is that of reading, which is exact to 4 ms: what was printed earlier than that before another
// line stands before it. Only one pipe for both streams could be exact, and nobody could tell them apart then.
//
// # What is lost
//
// A worker that prints waits for nothing but that its pipe is read, and the reading waits for nothing: lines wait in memory, up to 4 MiB, for a
// file that is slow or full. What comes then is dropped and counted, and a line of the stream log says how many lines are missing, and why, at
// the place where they are missing. Half of a line is never left in the file.
//
// # What it costs
//
// Node writes to a pipe for each line. A reader that is woken for each of them spends all its time on that. So one thread reads the pipes of all
// workers: it sleeps for 4 ms after each round, in which nothing wakes it, while what workers print collects in pipes of 256 KiB. Lines are cut in
// the buffer that was read, copied once with what stands before them, and written with one call a round. No line is allocated.
package logs
