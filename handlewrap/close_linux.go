package handlewrap

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lingers reports whether closing the socket may wait until its data are sent. It is no call of the unix package, because that
// would allocate, and this is on the path of every connection.
func lingers(fd int) bool {
	var linger unix.Linger
	size := uint32(unsafe.Sizeof(linger))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER,
		uintptr(unsafe.Pointer(&linger)), uintptr(unsafe.Pointer(&size)), 0)
	return errno == unix.ENOTSOCK || errno == 0 && linger.Onoff != 0 && linger.Linger > 0
}

// closesAtOnce reports whether closing a descriptor of another process's cannot take long: it is an internet socket that does not
// linger.
func closesAtOnce(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && (domain == unix.AF_INET || domain == unix.AF_INET6) && !lingers(fd)
}

// guardInterval is how long closing may take before it is interrupted. The second look at it interrupts.
const guardInterval = 25 * time.Millisecond

// guard interrupts calls of close that take long. Whether a socket lingers can change between the look at it and the close. The
// wait for a socket's data ends with a signal, and the data are sent all the same: Linux goes on by itself.
var guard closeGuard

// closeGuard has a slot for each call that is under way. A slot is 0 or holds the thread, in its upper half, and the number of
// the call.
type closeGuard struct {
	slots [16]atomic.Uint64
	calls atomic.Uint32
	armed atomic.Bool // look is going to be called
	seen  [16]uint64  // only look touches it
	timer atomic.Pointer[time.Timer]
}

// interrupted is in a slot whose call was interrupted.
const interrupted = 1 << 31

// closeGuarded closes a descriptor, and reports whether that was interrupted because it took long.
func closeGuarded(fd int) (long bool) {
	runtime.LockOSThread() // the signal is for this thread
	slot := guard.enter(unix.Gettid())
	unix.Close(fd)
	if slot != nil {
		long = slot.Swap(0)&interrupted != 0
	}
	runtime.UnlockOSThread()
	return long
}

// enter takes a slot, nil if all are taken.
func (g *closeGuard) enter(tid int) *atomic.Uint64 {
	call := uint64(tid)<<32 | uint64(g.calls.Add(1)&^interrupted)
	for i := range g.slots {
		if slot := &g.slots[i]; slot.Load() == 0 && slot.CompareAndSwap(0, call) {
			if !g.armed.Load() && g.armed.CompareAndSwap(false, true) {
				g.arm()
			}
			return slot
		}
	}
	return nil
}

func (g *closeGuard) arm() {
	if timer := g.timer.Load(); timer != nil {
		timer.Reset(guardInterval)
		return
	}
	g.timer.Store(time.AfterFunc(guardInterval, g.look))
}

// look interrupts the calls that were under way at the last look too, and looks again while there are any.
func (g *closeGuard) look() {
	busy := false
	for i := range g.slots {
		call := g.slots[i].Load()
		if call != 0 && call&^interrupted == g.seen[i] {
			g.slots[i].CompareAndSwap(call, call|interrupted)
			unix.Tgkill(os.Getpid(), int(call>>32), unix.SIGURG)
		}
		g.seen[i] = call &^ interrupted
		busy = busy || call != 0
	}
	if !busy {
		g.armed.Store(false)
		for i := range g.slots {
			busy = busy || g.slots[i].Load() != 0
		}
		if !busy || !g.armed.CompareAndSwap(false, true) {
			return
		}
	}
	g.arm()
}
