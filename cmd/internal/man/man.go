// Package man writes the man pages of a program from the help of its commands. No program but the generator has it.
package man

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// Write writes a page for each command into a folder, as of a date. The commands cannot be used after that.
func Write(root *cobra.Command, folder string, date time.Time) error {
	prepare(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: root.Name(), Manual: root.Name(), Date: &date}, folder)
}

// prepare writes the help of a command and of those below it as Markdown, which the pages are made of.
func prepare(command *cobra.Command) {
	command.DisableAutoGenTag = true
	command.Short, command.Long = escaper.Replace(command.Short), markdown(command.Long)
	command.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = escaper.Replace(strings.ReplaceAll(f.Usage, "\n", " ")) })
	for _, sub := range command.Commands() {
		prepare(sub)
	}
}

var escaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, "`", "\\`", `<`, `\<`, `[`, `\[`)

// markdown is a text in which lines that begin with blanks stay as they are.
func markdown(text string) string {
	var b strings.Builder
	inTable := false
	for line := range strings.Lines(text) {
		isTable := strings.HasPrefix(line, "  ")
		if isTable != inTable && strings.TrimSpace(line) != "" {
			b.WriteByte('\n')
			inTable = isTable
		}
		if isTable {
			b.WriteString("    " + line)
		} else {
			b.WriteString(escaper.Replace(line))
		}
	}
	return b.String()
}
