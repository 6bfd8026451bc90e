package certs_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"hotline/internal/certs"
	"hotline/internal/certs/certstest"

	"github.com/stretchr/testify/require"
)

func TestRenewedFilesAreTaken(t *testing.T) {
	ca := certstest.New(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca.Write(t, cert, key, "old.example.com")
	synctest.Test(t, func(t *testing.T) {
		p, err := certs.Load(cert, key, nil)
		require.NoError(t, err)
		name := func() string {
			c, err := p.Config().GetCertificate(nil)
			require.NoError(t, err)
			return c.Leaf.DNSNames[0]
		}
		require.Equal(t, "old.example.com", name())

		renew := func(when time.Time) {
			for _, f := range []string{cert, key} {
				require.NoError(t, os.Chtimes(f, when, when))
			}
		}
		require.NoError(t, os.WriteFile(cert, []byte("half"), 0o600))
		renew(time.Now().Add(time.Hour))
		time.Sleep(time.Minute)
		require.Equal(t, "old.example.com", name(), "what cannot be read is not taken")

		ca.Write(t, cert, key, "new.example.com")
		renew(time.Now().Add(2 * time.Hour))
		require.Equal(t, "old.example.com", name(), "the files are not looked at for each handshake")
		time.Sleep(time.Minute)
		require.Equal(t, "new.example.com", name())
		require.NoError(t, os.Remove(cert))
		time.Sleep(time.Minute)
		require.Equal(t, "new.example.com", name())
	})
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	ca := certstest.New(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, err := certs.Load(cert, key, nil)
	require.ErrorContains(t, err, "cert.pem")
	ca.Write(t, cert, key, "a")
	ca.Write(t, filepath.Join(dir, "other.pem"), key, "a")
	_, err = certs.Load(cert, key, nil)
	require.ErrorContains(t, err, "private key does not match")
	_, err = certs.Authorities(key)
	require.ErrorContains(t, err, "holds no certificate")
	_, err = certs.Authorities(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "none")
}

func TestAuthoritiesAndConfigFitTogether(t *testing.T) {
	ca := certstest.New(t)
	dir := t.TempDir()
	cert, key, root := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")
	ca.Write(t, cert, key, "pbx.example.com")
	ca.WriteRoot(t, root)
	p, err := certs.Load(cert, key, nil)
	require.NoError(t, err)
	require.True(t, p.Expires().After(time.Now()))
	pool, err := certs.Authorities(root)
	require.NoError(t, err)

	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- tls.Server(ours, p.Config()).HandshakeContext(t.Context()) }()
	c := tls.Client(theirs, &tls.Config{RootCAs: pool, ServerName: "pbx.example.com", MinVersion: tls.VersionTLS12})
	require.NoError(t, c.HandshakeContext(t.Context()))
	require.NoError(t, <-done)
	require.GreaterOrEqual(t, c.ConnectionState().Version, uint16(tls.VersionTLS12))
}
