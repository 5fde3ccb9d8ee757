//go:build unix && (!linux || portable)

package adopt

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/nodecluster/nodecluster/cluster"
)

// likeness leaves to the JavaScript primary what this process cannot open as the primary would.
type likeness struct{}

func newLikeness(int) *likeness { return &likeness{} }

// lowestOpenPort is the first port that a user without privileges may listen on: nothing tells here whether the primary has given its own up.
const lowestOpenPort = 1024

func (*likeness) assume(at cluster.Address) error {
	if at.Network() == "unix" && !filepath.IsAbs(at.Address) || at.Port > 0 && at.Port < lowestOpenPort {
		return errors.New("only the primary itself can open it")
	}
	return nil
}

// listenFD has the primary serve its own descriptors.
func (*likeness) listenFD(int) (*os.File, error) { return nil, errors.ErrUnsupported }
