package softphone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/certs/certstest"
	"hotline/internal/softphone"
	"hotline/sip"
)

// TestPhoneCallsByEachTransport rings a server that tells how it was reached.
func TestPhoneCallsByEachTransport(t *testing.T) {
	authority := certstest.New(t)
	root := filepath.Join(t.TempDir(), "root.pem")
	authority.WriteRoot(t, root)
	pem, err := os.ReadFile(root)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(pem))

	reached := make(chan string, 1)
	server, err := sip.New(sip.Config{
		Listen: []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"},
		TLS:    &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, "127.0.0.1")}, MinVersion: tls.VersionTLS12},
	}, func(ctx context.Context, l *sip.Leg) {
		reached <- l.Network()
		_ = l.Reject(ctx, 486, "Busy Here")
	}, nil, nil)
	require.NoError(t, err)
	run(t, server)
	address := map[string]string{}
	for _, a := range server.Addrs() {
		address[a.Network()] = a.String()
	}

	for name, c := range map[string]struct{ transport, uri, network string }{
		"UDP unless told otherwise":   {"", "sip:8000@" + address["udp"], "udp"},
		"TCP as configured":           {"tcp", "sip:8000@" + address["tcp"], "tcp"},
		"TLS by the URI":              {"", "sip:8000@" + address["tls"] + ";transport=tls", "tls"},
		"TLS by the scheme":           {"", "sips:8000@" + address["tls"], "tls"},
		"TLS, whatever the transport": {"tcp", "sip:8000@" + address["tls"] + ";transport=tls", "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			phone, err := softphone.New(softphone.Config{Transport: c.transport, TLS: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}})
			require.NoError(t, err)
			run(t, phone)
			report, err := phone.Call(t.Context(), softphone.Request{URI: c.uri})
			require.NoError(t, err)
			require.Equal(t, 486, report.Status)
			assert.Equal(t, c.network, <-reached)
		})
	}
}

// run runs a server or a phone until the test ends.
func run(t *testing.T, r interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
},
) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	select {
	case <-r.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
}
