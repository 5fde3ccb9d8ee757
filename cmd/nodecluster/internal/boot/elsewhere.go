package boot

import (
	"fmt"
	"runtime"
	"strings"
)

// Elsewhere says what to do where there is no systemd, for each application. Program is the path of nodecluster, and home that of its folder.
func Elsewhere(program, home string, apps []string) string {
	var b strings.Builder
	if len(apps) == 0 {
		apps = []string{"NAME"}
	}
	switch runtime.GOOS {
	case "darwin":
		b.WriteString("launchd: for each application a file ~/Library/LaunchAgents/nodecluster.NAME.plist with RunAtLoad, KeepAlive and ProgramArguments:\n")
	default:
		b.WriteString("Have the system's own supervisor (OpenRC, runit, s6, a container) run for each application, in the foreground:\n")
	}
	for _, app := range apps {
		fmt.Fprintf(&b, "  NODECLUSTER_HOME=%s %s run --name %s\n", home, program, app)
	}
	b.WriteString("SIGTERM ends it in order, and status 0 says that it is not to be started again.\nWithout a supervisor, a line for crontab -e:\n")
	for _, app := range apps {
		fmt.Fprintf(&b, "  @reboot NODECLUSTER_HOME=%s %s start %s\n", home, program, app)
	}
	return b.String()
}
