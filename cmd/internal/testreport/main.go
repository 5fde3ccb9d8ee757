// Command testreport reads what go test -json prints from standard input, and prints it as go test does without -v, with
// what each skipped test says and with the slowest tests at the end:
//
//	go test -json ./... | testreport
//
// Whether the tests have passed go test's own exit status says.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	all := flag.Bool("v", false, "print all that the tests print, as go test -v does")
	slowest := flag.Int("slowest", 10, "how many of the slowest tests to list")
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unknown argument %q: it reads standard input", flag.Arg(0)))
	}
	r := newReport(os.Stdout, *all)
	if err := r.read(os.Stdin); err != nil {
		fail(err)
	}
	if err := r.summarize(*slowest); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "testreport:", err)
	os.Exit(1)
}
