//go:build unix

package clustertest

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

// IdentityProgram is an HTTP server that says who it is, as the sample programs do.
const IdentityProgram = "identity"

func init() { Programs[IdentityProgram] = runIdentity }

func runIdentity() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	return self.Serve(context.Background(), &http.Server{Handler: IdentityHandler(self)}, "tcp", ":"+os.Getenv("PORT"))
}

func IdentityHandler(self *worker.Process) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(RealIdentity{Pid: os.Getpid(), Worker: self.ID()})
	})
}
