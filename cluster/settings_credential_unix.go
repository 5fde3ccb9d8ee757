//go:build unix

package cluster

import (
	"os"
	"syscall"
)

// setCredential makes a worker run as another user or group.
func setCredential(attr *syscall.SysProcAttr, uid, gid *uint32) {
	if uid == nil && gid == nil {
		return
	}
	credential := &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	if uid != nil {
		credential.Uid = *uid
	}
	if gid != nil {
		credential.Gid = *gid
	}
	// Only root may change the list of groups, and nobody else has more than its own to lose.
	credential.NoSetGroups = os.Geteuid() != 0
	attr.Credential = credential
}
