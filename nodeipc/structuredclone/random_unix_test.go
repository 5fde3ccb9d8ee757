//go:build unix

package structuredclone_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// With each of six Nodes this many values go each way: 100,800 in all.
const (
	batches   = 84
	batchSize = 100
)

func TestNodeReadsWhatGoMade(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		p := newPeer(t, node)
		for batch := range uint64(batches) {
			g := &generator{
				Rand:   rand.New(rand.NewPCG(batch, uint64(node.Major))),
				major:  node.Major,
				shared: node.Major >= 18 || batch%2 == 0,
				errors: node.Major >= 18 || batch%2 == 1,
			}
			values := []any{"echo"}
			for range batchSize {
				g.objects = nil
				values = append(values, g.value(4))
			}
			options := p.options
			if batch%10 == 0 {
				options.Version = 13 // which every Node reads
			}
			message, err := options.Encode(&sc.Array{Elements: values})
			if err != nil {
				t.Fatal(err)
			}
			echo, err := sc.Decode(p.ask(message))
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := echo.(string); ok {
				t.Fatal(text)
			}
			for i, value := range values[1:] {
				if d := difference(value, echo.(*sc.Array).Index(uint32(i))); d != "" {
					t.Fatalf("value %d of batch %d: %s", i, batch, d)
				}
			}
		}
	})
}

func TestGoReadsWhatNodeMade(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		p := newPeer(t, node)
		for batch := range batches {
			plain := batch%2 == 0
			options := map[string]any{
				"seed":  batch*1000 + node.Major,
				"count": batchSize,
				"plain": plain,
				// Node 16 misreads references after an Error.
				"shared": batch%4 < 2,
				"errors": node.Major >= 18 || batch%4 >= 2,
			}
			generated := p.ask(p.marshal([]any{"generate", options}))
			back, err := thereAndBack(p.options, generated, plain)
			if err != nil {
				t.Fatalf("batch %d: %v", batch, err)
			}
			if !p.expect(back) {
				t.Fatalf("batch %d, plain %v", batch, plain)
			}
		}
	})
}

// thereAndBack gives the request to compare that has every value of a message, by way of either form.
func thereAndBack(options sc.Options, message []byte, plain bool) ([]byte, error) {
	if plain {
		var values []any
		if err := sc.Unmarshal(message, &values); err != nil {
			return nil, err
		}
		return options.Marshal(append([]any{"compare"}, values...))
	}
	v, err := sc.Decode(message)
	if err != nil {
		return nil, err
	}
	values, ok := v.(*sc.Array)
	if !ok {
		return nil, fmt.Errorf("Node says: %v", v)
	}
	request := &sc.Array{Elements: []any{"compare"}}
	for i := range values.Len() {
		request.Elements = append(request.Elements, values.Index(i))
	}
	return options.Encode(request)
}
