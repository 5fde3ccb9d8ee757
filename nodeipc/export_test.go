package nodeipc

// OnLoop gives the tests of other packages what a handler has of a channel.
func OnLoop(c *Channel) LoopChannel { return LoopChannel{c} }
