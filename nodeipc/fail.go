package nodeipc

// Fail ends the channel at once with an error, which Err and the handler then get. It may be called on the loop
// only; a peer that broke the rules of a layer above is its use.
func (c *Channel) Fail(err error) { c.end(err) }
