package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestOptionsThatMakeNoSense(t *testing.T) {
	const onlyBesideScale = "--scale takes only --rounds, --seconds, --clients, --kind and --node beside it"
	const onlyBesideBusy = "--busy takes only --rounds, --seconds, --kind, --only, --spin and --node beside it"
	const see = " (scripts/bench --help lists the flags)"
	for _, c := range []struct{ args, want string }{
		{"--nonsense", "unknown flag: --nonsense"},
		{"fast", `unknown argument "fast"`},
		{"--rounds 0", `invalid argument "0" for "--rounds" flag: use a number from 1 to 65536`},
		{"--seconds x", `invalid argument "x" for "--seconds" flag: use a number from 1 to 65536`},
		{"--clients 65537", `invalid argument "65537" for "--clients" flag: use a number from 1 to 65536`},
		{"--kind udp", `invalid argument "udp" for "--kind" flag: use one of [http net]`},
		{"--workers 0", `invalid argument "0" for "--workers" flag: use a number from 1 on, or several that rise, such as 1,2,4,8`},
		{"--workers 4,2", `invalid argument "4,2" for "--workers" flag: use a number from 1 on, or several that rise, such as 1,2,4,8`},
		{"--workers 1,,2", `invalid argument "1,,2" for "--workers" flag: use a number from 1 on, or several that rise, such as 1,2,4,8`},
		{"--only rr,fast", `invalid argument "rr,fast" for "--only" flag: no contender is named "fast": there are ` +
			`node, node-none, pm2, nginx, floor, rr, none, reuseport, sticky, least, exec-rr, exec-none, exec-reuseport, rr-no-batch, least-no-batch, reuseport-no-steal, rr-no-drain, reuseport-no-drain, sticky-key`},
		{"--rounds", "flag needs an argument: --rounds"},
		{"--scale --plot x", onlyBesideScale},
		{"--scale --addresses 2", onlyBesideScale},
		{"--busy --clients 2", onlyBesideBusy},
		{"--busy --addresses 2", onlyBesideBusy},
		{"--scale --busy", onlyBesideScale},
		{"--idle --rounds 2", "--idle takes only --seconds and --node beside it"},
		{"--fork --seconds 2", "--fork takes only --rounds and --node beside it"},
		{"--addresses 0", `invalid argument "0" for "--addresses" flag: use a number from 1 to 65536`},
		{"--scale --workers 2", onlyBesideScale},
		{"--scale --spin 2", onlyBesideScale},
		{"--spin 0", `invalid argument "0" for "--spin" flag: use a number from 1 to 65536`},
	} {
		if _, err := parseOptions(strings.Fields(c.args)); err == nil || err.Error() != c.want+see {
			t.Errorf("%s: %v, want %s", c.args, err, c.want+see)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(strings.Fields("--workers 1,2,8 --only rr,node --kind=net --rounds 5 --addresses 50 --plot p.svg"))
	if err != nil {
		t.Fatal(err)
	}
	want := options{
		node: "node", nodecluster: "nodecluster", goWorker: "worker", getPM2: "scripts/pm2", kind: "net",
		rounds: 5, seconds: 4, clients: 64, addresses: 50, workers: []int{1, 2, 8}, only: []string{"rr", "node"}, plot: "p.svg",
	}
	if !reflect.DeepEqual(*o, want) {
		t.Errorf("%+v, want %+v", *o, want)
	}
	rr, none, onDemand := contender{name: "rr"}, contender{name: "none"}, contender{name: "rr", onDemand: true}
	if !o.takes(rr) || o.takes(none) || !o.takes(onDemand) {
		t.Error("--only takes others than it names")
	}
	if all := new(options); !all.takes(none) || all.takes(onDemand) {
		t.Error("without --only, others are taken than all but those on demand")
	}
}
