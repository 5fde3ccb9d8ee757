package stdio

import (
	"io"
	"os"
)

// Err is standard error.
var Err io.Writer = os.Stderr

// Out is standard output.
var Out io.Writer = os.Stdout
