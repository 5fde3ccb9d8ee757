package routes

import "github.com/nodecluster/nodecluster/nodeipc"

// adapterMessage is what decides where a message of the adapter goes.
type adapterMessage struct {
	kind                      int  // -1 if there is none
	isOld                     bool // it is of version 0.2, which has no uid
	uid, namespace, requester string
	data                      value
}

// adapterMessageOf reads a message once, from its beginning to its end.
func adapterMessageOf(m nodeipc.Message) adapterMessage {
	message := adapterMessage{kind: -1, isOld: true}
	valueOf(m).eachProperty(func(name string, v value) {
		switch name {
		case "type":
			message.kind = v.number()
		case "uid":
			message.isOld, message.uid = false, v.text()
		case "nsp":
			message.namespace = v.text()
		case "requesterUid":
			message.requester = v.text()
		case "data":
			message.data = v
		}
	})
	return message
}
