package cluster

import "errors"

type socket struct{ fd int }

var errNothingToAccept = errors.New("there is no connection to accept")

func closeFD(int) {}

func dup(int) (int, error) { return -1, errors.ErrUnsupported }

func bindStream(*fromWorker) (socket, error) { return socket{}, errors.ErrUnsupported }

func bindUDP(*fromWorker) (socket, error) { return socket{}, errors.ErrUnsupported }

func (*socket) close() {}

func (*socket) name() (*sockName, error) { return nil, errors.ErrUnsupported }

func listen(int, int) error { return errors.ErrUnsupported }

func accept(int) (int, error) { return -1, errors.ErrUnsupported }

func reuseAddress(uintptr) error { return errors.ErrUnsupported }

const nodeBacklog = 511

func release(int) {}
