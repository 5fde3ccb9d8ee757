package routes

import (
	"math/big"

	"github.com/nodecluster/nodecluster/cluster/internal/rawjson"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// maxNesting is how deep a packet may be nested. The adapter looks for binary parts by recursion.
	maxNesting = 512
	// maxValues is how many values a packet may have.
	maxValues = 1 << 22
)

// The types of packets that are broadcast.
const (
	packetEvent       = 2
	packetBinaryEvent = 5
)

// emitsOfItsOwn are the events that Socket.IO emits itself, and refuses to send.
var emitsOfItsOwn = map[string]bool{"connect": true, "connection": true, "new_namespace": true}

// isWhole reports whether what a message of version 0.3 has as its data is what the adapter that gets it takes for granted. Else that would
// throw an exception, and end its worker. A type that is not known is none of which the adapter takes data.
func isWhole(kind int, data value) bool {
	switch kind {
	case broadcastPacket:
		return isPacket(data.get("packet")) && areOptions(data.get("opts"))
	case socketsJoin, socketsLeave:
		_, ok := data.get("rooms").array()
		return ok && areOptions(data.get("opts"))
	case disconnectSockets, fetchSockets:
		return areOptions(data.get("opts"))
	case fetchSocketsResponse:
		return areSockets(data.get("sockets"))
	case serverSideEmit:
		packet, ok := data.get("packet").array()
		return ok && len(packet) > 0 && packet[0].isText() && !emitsOfItsOwn[packet[0].text()]
	case serverSideEmitResponse, broadcastClientCount, broadcastAck:
		return data.isObject()
	}
	return true
}

func isPacket(packet value) bool {
	kind, id := packet.get("type").number(), packet.get("id")
	_, ok := packet.get("data").array()
	return ok && packet.isPlain() && (kind == packetEvent || kind == packetBinaryEvent) && (id.isUndefined() || id.number() >= 0)
}

func areOptions(options value) bool {
	_, rooms := options.get("rooms").array()
	_, except := options.get("except").array()
	return rooms && except
}

func areSockets(sockets value) bool {
	list, ok := sockets.array()
	for _, socket := range list {
		_, rooms := socket.get("rooms").array()
		ok = ok && rooms && socket.get("id").isText()
	}
	return ok
}

// isPlain reports whether Socket.IO can write a packet as JSON, and in a time that is bounded by its size: it is not nested deeply, nothing in
// it contains itself, or something else so often that it would be long, and there is no BigInt.
func (v value) isPlain() bool {
	if v.clone == nil {
		return rawjson.Depth(v.json) <= maxNesting
	}
	room := maxValues
	return isPlainClone(v.clone, 0, &room)
}

// isPlainClone looks at no more values than there is room for, and counts what is there twice twice, as JSON has it.
func isPlainClone(v structuredclone.Value, depth int, room *int) bool {
	if *room--; *room < 0 || depth > maxNesting {
		return false
	}
	switch v := v.(type) {
	case *big.Int:
		return false
	case *structuredclone.Boxed:
		return isPlainClone(v.Value, depth+1, room)
	case *structuredclone.Object:
		return arePlain(v.Properties, depth, room)
	case *structuredclone.Array:
		for _, element := range v.Elements {
			if !isPlainClone(element, depth+1, room) {
				return false
			}
		}
		return v.Len() <= maxValues && arePlain(v.Properties, depth, room)
	}
	return true
}

func arePlain(properties []structuredclone.Property, depth int, room *int) bool {
	for _, p := range properties {
		if !isPlainClone(p.Value, depth+1, room) {
			return false
		}
	}
	return true
}
