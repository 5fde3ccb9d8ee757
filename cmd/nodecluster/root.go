package main

import "github.com/spf13/cobra"

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "nodecluster",
		Short: "Run Node scripts as pools of cluster workers, and trace the messages of Node programs",
		Example: `  PORT=3000 nodecluster run --instances 2 server.js
  nodecluster run --log-format json --node-args "--max-old-space-size=512" app/ --verbose
  nodecluster trace --summary -- node app.js`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(newRunCommand(), newStartCommand(), newStopCommand(), newRestartCommand(), newReloadCommand(), newScaleCommand(),
		newDeleteCommand(), newResetCommand(), newFlushCommand(), newDrainCommand(), newSignalCommand(), newKillCommand(),
		newListCommand(), newTopCommand(), newSaveCommand(), newResurrectCommand(), newPidCommand(), newIDCommand(), newPingCommand(), newEventsCommand(), newEnvCommand(),
		newStartupCommand(), newUnstartupCommand(),
		newTraceCommand(), newTraceExecCommand(), newTraceExitCommand(), newVersionCommand())
	return root
}
