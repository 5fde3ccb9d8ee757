//go:build unix

package socket

import (
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestRights(t *testing.T) {
	three, two := unix.UnixRights(7, 8, 9), unix.UnixRights(10, 11)
	other := slices.Clone(two)
	(*unix.Cmsghdr)(unsafe.Pointer(&other[0])).Type = unix.SCM_RIGHTS + 1
	short := slices.Clone(two)
	(*unix.Cmsghdr)(unsafe.Pointer(&short[0])).SetLen(1)
	data := unix.CmsgLen(0)
	for name, test := range map[string]struct {
		control []byte
		want    []int
	}{
		"none":                        {nil, nil},
		"one message":                 {three, []int{7, 8, 9}},
		"two messages":                {slices.Concat(three, two), []int{7, 8, 9, 10, 11}},
		"another message before":      {slices.Concat(other, two), []int{10, 11}},
		"cut off":                     {three[:data+8], []int{7, 8}},
		"cut off within one":          {three[:data+7], []int{7}},
		"cut off before the first":    {three[:data], nil},
		"cut off within the header":   {three[:data-1], nil},
		"the second cut off":          {slices.Concat(three, two[:data+4]), []int{7, 8, 9, 10}},
		"a length below the header's": {short, nil},
		"no descriptor":               {unix.UnixRights(-1), []int{-1}},
	} {
		if got := appendRights(nil, test.control); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// As many as a message can carry arrive, and where there is less room, what arrives is known.
func TestManyDescriptors(t *testing.T) {
	ours, theirs, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	defer unix.Close(theirs)
	const most = 253 // on Linux
	var sent []int
	for range most {
		sent = append(sent, ours)
	}
	whole := GetBuffer()
	defer PutBuffer(whole)
	small := &Buffer{Bytes: make([]byte, 16), control: make([]byte, unix.CmsgSpace(4*10))}
	for buffer, want := range map[*Buffer]int{whole: most, small: 10} {
		before := openDescriptors(t)
		if n, err := TransmitRights(ours, []byte("x"), unix.UnixRights(sent...)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, _, err := buffer.Receive(theirs, nil); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if len(buffer.FDs) != want {
			t.Errorf("%d descriptors arrived, want %d", len(buffer.FDs), want)
		}
		for _, fd := range buffer.FDs {
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("descriptor %d has the flags %d, %v", fd, flags, err)
			}
			Close(fd)
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%d descriptors are open, before it were %d", after, before)
		}
	}
}

func openDescriptors(t *testing.T) (n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for fd := range min(int(limit.Cur), 4096) {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}
