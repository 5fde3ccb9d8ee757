//go:build unix

package routes_test

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }
