package nodeipc

import (
	"fmt"
	"os"
	"strconv"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// The variables by which a child learns of its channel.
const (
	channelFDVariable     = "NODE_CHANNEL_FD"
	serializationVariable = "NODE_CHANNEL_SERIALIZATION_MODE"
)

// Parent opens the channel to the process that started this one, be it Node's child_process.fork or [Start].
// The variables that tell of it are taken out of the environment, so that grandchildren do not inherit them,
// and so it succeeds once in a process. The parent has chosen the serialization; that of the options is not looked at. It returns
// ErrNoChannel when this process was started without a channel. When it fails, it may be called again.
func Parent(o Options) (*Channel, error) {
	value, ok := os.LookupEnv(channelFDVariable)
	if !ok {
		return nil, fmt.Errorf("nodeipc: %w", ErrNoChannel)
	}
	o.Serialization = Serialization(os.Getenv(serializationVariable))
	fd, err := strconv.Atoi(value)
	if err != nil || fd < 0 {
		return nil, fmt.Errorf("nodeipc: %s=%q is not a file descriptor", channelFDVariable, value)
	}
	socket.CloseOnExec(fd)
	os.Unsetenv(channelFDVariable) // before anything that comes can start a process
	os.Unsetenv(serializationVariable)
	channel, err := NewChannel(fd, o)
	if err != nil {
		os.Setenv(channelFDVariable, value)
		os.Setenv(serializationVariable, string(o.Serialization))
		return nil, err
	}
	return channel, nil
}
