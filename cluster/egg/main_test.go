//go:build unix

package egg

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }
