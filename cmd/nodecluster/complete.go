package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completionHelp says for each shell how its script is loaded.
const completionHelp = `Print a script that has SHELL complete commands, flags, and the names of applications with their instances.

  bash          source <(nodecluster completion bash)
                for all sessions, with the package bash-completion:
                nodecluster completion bash > ~/.local/share/bash-completion/completions/nodecluster
  zsh           nodecluster completion zsh > "${fpath[1]}/_nodecluster"
                and once in ~/.zshrc: autoload -U compinit; compinit
  fish          nodecluster completion fish > ~/.config/fish/completions/nodecluster.fish
  powershell    nodecluster completion powershell | Out-String | Invoke-Expression`

func newCompletionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a script by which a shell completes command lines", Long: completionHelp,
		Example: `  source <(nodecluster completion bash)
  nodecluster completion fish > ~/.config/fish/completions/nodecluster.fish`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(command *cobra.Command, args []string) error {
			root, out := command.Root(), command.OutOrStdout()
			switch args[0] {
			case "bash":
				return asFailure(root.GenBashCompletionV2(out, true))
			case "zsh":
				return asFailure(root.GenZshCompletion(out))
			case "fish":
				return asFailure(root.GenFishCompletion(out, true))
			}
			return asFailure(root.GenPowerShellCompletionWithDesc(out))
		},
	}
}

// completeFlags has the values of flags be completed that are one of a few words, as rr|none.
func completeFlags(command *cobra.Command) {
	command.Flags().VisitAll(func(f *pflag.Flag) {
		if words := strings.Split(f.Value.Type(), "|"); len(words) > 1 && strings.ToLower(f.Value.Type()) == f.Value.Type() {
			command.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	})
	for _, sub := range command.Commands() {
		completeFlags(sub)
	}
}

// completeNames gives a shell what a command takes that is about any number of applications: their names, their namespaces and all, and behind
// a name with a slash its instances.
func completeNames(_ *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	names, err := namesFor(begun)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(given, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeName is completeNames for a command about one application, with the words that may follow.
func completeName(then ...string) cobra.CompletionFunc {
	return func(command *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch len(given) {
		case 0:
			return completeNames(command, nil, begun)
		case 1:
			return then, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeSignal completes a signal, and applications behind it.
func completeSignal(command *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(given) == 0 {
		return []string{"HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "STOP", "CONT"}, cobra.ShellCompDirectiveNoFileComp
	}
	return completeNames(command, given[1:], begun)
}

// completeStart completes what start takes and what takes files: applications, or else files.
func completeStart(command *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	names, _ := completeNames(command, given, begun)
	return names, cobra.ShellCompDirectiveDefault
}

// namesFor are the names that may be meant by what is begun.
func namesFor(begun string) (names []string, err error) {
	all, err := allApps()
	if err != nil {
		return nil, err
	}
	if name, _, isInstance := strings.Cut(begun, "/"); isInstance {
		names = instancesOf(all, name)
	} else {
		names = namesOf(all)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, begun) }), nil
}

// namesOf are the words that mean one or several applications.
func namesOf(all []*application) []string {
	names := []string{"all"}
	for _, a := range all {
		names = append(names, a.Name())
		if namespace := namespaceOf(a); !slices.Contains(names, namespace) {
			names = append(names, namespace)
		}
	}
	return names
}

// completionPatience is how long a supervisor may take to say which instances there are.
const completionPatience = 5 * time.Second

// instancesOf are the instances of an application that runs, as NAME/0.
func instancesOf(all []*application, name string) (instances []string) {
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	for _, a := range all {
		if a.Name() != name {
			continue
		}
		for _, w := range a.status(ctx).Workers {
			if instance := name + "/" + w.Place(); w.Role == "" && !slices.Contains(instances, instance) {
				instances = append(instances, instance)
			}
		}
	}
	return instances
}
