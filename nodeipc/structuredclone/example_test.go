package structuredclone_test

import (
	"fmt"
	"log"
	"math/big"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func Example() {
	type job struct {
		Name    string         `json:"name"`
		Created time.Time      `json:"created"`
		Size    *big.Int       `json:"size"`
		Payload []byte         `json:"payload,omitempty"`
		Rest    map[string]any `json:"rest,omitempty"`
	}

	message, err := structuredclone.Marshal(job{"resize", time.UnixMilli(0), big.NewInt(1 << 60), []byte("png"), nil})
	if err != nil {
		log.Fatal(err)
	}
	var received job
	if err := structuredclone.Unmarshal(message, &received); err != nil {
		log.Fatal(err)
	}
	name, ok := structuredclone.Lookup(message, "name") // "resize", true

	fmt.Println(received.Name, received.Created, received.Size, string(received.Payload))
	fmt.Println(name, ok)
	// Output:
	// resize 1970-01-01 00:00:00 +0000 UTC 1152921504606846976 png
	// resize true
}

func ExampleDecode() {
	message := []byte("\xff\x0fo\"\x04list\x61\x03\x49\x00\"\x01x\x40\x01\x03{\x01") // { list: ['x', , ] }
	value, err := structuredclone.Decode(message)
	if err != nil {
		log.Fatal(err)
	}
	list, _ := value.(*structuredclone.Object).Get("list")
	array := list.(*structuredclone.Array)
	fmt.Println(array.Len(), array.Index(0), array.Index(1))
	// Output: 3 x {}
}
