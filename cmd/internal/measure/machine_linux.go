package measure

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is where something is measured.
type Machine struct {
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Node   string `json:"node"` // its version
}

// ThisMachine describes this one, with a program of Node. There must be one: the error says how to have it.
func ThisMachine(ctx context.Context, node string) (Machine, error) {
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return Machine{}, fmt.Errorf("no node: %w: install Node.js, or name its program with --node", err)
	}
	m := Machine{CPUs: runtime.NumCPU(), Node: strings.TrimSpace(string(version))}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	return m, nil
}

func (m Machine) String() string {
	return fmt.Sprintf("%d CPUs, %s, Node %s", m.CPUs, m.Kernel, strings.TrimPrefix(m.Node, "v"))
}
