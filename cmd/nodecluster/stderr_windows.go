package main

import (
	"io"
	"os"
)

// stderr is standard error.
var stderr io.Writer = os.Stderr
