package options

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEnvFilter(t *testing.T) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		t.Setenv(name, "") // so that it is put back
		os.Unsetenv(name)
	}
	t.Setenv("AWS_KEY", "1")
	t.Setenv("PATH", "/bin")
	t.Setenv("KEY", "2")
	for _, c := range []struct{ filter, want []string }{
		{nil, nil}, {[]string{"*"}, []string{}}, {[]string{"KEY"}, []string{"AWS_KEY=1", "PATH=/bin"}},
		{[]string{"*KEY*"}, []string{"PATH=/bin"}}, {[]string{"AWS_*", "PATH"}, []string{"KEY=2"}},
	} {
		var f envFilter
		for _, pattern := range c.filter {
			if err := f.add(pattern); err != nil {
				t.Error(err)
			}
		}
		got := f.environ()
		slices.Sort(got)
		if !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%v leaves %q, want %q", c.filter, got, c.want)
		}
	}
	for _, pattern := range []string{"", "A=B", "[a"} {
		if new(envFilter).add(pattern) == nil {
			t.Errorf("%q is taken for a name", pattern)
		}
	}
}
