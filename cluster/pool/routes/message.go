package routes

// message is what a route reads of a nodeipc.Message.
type message interface {
	Decode(v any) error
	Payload() []byte
}
