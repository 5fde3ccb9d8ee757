package nodeipc

import (
	"errors"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// What a channel's calls fail with; match them with errors.Is.
var (
	// ErrDisconnected: the channel was disconnected, by either side, or by the end of the other process.
	ErrDisconnected = socket.ErrDisconnected
	// ErrMessageTooLarge: a message went over Options.MaxMessageSize. One from the peer ends the channel.
	ErrMessageTooLarge = errors.New("the message is larger than the channel's limit")
	// ErrProtocol: the peer sent what no Node process sends. It ends the channel.
	ErrProtocol = codec.ErrProtocol
	// ErrNotReading: the peer does not read, so that no more fits. Where it is the answers to the peer's own questions that it does
	// not read, it ends the channel.
	ErrNotReading = errors.New("the peer does not read")
	// ErrHandleNotReceived: the peer answered three times that a handle did not reach it, and the handle was
	// closed, as Node's SentHandleNotReceivedWarning says. The channel goes on.
	ErrHandleNotReceived = errors.New("the handle did not reach the receiving process")
	// ErrNotReceived: messages of a channel with a Handler were dropped, because too many waited and nobody took them. The
	// channel goes on.
	ErrNotReceived = errors.New("messages are dropped that nobody receives")
	// ErrNoChannel: this process was not started with a channel, or has taken it already.
	ErrNoChannel = errors.New("there is no channel to a parent: NODE_CHANNEL_FD is not set")
	// ErrWouldBlock: the channel cannot take an offered handle at the moment.
	ErrWouldBlock = socket.ErrWouldBlock
	// ErrTooManyHandles: the system has too many descriptors on their way between processes.
	ErrTooManyHandles = socket.ErrTooManyHandles
)
