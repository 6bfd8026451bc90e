package sip

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Go's resolver knows no NAPTR records (RFC 3403), by which a domain says which
// transports it wants (RFC 3263 section 4.1). They are asked for here, of the name
// servers that Go's resolver would ask.

const (
	typeNAPTR = dnsmessage.Type(35)
	// naptrTime is how long a name server has for it. Some old ones never answer what
	// they do not know; the SRV records are asked for all the same.
	naptrTime    = time.Second
	maxServers   = 2
	maxNAPTR     = 16
	resolverFile = "/etc/resolv.conf"
)

// naptr is one record that we can use.
type naptr struct {
	order, preference uint16
	network           string // "udp", "tcp" or "tls"
	service           string // the name that has the SRV records
}

// naptrServices are the transports that we have (RFC 3263 sections 4.1 and 8.1, RFC
// 7118 is for browsers only).
var naptrServices = map[string]string{"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}

// transports are the ways that a domain offers, the most wanted first; none when it
// says nothing. For a sips: URI only those by TLS count.
func transports(ctx context.Context, resolver *net.Resolver, host string, secure bool) []naptr {
	if !strings.Contains(strings.Trim(host, "."), ".") {
		return nil // a name of this network
	}
	name, err := dnsmessage.NewName(strings.TrimSuffix(host, ".") + ".")
	if err != nil {
		return nil
	}
	var found []naptr
	for _, server := range nameServers() {
		if found, err = askNAPTR(ctx, resolver, server, name); err == nil {
			break
		}
	}
	found = slices.DeleteFunc(found, func(n naptr) bool { return secure && n.network != "tls" })
	slices.SortStableFunc(found, func(a, b naptr) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.preference, b.preference))
	})
	for i, n := range found { // RFC 3403 section 4.1: once one fits, no other order counts
		if n.order != found[0].order {
			return found[:i]
		}
	}
	return found
}

// nameServers are those of this machine.
func nameServers() []string {
	var out []string
	if f, err := os.Open(resolverFile); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan() && len(out) < maxServers; {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 || fields[0] != "nameserver" {
				continue
			}
			if ip, err := netip.ParseAddr(fields[1]); err == nil {
				out = append(out, netip.AddrPortFrom(ip, 53).String())
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "127.0.0.1:53")
	}
	return out
}

// askNAPTR asks one server, by UDP and, where the answer does not fit, by TCP.
func askNAPTR(ctx context.Context, resolver *net.Resolver, server string, name dnsmessage.Name) ([]naptr, error) {
	id := uint16(rand.Uint32())
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: name, Type: typeNAPTR, Class: dnsmessage.ClassINET}},
	}
	packed, err := query.Pack()
	if err != nil {
		return nil, err
	}
	for _, network := range []string{"udp", "tcp"} {
		answer, err := exchangeDNS(ctx, resolver, network, server, packed, id)
		if err != nil {
			return nil, fmt.Errorf("asking %s for NAPTR records: %w", server, err)
		}
		found, whole, err := readNAPTR(answer, name)
		if whole || err != nil {
			return found, err
		}
	}
	return nil, errors.New("the answer was cut short twice")
}

// exchangeDNS sends a query and returns the answer to it.
func exchangeDNS(ctx context.Context, resolver *net.Resolver, network, server string, query []byte, id uint16) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, naptrTime)
	defer cancel()
	dial := (&net.Dialer{}).DialContext
	if resolver.Dial != nil {
		dial = resolver.Dial
	}
	conn, err := dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	if network == "tcp" { // RFC 1035 section 4.2.2
		query = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
	}
	if _, err := conn.Write(query); err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	for {
		var n int
		if network == "tcp" {
			if _, err := io.ReadFull(conn, buf[:2]); err != nil {
				return nil, err
			}
			n = min(int(binary.BigEndian.Uint16(buf)), len(buf))
			if _, err := io.ReadFull(conn, buf[:n]); err != nil {
				return nil, err
			}
		} else if n, err = conn.Read(buf); err != nil {
			return nil, err
		}
		if n >= 2 && binary.BigEndian.Uint16(buf) == id {
			return buf[:n], nil
		}
	}
}

// readNAPTR reads an answer; whole is false when it was cut to fit a datagram.
func readNAPTR(answer []byte, name dnsmessage.Name) (found []naptr, whole bool, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(answer)
	switch {
	case err != nil:
		return nil, false, err
	case !h.Response:
		return nil, false, errors.New("no answer")
	case h.Truncated:
		return nil, false, nil
	case h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError:
		return nil, false, errors.New(h.RCode.String())
	}
	q, err := p.Question()
	if err != nil || q.Type != typeNAPTR || !strings.EqualFold(q.Name.String(), name.String()) {
		return nil, false, errors.New("the answer is to another question")
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, false, err
	}
	for len(found) < maxNAPTR {
		rh, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return nil, false, err
		}
		if rh.Type != typeNAPTR {
			if err := p.SkipAnswer(); err != nil {
				return nil, false, err
			}
			continue
		}
		r, err := p.UnknownResource()
		if err != nil {
			return nil, false, err
		}
		if n, ok := parseNAPTR(r.Data); ok {
			found = append(found, n)
		}
	}
	return found, true, nil
}

// parseNAPTR reads a record (RFC 3403 section 4.1); false if it is none that we use.
func parseNAPTR(b []byte) (n naptr, ok bool) {
	if len(b) < 4 {
		return n, false
	}
	n.order, n.preference = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	var text [3]string // flags, services, regexp
	b = b[4:]
	for i := range text {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return n, false
		}
		text[i] = string(b[1 : 1+b[0]])
		b = b[1+b[0]:]
	}
	var labels []string // not compressed: RFC 3597 section 4
	for {
		if len(b) == 0 || b[0] > 63 || len(b) < 1+int(b[0]) {
			return n, false
		}
		if b[0] == 0 {
			break
		}
		if bytes.IndexByte(b[1:1+b[0]], '.') >= 0 {
			return n, false
		}
		labels = append(labels, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	n.network = naptrServices[strings.ToUpper(text[1])]
	n.service = strings.Join(labels, ".")
	// RFC 3263 section 4.1: the flag is "s", and there is no expression.
	return n, strings.EqualFold(text[0], "s") && text[2] == "" && n.network != "" && n.service != ""
}
