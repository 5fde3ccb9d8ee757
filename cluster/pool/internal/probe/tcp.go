package probe

import "context"

// TCPSocket is a check that succeeds when the target takes a connection, which is closed at once.
type TCPSocket struct{}

// Check connects.
func (TCPSocket) Check(ctx context.Context, t Target) error {
	conn, err := t.Dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}
