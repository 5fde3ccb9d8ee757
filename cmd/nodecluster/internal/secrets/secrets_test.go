package secrets

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMask(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"PORT", "3000", "3000"},
		{"KEYBOARD", "us", "us"},
		{"PWD", "/srv", "/srv"},
		{"OLDPWD", "/srv", "/srv"},
		{"DB_PWD", "x", Masked},
		{"db_password", "x", Masked},
		{"GITHUB_TOKEN", "x", Masked},
		{"STRIPE-KEY", "x", Masked},
		{"apiKey", "x", Masked},
		{"EMPTY_SECRET", "", ""},
		{"REDIS", "redis://:x@host:1/0", "redis://:" + Masked + "@host:1/0"},
		{"URL", "https://me:x@y@host/a:b@c", "https://me:" + Masked + "@host/a:b@c"},
		{"URL", "https://host/a:b@c", "https://host/a:b@c"},
	} {
		if got := Mask(test.name, test.value); got != test.want {
			t.Errorf("%s=%s: %q, want %q", test.name, test.value, got, test.want)
		}
	}
	words := MaskArguments([]string{"--token", "x", "--secret=y", "--key", "--port", "80", "a=b", "amqp://me:z@q"})
	want := []string{"--token", Masked, "--secret=" + Masked, "--key", "--port", "80", "a=b", "amqp://me:" + Masked + "@q"}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}
