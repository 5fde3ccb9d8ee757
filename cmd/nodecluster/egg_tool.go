package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/adopt"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
	"github.com/spf13/cobra"
)

//go:embed egg_tool.cjs
var eggTool []byte

const eggToolHelp = `Run a tool of Egg's that starts a master and has no flag for the program to do so, such as egg-bin dev, with this program as the master.

TOOL is found in PATH, and in node_modules/.bin of the working directory. This process becomes the tool. Node loads a script in it, by
NODE_OPTIONS, that has child_process.fork run a script named start-cluster with this program. The master and its workers do not have it.

egg-scripts needs no such thing: it has --node.`

const eggToolExample = `  nodecluster egg-tool egg-bin dev --port 7001`

func newEggToolCommand() *cobra.Command {
	command := &cobra.Command{
		Use:                   "egg-tool TOOL [ARGS...]",
		Short:                 "Run egg-bin dev with this program as its master",
		Long:                  eggToolHelp,
		Example:               eggToolExample,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no TOOL to run, such as egg-bin")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runEggTool(args) },
	}
	command.Flags().SetInterspersed(false)
	return command
}

// runEggTool does not return but with an error.
func runEggTool(args []string) error {
	tool := args[0]
	if local := filepath.Join("node_modules", ".bin", tool); !strings.ContainsRune(tool, filepath.Separator) && isExecutable(local) {
		tool = local
	}
	path, err := exec.LookPath(tool)
	if err != nil {
		return startFailure(args[0], err)
	}
	option, err := eggToolOption()
	if err != nil {
		return statusError{statusFailed, fmt.Errorf("egg-tool: %w", err)}
	}
	return startFailure(args[0], syscall.Exec(path, args, interpose.AddNodeOption(syscall.Environ(), option)))
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// eggToolOption writes the script, and returns the option that has Node load it. The script is told of the program alone, since the option names
// the script.
func eggToolOption() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	settings, err := json.Marshal(map[string]string{"program": program})
	if err != nil {
		return "", err
	}
	script := fmt.Appendf(nil, "%s\nrun(%s);\n", eggTool, settings)
	folder, err := adopt.Keep("egg-tool", map[string][]byte{"egg-tool.cjs": script})
	if err != nil {
		return "", err
	}
	return interpose.Require(filepath.Join(folder, "egg-tool.cjs")), nil
}
