// Package home is what nodecluster keeps on disk for a user: a record of each application, the lock and the socket of its supervisor, and
// its logs.
//
//	apps/NAME/app.json        the record: what is wanted of the application
//	apps/NAME/lock            locked while a supervisor runs it; it has the supervisor's pid
//	apps/NAME/control.sock    where the supervisor listens
//	apps/NAME/supervisor.log  what a supervisor without a terminal says
//	apps/NAME/logs/NAME.log   what the workers print
//
// The folders are the user's alone, 0700, and the files 0600, whatever the umask: a record has the environment of the application.
package home
