package stdio

import (
	"io"
	"os"
)

// Err is standard error.
var Err io.Writer = os.Stderr
