package nodeipc

import (
	"errors"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// Errors of a channel's methods. Match them with errors.Is.
var (
	// ErrDisconnected: either side has disconnected, or the other process has ended.
	ErrDisconnected = socket.ErrDisconnected
	// ErrMessageTooLarge: a message has more than Options.MaxMessageSize bytes. One of the peer's ends the channel.
	ErrMessageTooLarge = errors.New("the message is larger than the channel's limit")
	// ErrProtocol: the peer sent what no Node process sends. It ends the channel.
	ErrProtocol = codec.ErrProtocol
	// ErrNotReading: the peer does not read, and as much as may waits for it. It ends the channel where what waits are answers that
	// the peer itself has asked for.
	ErrNotReading = errors.New("the peer does not read")
	// ErrHandleNotReceived: a handle was sent four times, and the peer has not received it. The handle was closed, and the channel
	// goes on. It is Node's SentHandleNotReceivedWarning.
	ErrHandleNotReceived = errors.New("the handle did not reach the receiving process")
	// ErrNotReceived: messages that a Handler has kept were dropped, because too many waited and the program did not call Receive.
	// The channel goes on.
	ErrNotReceived = errors.New("messages are dropped that nobody receives")
	// ErrNoChannel: this process was not started with a channel, or has opened it before.
	ErrNoChannel = errors.New("there is no channel to a parent: NODE_CHANNEL_FD is not set")
	// ErrWouldBlock: the channel cannot take an offered handle at the moment.
	ErrWouldBlock = socket.ErrWouldBlock
	// ErrTooManyHandles: the system has too many descriptors on their way between processes of this user.
	ErrTooManyHandles = socket.ErrTooManyHandles
)
