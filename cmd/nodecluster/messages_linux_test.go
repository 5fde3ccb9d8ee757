package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Messages that nothing takes: the first of each kind is shown, the others are counted.
func TestMessagesThatNobodyTakes(t *testing.T) {
	script := nodetest.Script(t, "library.js", `
		process.send({ type: 'own:monitor', data: { 'Loop delay': { value: '0.4' } } });
		process.send({ topic: 'other:message', data: 'line\n\u001b[31mred' });
		process.send({ b: 1, a: [2] });
		process.send('ready');
		process.send(7);
		process.send([true]);
		for (let i = 1; i < 20_000; i++) process.send({ type: 'own:monitor', data: i });
		process.send('last', () => process.exit());`)
	for serialization, array := range map[string]string{"json": "array", "advanced": "Array"} {
		t.Run(serialization, func(t *testing.T) {
			p := launch(t, nil, "-i", "1", "--serialization", serialization, script)
			p.expectStatus(0)
			var got []string
			for _, e := range p.events("message") {
				got = append(got, fmt.Sprintf("%s|%s|%d", e.Kind, e.Message, e.Further))
			}
			number := map[string]string{"json": "number", "advanced": "int32"}[serialization]
			want := []string{
				`type: 'own:monitor'|{type: 'own:monitor', data: {'Loop delay': {value: '0.4'}}}|0`,
				`topic: 'other:message'|{topic: 'other:message', data: 'line\n\x1b[31mred'}|0`,
				`{a, b}|{b: 1, a: [2]}|0`,
				`string|'ready'|0`, number + `|7|0`, array + `|[true]|0`,
				`||20000`,
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("told were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// However many kinds there are, few are shown, and of a long message little.
func TestMessagesOfManyKinds(t *testing.T) {
	const maxKinds = 16
	script := nodetest.Script(t, "kinds.js", `
		process.send({ type: 'x'.repeat(1e6) });
		for (let i = 1; i < 100; i++) process.send({ ['k' + 'y'.repeat(1000) + i]: 1, type: 'z' + i });
		process.send('last', () => process.exit());`)
	p := launch(t, nil, "-i", "1", "--log-format", "text", script)
	p.expectStatus(0)
	text := p.stderr.String()
	if n := strings.Count(text, "sent a message: "); n != maxKinds {
		t.Errorf("%d messages are shown, want %d", n, maxKinds)
	}
	if want := fmt.Sprintf("sent %d further messages\n", 101-maxKinds); !strings.Contains(text, want) {
		t.Errorf("the log does not say %q", want)
	}
	for line := range strings.Lines(text) {
		if len(line) > 400 {
			t.Errorf("a line has %d bytes: %.500s", len(line), line)
		}
	}
}
