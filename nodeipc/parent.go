package nodeipc

import (
	"fmt"
	"os"
	"strconv"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// The variables by which a child finds its channel.
const (
	channelFDVariable     = "NODE_CHANNEL_FD"
	serializationVariable = "NODE_CHANNEL_SERIALIZATION_MODE"
)

// Parent opens the channel to the process that started this one, by Node's child_process.fork or by [Start]. It takes the
// variables that tell of the channel out of the environment, so that children of this process do not inherit them, and so it
// succeeds once in a process. Options.Serialization is not read: the parent has chosen it.
//
// It returns an error that matches ErrNoChannel when this process was started without a channel, or has opened it before. The
// descriptor belongs to the channel from then on.
func Parent(o Options) (*Channel, error) {
	value, ok := os.LookupEnv(channelFDVariable)
	if !ok {
		return nil, fmt.Errorf("nodeipc: %w", ErrNoChannel)
	}
	o.Serialization = Serialization(os.Getenv(serializationVariable))
	os.Unsetenv(channelFDVariable)
	os.Unsetenv(serializationVariable)
	fd, err := strconv.Atoi(value)
	if err != nil || fd < 0 {
		return nil, fmt.Errorf("nodeipc: %s=%q is not a file descriptor", channelFDVariable, value)
	}
	socket.CloseOnExec(fd)
	return NewChannel(fd, o)
}
