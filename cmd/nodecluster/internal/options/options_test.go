package options

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// A start is waited for as long as the workers may take.
func TestStartTimeout(t *testing.T) {
	for _, c := range []struct {
		args []string
		want time.Duration
	}{
		{nil, 30 * time.Second},
		{[]string{"--listen-timeout", "5s"}, 30 * time.Second},
		{[]string{"--listen-timeout", "3m"}, 3 * time.Minute},
		{[]string{"--startup", "/up"}, 90 * time.Second},
		{[]string{"--wait-ready"}, 35 * time.Second},
		{[]string{"--listen-timeout", "1m", "--startup", "tcp", "--startup-timeout", "10m"}, 11 * time.Minute},
	} {
		var o Options
		flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
		o.AddTo(flags)
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		if got := o.StartTimeout(); got != c.want {
			t.Errorf("%q: %v, want %v", c.args, got, c.want)
		}
	}
}
