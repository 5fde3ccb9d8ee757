package main

import "github.com/spf13/cobra"

// group is the commands of one purpose, in the order of daily use.
type group struct {
	title    string
	commands []*cobra.Command
}

func groups() []group {
	return []group{
		{"Applications", []*cobra.Command{
			newStartCommand(), newStopCommand(), newRestartCommand(), newReloadCommand(), newScaleCommand(), newDeleteCommand(), newRunCommand(),
			newExecCommand(), newEggCommand(), newEggToolCommand(), newDrainCommand(), newSignalCommand(), newTriggerCommand(), newSendDataCommand(),
			newKillCommand(),
		}},
		{"Looking", []*cobra.Command{
			newListCommand(), newDescribeCommand(), newLogsCommand(), newTopCommand(), newWebCommand(), newEventsCommand(), newMessagesCommand(), newPingCommand(),
			newPidCommand(), newIDCommand(), newJlistCommand(), newEnvCommand(), newTraceCommand(), newFlushCommand(), newReloadLogsCommand(),
			newResetCommand(),
		}},
		{"Configuration", []*cobra.Command{newInitCommand(), newCheckCommand(), newMigrateCommand()}},
		{"System", []*cobra.Command{
			newStartupCommand(), newUnstartupCommand(), newResurrectCommand(), newSaveCommand(), newClearDumpCommand(), newCompletionCommand(), newVersionCommand(),
		}},
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "nodecluster",
		Short: "Run Node scripts as pools of cluster workers, and keep them running",
		Example: `  PORT=3000 nodecluster start server.js -i 4 --name api
  nodecluster ls
  nodecluster reload api
  PORT=3000 nodecluster run -i 2 server.js`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
	}
	cobra.EnableCommandSorting = false
	for _, g := range groups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, command := range g.commands {
			command.GroupID = g.title
			root.AddCommand(command)
		}
	}
	root.SetHelpCommandGroupID("System")
	root.AddCommand(newTraceExecCommand(), newTraceExitCommand(), newAdoptEngineCommand(), newAdoptExecCommand())
	completeFlags(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	return root
}
