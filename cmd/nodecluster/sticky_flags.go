package main

import (
	"errors"
	"net"
	"strconv"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// setStickyListen takes a port, or a host and a port.
func (f *runFlags) setStickyListen(text string) error {
	address := text
	if _, err := strconv.Atoi(text); err == nil {
		address = ":" + text
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("use a port, such as 3000, or an address, such as 127.0.0.1:3000")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("use a port from 1 to 65535")
	}
	f.stickyListen = address
	return nil
}

// speakForSticky has the channels speak what @socket.io/sticky needs.
func (f *runFlags) speakForSticky() error {
	switch {
	case f.stickyListen == "":
	case f.Settings.Serialization == nodeipc.JSON:
		return errors.New("--sticky-listen needs --serialization advanced, and not json")
	default:
		f.Settings.Serialization = nodeipc.Advanced
	}
	return nil
}
