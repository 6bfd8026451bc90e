package sip_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"hotline/internal/certs/certstest"
	"hotline/internal/testdata"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// tortures are the 49 messages of RFC 4475 with what the RFC names or allows.
type torture struct {
	name      string
	data      []byte
	Kind      string  // valid, bad, drop or any
	OK        *string // statuses
	Tolerated *string
}

func tortures(t *testing.T) []torture {
	t.Helper()
	dir := testdata.Shared(t, "torture")
	var all map[string]torture
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.Len(t, all, 49)
	var out []torture
	for name, c := range all {
		c.name = name
		c.data, err = os.ReadFile(filepath.Join(dir, "rfc4475", name+".dat"))
		require.NoError(t, err)
		out = append(out, c)
	}
	return out
}

func (c torture) allows(status int) bool {
	for _, pattern := range []*string{c.OK, c.Tolerated} {
		if pattern != nil && regexp.MustCompile("^("+*pattern+")$").MatchString(strconv.Itoa(status)) {
			return true
		}
	}
	return false
}

// TestTortureOverConnections sends the messages of RFC 4475 over real connections of
// every kind, each over one of its own, and looks at what comes back. Over UDP the
// answers go where the messages say, mostly port 5060, so TestTorture looks at them
// there; here they must only not end the server.
func TestTortureOverConnections(t *testing.T) {
	sideBySide(t)
	all := tortures(t)
	ca := certstest.New(t)
	serve := func(t *testing.T, network string) (*sip.Server, string) {
		t.Helper()
		listen := []string{"udp:127.0.0.1:0"}
		if network != "udp" {
			listen = append(listen, network+":127.0.0.1:0")
		}
		return host(t, sip.Config{T1: time.Millisecond, Listen: listen, TLS: secured(t, ca, "127.0.0.1")},
			func(ctx context.Context, l *sip.Leg) { _ = l.Reject(ctx, 486, "") }, sip.NewRegistrar(sip.RegistrarConfig{}, passwords{}, nil))
	}
	alive := func(t *testing.T, s *sip.Server, udp string) {
		t.Helper()
		p := siptest.New(t, udp)
		p.NewCall("sip:"+udp, "sip:a@127.0.0.1").Request("OPTIONS", "")
		p.Expect("200 OPTIONS")
		p.Close()
		require.Zero(t, s.Stats().Panics)
	}
	for _, network := range []string{"tcp", "tls", "ws", "wss"} {
		t.Run(network, func(t *testing.T) {
			sideBySide(t)
			s, udp := serve(t, network)
			for _, c := range all {
				// Some have one and the same branch: the former must be over.
				require.Eventually(t, func() bool { return s.Stats().ServerTransactions == 0 }, siptest.Patience, time.Millisecond)
				p := phoneOver(t, s, network, ca)
				p.Send(string(c.data))
				// Who must be answered is waited for; who may be dropped gets less time.
				patience := siptest.Patience
				if c.Kind != "valid" {
					patience = 100 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				status := 0
				for status < 200 {
					m := p.NextUntil(ctx)
					if m == nil {
						break
					}
					status = m.Status()
				}
				cancel()
				p.Close()
				switch {
				case c.Kind == "drop":
					require.Zero(t, status, c.name)
				case status == 0:
					require.NotEqual(t, "valid", c.Kind, "%s: no answer", c.name)
				default:
					require.True(t, c.allows(status), "%s: %d", c.name, status)
				}
			}
			alive(t, s, udp)
		})
	}
	t.Run("udp", func(t *testing.T) {
		sideBySide(t)
		s, udp := serve(t, "udp")
		conn, err := net.Dial("udp", udp)
		require.NoError(t, err)
		for range 20 {
			for _, c := range all {
				_, err := conn.Write(c.data)
				require.NoError(t, err)
			}
		}
		require.NoError(t, conn.Close())
		alive(t, s, udp)
	})
}
