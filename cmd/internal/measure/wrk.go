package measure

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// Load is what clients came to.
type Load struct {
	Requests  int
	PerSecond float64
	Errors    string // what went wrong, empty if nothing did
}

// FindWrk says, where there is no wrk, how to have it.
func FindWrk() error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("no wrk, which makes the load: install it (the package wrk of Debian, Ubuntu, Fedora, Alpine and Homebrew)")
	}
	return nil
}

// WrkScript is a program in Lua that says what wrk does, none if there is no path.
type WrkScript struct {
	Path      string
	Arguments []string
}

// Wrk has wrk make requests, each on a connection of its own.
func Wrk(ctx context.Context, address string, seconds, clients int, script WrkScript) (Load, error) {
	arguments := []string{"-t1", fmt.Sprintf("-c%d", clients), fmt.Sprintf("-d%ds", seconds), "-H", "Connection: close"}
	if script.Path != "" {
		arguments = append(arguments, "-s", script.Path)
	}
	arguments = append(append(arguments, "http://"+address+"/", "--"), script.Arguments...)
	out, err := exec.CommandContext(ctx, "wrk", arguments...).CombinedOutput()
	if err != nil {
		return Load{}, fmt.Errorf("wrk, which makes the load: %w: %s", err, telling(string(out)))
	}
	return parseWrk(string(out))
}

var (
	wrkRequests  = regexp.MustCompile(`(?m)^ *(\d+) requests in `)
	wrkPerSecond = regexp.MustCompile(`(?m)^Requests/sec: +([0-9.]+)$`)
	wrkErrors    = regexp.MustCompile(`(?m)^ *(Socket errors: .*|Non-2xx or 3xx responses: .*)$`)
)

// parseWrk reads what wrk prints.
func parseWrk(out string) (l Load, err error) {
	requests, perSecond := wrkRequests.FindStringSubmatch(out), wrkPerSecond.FindStringSubmatch(out)
	if requests == nil || perSecond == nil {
		return l, fmt.Errorf("wrk did not say how many requests it made: %q", out)
	}
	if l.Requests, err = strconv.Atoi(requests[1]); err != nil {
		return l, err
	}
	if l.PerSecond, err = strconv.ParseFloat(perSecond[1], 64); err != nil {
		return l, err
	}
	l.Errors = joinErrors(wrkErrors.FindAllStringSubmatch(out, -1))
	return l, nil
}

func joinErrors(found [][]string) string {
	var all []string
	for _, f := range found {
		all = append(all, f[1])
	}
	return strings.Join(all, "; ")
}
