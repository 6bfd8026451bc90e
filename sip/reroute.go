package sip

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Messages that cannot go the way that was chosen for them.

const (
	maxDatagram  = 1300            // octets of a request by UDP (RFC 3261 section 18.1.1)
	switchTime   = time.Second     // to connect for a request that is larger
	refusedTime  = 5 * time.Minute // a far end that did not let us is not asked again
	maxRefused   = 4096
	maxSendBacks = 64 // connections at once that are made for responses
)

// tcpRefusals are far ends that large requests go to by UDP.
type tcpRefusals struct {
	mu sync.Mutex
	m  map[netip.AddrPort]time.Time
}

func (r *tcpRefusals) has(a netip.AddrPort, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.m[a])
}

func (r *tcpRefusals) add(a netip.AddrPort, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil || len(r.m) >= maxRefused {
		r.m = make(map[netip.AddrPort]time.Time)
	}
	r.m[a] = now.Add(refusedTime)
}

// large finds a way by TCP for a request that does not fit into a datagram (RFC 3261
// section 18.1.1), and writes it into the Via. It stays with UDP where the far end
// asks for that, is reached through a NAT, or does not take the connection.
func (s *Server) large(req *sip.Request, f flow) (flow, bool) {
	next := req.Recipient
	if h := req.GetHeader("Route"); h != nil {
		next = sip.Uri{}
		if _, err := sip.ParseAddressValue(h.Value(), &next, nil); err != nil {
			return f, false
		}
	}
	if next.UriParams.Has("transport") || next.IsEncrypted() || s.tp.port("tcp", s.routes.local(f)) == 0 {
		return f, false
	}
	if ip, err := netip.ParseAddr(strings.Trim(next.Host, "[]")); err == nil && ip.Unmap() != f.remote.Addr() {
		return f, false
	}
	now := time.Now()
	if s.refused.has(f.remote, now) {
		return f, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), switchTime)
	defer cancel()
	g, err := s.tp.flowTo(ctx, "tcp", f.remote, "")
	if err != nil {
		s.log.Debug("sip_large_request_by_udp", "remote", f.remote.String(), "error", err)
		s.refused.add(f.remote, now)
		return f, false
	}
	via := req.Via()
	via.Transport = "TCP"
	via.Host, via.Port = s.contactHost(g)
	return g, true
}

// returning is the connection that a request came over. When it is gone, responses
// go over another to where the request says that it was sent from (RFC 3261 section
// 18.2.2), at the address that it came from.
type returning struct {
	carrier

	tp     *transport
	sentBy peer
}

func (r returning) send(b []byte, to netip.AddrPort) error {
	err := r.carrier.send(b, to)
	if err == nil || r.tp.sendBack(r.sentBy, b) == nil {
		return nil
	}
	return err
}

// sendBack connects and sends, without blocking.
func (t *transport) sendBack(to peer, b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.down:
		return ErrServerClosed
	case t.backs >= maxSendBacks:
		return errors.New("too many connections for responses")
	}
	t.backs++
	t.wg.Go(func() {
		defer func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.backs--
		}()
		f, err := t.flowTo(context.Background(), to.network, to.addr, to.name)
		if err == nil {
			err = f.send(b)
		}
		if err != nil {
			t.log.Debug("sip_response_lost", "remote", to.addr.String(), "error", err)
		}
	})
	return nil
}
