package boot

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
)

// Socket is a descriptor that the service manager has opened for this process.
type Socket struct {
	// Name is what FileDescriptorName says, or else the name of the socket unit. It need not be there, and several may have the same.
	Name string
	FD   int
}

// held are the descriptors of the process, which would be closed with the last reference to them.
var held []*os.File

// Sockets returns the descriptors that systemd has opened for this process, in their order. They are the process's, stay open, and are not
// passed on. It is called once. The variables of systemd stay in the environment: a program that npm's systemd is in looks for LISTEN_FDS, and
// listens on descriptor 3.
func Sockets() (sockets []Socket) {
	files := activation.Files(false)
	held = append(held, files...)
	for _, f := range files {
		fd := int(f.Fd())
		name := f.Name()
		if name == "LISTEN_FD_"+strconv.Itoa(fd) || name == "unknown" { // what the module, and systemd, say of one without a name
			name = ""
		}
		sockets = append(sockets, Socket{name, fd})
	}
	return sockets
}

// variablePrefix begins the names of the variables by which workers know the descriptors.
const variablePrefix = "NODECLUSTER_FD_"

// Env are the variables that tell workers the numbers of the descriptors by their names, as "K=V", for a program that listens with
// server.listen({ fd: Number(process.env.NODECLUSTER_FD_HTTP) }). The name is in capitals, with _ for what is no letter or digit. Where several
// have one name, their numbers are in order and have commas between them.
func Env(sockets []Socket) (variables []string) {
	at := map[string]int{}
	for _, s := range sockets {
		if s.Name == "" {
			continue
		}
		name := variableName(s.Name)
		if i, ok := at[name]; ok {
			variables[i] += fmt.Sprintf(",%d", s.FD)
			continue
		}
		at[name] = len(variables)
		variables = append(variables, fmt.Sprintf("%s=%d", name, s.FD))
	}
	return variables
}

func variableName(name string) string {
	return variablePrefix + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}
