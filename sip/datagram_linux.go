//nolint:gosec // the arguments of system calls are addresses
package sip

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// udpBatch is how many datagrams one system call takes.
const udpBatch = 8

// udpSocket is a UDP socket whose system calls Go's scheduler is not told of. None of
// them waits, and telling it wakes its monitor thread whenever the server has been
// idle: of a call at a hundred calls a second that was three wakings of a thread.
// What has come is taken in one call, up to udpBatch datagrams.
type udpSocket struct {
	*net.UDPConn

	raw syscall.RawConn
	v6  bool

	mu     sync.RWMutex // held for reading while something is sent, so that the number is not another's
	fd     int
	closed bool
}

func newUDPSocket(conn *net.UDPConn) (*udpSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	u := &udpSocket{UDPConn: conn, raw: raw}
	var name unix.Sockaddr
	var failed error
	if err := raw.Control(func(fd uintptr) {
		u.fd = int(fd)
		name, failed = unix.Getsockname(u.fd)
	}); err != nil {
		return nil, err
	}
	_, u.v6 = name.(*unix.SockaddrInet6)
	return u, failed
}

// Close implements datagrams.
func (u *udpSocket) Close() error {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	return u.UDPConn.Close()
}

// WriteToUDPAddrPort implements datagrams.
func (u *udpSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	var name unix.RawSockaddrInet6 // its start serves as an Inet4 as well
	size := uintptr(unix.SizeofSockaddrInet6)
	switch a := to.Addr(); {
	case len(b) == 0 || a.Zone() != "" || !u.v6 && !a.Unmap().Is4():
		return u.UDPConn.WriteToUDPAddrPort(b, to)
	case u.v6:
		name.Family, name.Addr = unix.AF_INET6, a.As16()
	default:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&name))
		v4.Family, v4.Addr = unix.AF_INET, a.Unmap().As4()
		size = unix.SizeofSockaddrInet4
	}
	// The port is at the same place in both.
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	u.mu.RLock()
	if u.closed {
		u.mu.RUnlock()
		return 0, net.ErrClosed
	}
	sentOnWire()
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(u.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&name)), size)
	u.mu.RUnlock()
	switch e {
	case 0:
		return len(b), nil
	case unix.EAGAIN, unix.EINTR: // there is no room: Go waits for it
		return u.UDPConn.WriteToUDPAddrPort(b, to)
	default:
		return 0, os.NewSyscallError("sendto", e)
	}
}

// readAll gives take each datagram that comes, until the socket is closed; data is
// take's until it returns. Datagrams of more than limit octets are left out.
func (u *udpSocket) readAll(limit int, take func(data []byte, from netip.AddrPort)) error {
	type message struct {
		unix.Msghdr

		n uint32
		_ [4]byte
	}
	var (
		headers [udpBatch]message
		names   [udpBatch]unix.RawSockaddrInet6
		iovecs  [udpBatch]unix.Iovec
		bufs    [udpBatch][]byte
	)
	for i := range headers {
		bufs[i] = make([]byte, limit)
		iovecs[i].Base = &bufs[i][0]
		iovecs[i].SetLen(limit)
		headers[i].Iov, headers[i].Iovlen = &iovecs[i], 1
		headers[i].Name = (*byte)(unsafe.Pointer(&names[i]))
	}
	var failed error
	// All is done inside Read: Go's poller tells of whatever comes after the look that
	// found nothing.
	err := u.raw.Read(func(fd uintptr) bool {
		for {
			for i := range headers {
				headers[i].Namelen, headers[i].Flags = unix.SizeofSockaddrInet6, 0
			}
			n, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&headers)), udpBatch, unix.MSG_DONTWAIT, 0, 0)
			switch e {
			case 0:
			case unix.EAGAIN:
				return false
			case unix.EINTR:
				continue
			default:
				failed = os.NewSyscallError("recvmmsg", e)
				return true
			}
			receivedOnWire()
			for i := range int(n) {
				if h := &headers[i]; h.Flags&unix.MSG_TRUNC == 0 {
					take(bufs[i][:h.n], udpSource(&names[i]))
				}
			}
		}
	})
	if failed != nil {
		return fmt.Errorf("read SIP by UDP: %w", failed)
	}
	return err
}

// udpSource is who has sent a datagram.
func udpSource(raw *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:])
	if raw.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(raw)).Addr), port)
	}
	a := netip.AddrFrom16(raw.Addr).Unmap()
	if raw.Scope_id != 0 && a.Is6() {
		a = a.WithZone(strconv.FormatUint(uint64(raw.Scope_id), 10))
	}
	return netip.AddrPortFrom(a, port)
}
