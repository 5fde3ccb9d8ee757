package boot

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Socket is a descriptor that the service manager has opened for this process.
type Socket struct {
	// Name is what FileDescriptorName says, or else the name of the socket unit. It need not be there, and several may have the same.
	Name string
	FD   int
}

// firstFD is the number of the first descriptor, and the others follow it.
const firstFD = 3

// maxSockets is more than a service has.
const maxSockets = 1024

// Sockets returns the descriptors that systemd has opened for this process, in their order. They are the process's, and stay open. Nothing keeps
// them from the children of the process. The variables of systemd stay in the environment: a program that npm's systemd is in looks for
// LISTEN_FDS, and listens on descriptor 3.
//
// It makes no [os.File] of them, as the module's functions do: Go would then wake up for each connection that comes to them.
func Sockets() (sockets []Socket) {
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	if err != nil || pid != os.Getpid() {
		return nil
	}
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || count < 0 || count > maxSockets {
		return nil
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range count {
		s := Socket{FD: firstFD + i}
		if i < len(names) && names[i] != "unknown" { // what systemd says of one without a name
			s.Name = names[i]
		}
		sockets = append(sockets, s)
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
