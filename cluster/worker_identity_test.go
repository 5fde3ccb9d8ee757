//go:build linux

package cluster_test

import (
	"context"
	"net/http"
	"os"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

// identityProgram is an HTTP server that says who it is, as the sample programs do.
const identityProgram = "identity"

func init() { clustertest.Programs[identityProgram] = runIdentity }

func runIdentity() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	return self.Serve(context.Background(), &http.Server{Handler: identityHandler(self)}, "tcp", ":"+os.Getenv("PORT"))
}
