//nolint:gosec // the arguments of system calls are addresses
package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errPortTaken says that another program has the port.
var errPortTaken = errors.New("port is in use")

// Socket is a pair of UDP sockets, for RTP and RTCP.
//
// It is not known to Go's network poller: the clock asks each socket for its packets
// once a tick, all of them in one system call, and the kernel has noted when each
// came. So no packet wakes a thread, and none is read sooner than it can be used.
type Socket struct {
	addr    netip.AddrPort
	release func(*Socket) // takes what is still open, in a Socket of its own

	mu     sync.Mutex // held during the calls, none of which waits, so that Close cannot come between
	fd     [2]int
	closed bool
	to     [2]destination
}

// destination is a remembered system address.
type destination struct {
	addr netip.AddrPort
	raw  unix.RawSockaddrInet6 // its start serves as an Inet4 as well
	size uintptr
}

const (
	rtpSide  = 0
	rtcpSide = 1
)

// dscpVoice marks packets as voice (expedited forwarding, RFC 3246).
const dscpVoice = 46 << 2

// listen opens the pair whose RTP port is port; for 0 the kernel chooses it, and
// the error is errPortTaken if its choice makes no pair.
func listen(bind netip.Addr, port int) (*Socket, error) {
	s := &Socket{fd: [2]int{-1, -1}}
	var err error
	if s.fd[rtpSide], s.addr, err = openUDP(bind, port); err != nil {
		return nil, err
	}
	if s.addr.Port()%2 != 0 {
		s.closeFDs()
		return nil, errPortTaken
	}
	if s.fd[rtcpSide], _, err = openUDP(bind, int(s.addr.Port())+1); err != nil {
		s.closeFDs()
		return nil, err
	}
	return s, nil
}

func openUDP(bind netip.Addr, port int) (fd int, addr netip.AddrPort, err error) {
	bind = bind.Unmap()
	family := unix.AF_INET
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: port, Addr: as4(bind)}
	if bind.Is6() {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: port, Addr: bind.As16()}
	}
	fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, addr, os.NewSyscallError("socket", err)
	}
	if err = unix.Bind(fd, sa); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EADDRINUSE) {
			return -1, addr, errPortTaken
		}
		return -1, addr, os.NewSyscallError("bind", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) // without it arrival counts from the tick
	if family == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, dscpVoice)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, dscpVoice)
	}
	if port != 0 {
		return fd, netip.AddrPortFrom(bind, uint16(port)), nil
	}
	got, err := unix.Getsockname(fd)
	if err != nil {
		_ = unix.Close(fd)
		return -1, addr, os.NewSyscallError("getsockname", err)
	}
	switch v := got.(type) {
	case *unix.SockaddrInet4:
		port = v.Port
	case *unix.SockaddrInet6:
		port = v.Port
	}
	return fd, netip.AddrPortFrom(bind, uint16(port)), nil
}

func as4(a netip.Addr) [4]byte {
	if a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}

// Addr is the address of the RTP socket.
func (s *Socket) Addr() netip.AddrPort { return s.addr }

// Close gives the ports back.
func (s *Socket) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	open := &Socket{addr: s.addr, fd: s.fd}
	s.fd = [2]int{-1, -1}
	s.mu.Unlock()
	s.release(open)
	return nil
}

// quiet tells whether nothing has come that was not read.
func (s *Socket) quiet() bool {
	fds := [2]unix.PollFd{{Fd: int32(s.fd[rtpSide]), Events: unix.POLLIN}, {Fd: int32(s.fd[rtcpSide]), Events: unix.POLLIN}}
	var now unix.Timespec
	n, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), uintptr(len(fds)), uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return e == 0 && n == 0
}

func (s *Socket) closeFDs() {
	for i, fd := range s.fd {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		s.fd[i] = -1
	}
}

// Send sends an RTP packet.
func (s *Socket) Send(p []byte, to netip.AddrPort) error { return s.send(rtpSide, p, to) }

// SendControl sends an RTCP packet.
func (s *Socket) SendControl(p []byte, to netip.AddrPort) error { return s.send(rtcpSide, p, to) }

func (s *Socket) send(side int, p []byte, to netip.AddrPort) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	d := &s.to[side]
	if d.addr != to {
		d.set(to, s.addr.Addr().Is6())
	}
	if len(p) == 0 || d.size == 0 {
		return fmt.Errorf("sending to %v: %w", to, unix.EAFNOSUPPORT)
	}
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd[side]), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&d.raw)), d.size)
	if e != 0 && e != unix.EAGAIN {
		return os.NewSyscallError("sendto", e)
	}
	return nil
}

func (d *destination) set(to netip.AddrPort, v6 bool) {
	*d = destination{addr: to}
	a := to.Addr().Unmap()
	if v6 {
		d.raw.Family = unix.AF_INET6
		d.raw.Addr = a.As16()
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&d.raw.Port))[:], to.Port())
		d.size = unix.SizeofSockaddrInet6
	} else if a.Is4() {
		raw := (*unix.RawSockaddrInet4)(unsafe.Pointer(&d.raw))
		raw.Family = unix.AF_INET
		raw.Addr = a.As4()
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:], to.Port())
		d.size = unix.SizeofSockaddrInet4
	}
}

// Receive takes the RTP packets that have arrived.
func (s *Socket) Receive(b *Batch) (int, error) { return s.receive(rtpSide, b) }

// ReceiveControl takes the RTCP packets that have arrived.
func (s *Socket) ReceiveControl(b *Batch) (int, error) { return s.receive(rtcpSide, b) }

// batchSys is what recvmmsg(2) fills in besides the data.
type batchSys struct {
	ready   bool
	header  [batchSize]mmsghdr
	iovec   [batchSize]unix.Iovec
	name    [batchSize]unix.RawSockaddrInet6
	control [batchSize][48]byte
}

type mmsghdr struct {
	unix.Msghdr
	n uint32
	_ [4]byte
}

func (s *Socket) receive(side int, b *Batch) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	sys := &b.sys
	if !sys.ready {
		sys.ready = true
		for i := range sys.header {
			sys.iovec[i].Base = &b.Packets[i].buf[0]
			sys.iovec[i].SetLen(packetMTU)
			h := &sys.header[i]
			h.Iov, h.Iovlen = &sys.iovec[i], 1
			h.Name = (*byte)(unsafe.Pointer(&sys.name[i]))
			h.Control = &sys.control[i][0]
			sys.rearm(i)
		}
	}
	n, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd[side]), uintptr(unsafe.Pointer(&sys.header)), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		if e == unix.EAGAIN || e == unix.EINTR || e == unix.ECONNREFUSED {
			return 0, nil
		}
		return 0, os.NewSyscallError("recvmmsg", e)
	}
	for i := range int(n) {
		p, h := &b.Packets[i], &sys.header[i]
		p.Data = p.buf[:min(int(h.n), packetMTU)]
		if h.Flags&unix.MSG_TRUNC != 0 {
			p.Data = nil
		}
		p.From = source(&sys.name[i])
		p.At = stamp(sys.control[i][:h.Controllen])
		sys.rearm(i)
	}
	return int(n), nil
}

// rearm undoes what the last call changed.
func (sys *batchSys) rearm(i int) {
	h := &sys.header[i]
	h.Namelen = unix.SizeofSockaddrInet6
	h.SetControllen(len(sys.control[i]))
	h.Flags = 0
}

func source(raw *unix.RawSockaddrInet6) netip.AddrPort {
	if raw.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&v4.Port))[:]))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr).Unmap(), binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:]))
}

// stamp reads the kernel's time of arrival.
func stamp(control []byte) time.Time {
	const header = unix.SizeofCmsghdr
	if len(control) < header+int(unsafe.Sizeof(unix.Timespec{})) {
		return time.Now()
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return time.Now()
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&control[header]))
	return time.Unix(ts.Unix())
}
