package adopt

import (
	"errors"
	"os"

	"github.com/nodecluster/nodecluster/cluster"
)

// Run is not for Windows.
func Run(*os.File, cluster.SchedulingPolicy, func(string)) error { return errors.ErrUnsupported }

// Become is not for Windows.
func Become([]string) error { return errors.ErrUnsupported }
