//go:build unix

package egg_test

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/egg"
)

// run runs the application in a folder on a port, until the program gets SIGTERM.
func run(folder string, port int) error {
	text := fmt.Sprintf(`{"workers":2,"port":%d}`, port)
	options, err := egg.ParseOptions([]byte(text), egg.OptionsFrom{Dir: folder})
	if err != nil {
		return err
	}
	master, err := egg.New(options, egg.Settings{})
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(ctx, func() { master.Stop("SIGTERM") })
	return master.Run(context.Background())
}
