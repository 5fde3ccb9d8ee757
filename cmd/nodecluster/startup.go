package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/spf13/cobra"
)

const startupHelp = `Have applications start with the machine: those that are started now, and all that are started later, until they are
stopped or deleted. Nothing has to be saved.

It writes a unit of systemd, nodecluster@.service: root's is one of the system, and a user's one of the user's own service
manager, which then runs without a login too. Each application is an instance of it, such as nodecluster@api. From then on
start has systemd start the supervisor, which systemd starts again should it ever die. What runs already goes on as it is.

Where no systemd runs, it prints what to do instead, and ends with status 1.`

// startupFlags are the flags of startup and unstartup.
type startupFlags struct{ user, dryRun bool }

func (f *startupFlags) addTo(command *cobra.Command) {
	command.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be done, and do nothing")
}

func newStartupCommand() *cobra.Command {
	var f startupFlags
	command := &cobra.Command{
		Use: "startup [flags] [systemd]", Short: "Have applications start with the machine", Long: startupHelp, DisableFlagsInUseLine: true,
		Example: `  nodecluster startup
  nodecluster startup --dry-run
  nodecluster startup systemd      do not look whether systemd runs`,
		Args: cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"systemd"},
		RunE: func(command *cobra.Command, args []string) error {
			return f.startup(command.Context(), command.OutOrStdout(), len(args) > 0)
		},
	}
	command.Flags().BoolVar(&f.user, "user", false, "for root too, a unit of the user's own service manager")
	f.addTo(command)
	return command
}

func newUnstartupCommand() *cobra.Command {
	var f startupFlags
	command := &cobra.Command{
		Use: "unstartup [flags]", Short: "Have no application start with the machine any more; what runs goes on", DisableFlagsInUseLine: true,
		Example: `  nodecluster unstartup
  nodecluster unstartup --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return f.unstartup(command.Context(), command.OutOrStdout())
		},
	}
	f.addTo(command)
	return command
}

// startup has applications start with the machine. isSystemd says that systemd runs, without a look.
func (f *startupFlags) startup(ctx context.Context, out io.Writer, isSystemd bool) error {
	h, err := home.Open()
	if err != nil {
		return asFailure(err)
	}
	apps, err := wantedApps()
	if err != nil {
		return asFailure(err)
	}
	program, err := os.Executable()
	if err != nil {
		return asFailure(err)
	}
	if _, err := boot.FindManager(); err != nil && !isSystemd {
		fmt.Fprint(out, boot.Elsewhere(program, h.Folder(), apps))
		return statusError{statusFailed, fmt.Errorf("%w: nothing is done; it is said above what to do", err)}
	}
	plan, err := f.startupPlan(boot.Unit{Program: program, Home: h.Folder(), Path: os.Getenv("PATH"), Manager: f.manager()}, apps)
	if err != nil {
		return asFailure(err)
	}
	done := "it starts with the machine"
	if len(apps) == 0 {
		done = "what is started from now on starts with the machine"
	}
	return f.carryOut(ctx, out, plan, apps, done)
}

// startupPlan is what startup does.
func (f *startupFlags) startupPlan(unit boot.Unit, apps []string) (boot.Plan, error) {
	if strings.ContainsAny(unit.Program, "\"'\\\n") {
		return boot.Plan{}, fmt.Errorf("systemd starts no program with quotes or backslashes in its path %q: move it", unit.Program)
	}
	if err := unit.Manager.Check(unit.Home); err != nil {
		return boot.Plan{}, err
	}
	who, err := user.Current()
	if err != nil {
		return boot.Plan{}, fmt.Errorf("who you are: %w", err)
	}
	return unit.Startup(who.Username, apps)
}

// unstartup has no application start with the machine any more.
func (f *startupFlags) unstartup(ctx context.Context, out io.Writer) error {
	h, err := home.Open()
	if err != nil {
		return asFailure(err)
	}
	manager, ok := boot.Installed(h.Folder())
	if !ok {
		fmt.Fprintln(out, "nothing to do: startup was not used for", h.Folder())
		return nil
	}
	plan, err := manager.Unstartup()
	if err != nil {
		return asFailure(err)
	}
	return f.carryOut(ctx, out, plan, nil, "no application starts with the machine any more")
}

// manager is the service manager that has the unit.
func (f *startupFlags) manager() boot.Manager {
	if f.user || os.Geteuid() != 0 {
		return boot.UserManager
	}
	return boot.SystemManager
}

// carryOut does what is planned, or shows it, and says of each application, or without one, what is done.
func (f *startupFlags) carryOut(ctx context.Context, out io.Writer, plan boot.Plan, apps []string, done string) error {
	if f.dryRun {
		fmt.Fprint(out, plan)
		return nil
	}
	if err := plan.Apply(ctx); err != nil {
		return asFailure(err)
	}
	if len(apps) == 0 {
		fmt.Fprintln(out, done)
	}
	for _, name := range apps {
		fmt.Fprintf(out, "%s: %s\n", name, done)
	}
	return nil
}

// wantedApps are the names of the applications that were started and not stopped, but for those that do not start by themselves.
func wantedApps() (names []string, err error) {
	all, err := allApps()
	for _, a := range all {
		if a.record.Wanted == home.Running && !a.record.Foreground && a.startsByItself() {
			names = append(names, a.Name())
		}
	}
	return names, err
}

// bootManager is the service manager that starts applications, if startup was used.
func bootManager() (m boot.Manager, ok bool) {
	h, err := home.Open()
	if err != nil {
		return "", false
	}
	return boot.Installed(h.Folder())
}
