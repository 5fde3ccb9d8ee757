//go:build unix

package probe

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }
