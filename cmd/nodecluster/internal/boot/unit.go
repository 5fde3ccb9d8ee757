package boot

import (
	"fmt"
	"strings"
)

// Unit is the unit of systemd for all applications of a user: a template, of which nodecluster@NAME.service is the application NAME.
type Unit struct {
	// Program is the path of nodecluster. Systemd takes none with quotes or backslashes in it.
	Program string
	// Home is the folder that has the applications, as NODECLUSTER_HOME says.
	Home string
	// Path is the PATH, in which node is found.
	Path string
	// Manager is whose unit it is.
	Manager Manager
}

// UnitName is the name of the template's file.
const UnitName = "nodecluster@.service"

// InstanceName is the name of an application's unit. Names of applications need no escapes.
func InstanceName(app string) string { return "nodecluster@" + app + ".service" }

const unitText = `# Written by nodecluster startup. Change it with: %[6]s edit %[7]s
[Unit]
Description=Node application %%i
Documentation=https://github.com/nodecluster/nodecluster
%[4]s# An application that fails is tried again for as long as it is wanted.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=%[1]s run --name %%i
# It waits for the end of the reload, and fails if that fails. The old workers go on then.
ExecReload=%[1]s reload %%i
%[2]s
Environment=%[3]s
# Status 0 is an application that was stopped or has done its work, 2 a command line that makes no sense, 4 an application that is not there.
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2 4
# How long it may take until the first worker listens, and how long a reload may take.
TimeoutStartSec=5min
# SIGTERM is for the supervisor alone, which has the workers answer what they have. What is left at the end is killed.
KillMode=mixed
TimeoutStopSec=90
WatchdogSec=30
# A worker for which there is no memory has a successor. The others go on.
OOMPolicy=continue

[Install]
WantedBy=%[5]s
`

// Text is what the unit's file has.
func (u Unit) Text() string {
	target, after := "multi-user.target", "Wants=network-online.target\nAfter=network-online.target\n"
	if u.Manager == UserManager {
		target, after = "default.target", ""
	}
	return fmt.Sprintf(unitText, quote(u.Program), homeLine(u.Home), quote("PATH="+u.Path), after, target,
		strings.Join(u.Manager.systemctl(), " "), UnitName)
}

// quote writes a word as units have it. A % would begin a specifier.
func quote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, "\n", `\n`).Replace(word) + `"`
}
