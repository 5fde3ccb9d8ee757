package relay_test

import (
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"golang.org/x/sys/unix"
)

// printer is an observer.
type printer struct{}

func (printer) HandleFrame(f *relay.Frame) { fmt.Printf("%s: %s %s\n", f.Direction, f.Kind, f.Payload) }
func (printer) HandleEnd(relay.End)        {}

func Example() {
	ours, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	theirs, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	program := exec.Command("node", "-e", `process.once('message', (m) => { process.send({ got: m }); process.disconnect(); })`)
	program.Env = append(os.Environ(), "NODE_CHANNEL_FD=3")
	end := os.NewFile(uintptr(theirs[1]), "the child's end")
	program.ExtraFiles = []*os.File{end}
	if err := program.Start(); err != nil {
		log.Fatal(err)
	}
	end.Close()
	if _, err := unix.Write(ours[0], []byte("\"hello\"\n")); err != nil { // or make a nodeipc.Channel of ours[0]
		log.Fatal(err)
	}
	parent, child := ours[1], theirs[0]
	r, err := relay.Start(parent, child, relay.Options{Observer: printer{}})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	<-r.Done()
	if err := program.Wait(); err != nil {
		log.Fatal(err)
	}
	unix.Close(ours[0])
	// Output:
	// to child: message "hello"
	// from child: message {"got":"hello"}
}
