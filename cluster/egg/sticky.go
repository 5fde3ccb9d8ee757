package egg

import (
	"errors"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

type sticky struct{}

func (s *sticky) close()                                         {}
func (s *sticky) awaitClosed(w *cluster.Worker, d time.Duration) {}
func (m *Master) openSticky(port int) (int, error)               { return 0, errors.New("not yet") }
