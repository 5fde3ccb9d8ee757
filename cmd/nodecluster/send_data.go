package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/spf13/cobra"
)

// newSendDataCommand is PM2's sendDataToProcessId, which PM2 has for programs alone.
func newSendDataCommand() *cobra.Command {
	var f changeFlags
	command := &cobra.Command{
		Use: "sendData NAME TOPIC DATA", Aliases: []string{"sendDataToProcessId"},
		Short: "Send an application's workers a message of type process:msg with a topic and data",
		Long: `Send an application's workers the message {type: 'process:msg', topic, data, id}, as a program's pm2.sendDataToProcessId does. DATA is JSON;
id is the number of the instance. It is done when the message is on its way.`,
		Example:               "  nodecluster sendData api/0 settings '{\"level\":\"debug\"}'\n  nodecluster sendData api say '\"a text\"'",
		DisableFlagsInUseLine: true, ValidArgsFunction: completeName(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 3 {
				return errors.New(`say which application, a topic and data, as in sendData api/0 settings '{"level":"debug"}'`)
			}
			if args[1] == "" {
				return errors.New("the topic is empty: say in a word what the data are about")
			}
			if !json.Valid([]byte(args[2])) {
				return errors.New(`the data are no JSON: use such as '{"level":"debug"}', 5 or '"a text"'`)
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			apps, err := findApps(args[:1])
			if err != nil {
				return asFailure(err)
			}
			return f.changeAll(f.output(command.OutOrStdout()), apps, func(ctx context.Context, a *application) (outcome, error) {
				sent, err := a.client().SendData(ctx, control.Data{Topic: args[1], Data: json.RawMessage(args[2]), Instance: a.instance})
				return outcome{Done: "sent to " + workers(len(sent.Instances))}, err
			})
		},
	}
	f.addTo(command.Flags())
	return command
}
