//go:build unix

package cluster_test

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// listened is what came of a listenCase.
type listened struct {
	Name    string
	Answers []clustertest.Answer
	Events  []clustertest.Occurrence
	// Reachable are the endpoints where a worker answers.
	Reachable []string
}

func listenEverywhere(t *testing.T, d clustertest.Driver, p clustertest.Place) any {
	var all []listened
	workers := []int{1, 2}
	for _, c := range clustertest.ListenCases(p) {
		before := len(d.Book().All())
		result := listened{Name: c.Name}
		for _, w := range workers {
			a := clustertest.AskAgent(t, d, w, clustertest.Command{"do": "listen", "options": c.Options})
			result.Answers = append(result.Answers, a)
			if a.Error != nil {
				continue
			}
			result.Events = append(result.Events, d.Book().Await(t, "listening", func(o clustertest.Occurrence) bool {
				return o.Event == "listening" && o.Worker == w && !contains(d.Book().All()[:before], o)
			}))
		}
		result.Reachable = c.Reachable(t, workers)
		for _, w := range workers {
			clustertest.AskAgent(t, d, w, clustertest.Command{"do": "close"})
		}
		all = append(all, result)
	}
	return all
}

func contains(list []clustertest.Occurrence, o clustertest.Occurrence) bool {
	for _, have := range list {
		if have.Address == o.Address && have.Event == o.Event {
			return true
		}
	}
	return false
}
