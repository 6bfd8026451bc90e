// Package certs serves TLS with certificates from files that are renewed while the
// server runs, as ACME clients do.
//
// # Concepts
//
// A [Pair] is a certificate and its key. It looks at its files when a handshake
// comes, at most every few seconds, and takes a new pair when they have changed. A
// pair that does not fit or cannot be read is logged and the old one stays.
//
// # Concurrency
//
// A Pair may be used from any goroutine. Nothing runs by itself.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = 10 * time.Second

// Pair is a certificate (with those that lead to its authority) and its key, both in
// PEM.
type Pair struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex // guards what follows
	loaded *tls.Certificate
	stamp  stamp
	looked time.Time
}

// stamp tells one state of the files from another.
type stamp [2]struct {
	changed time.Time
	size    int64
}

// Load reads the files. log may be nil.
func Load(cert, key string, log *slog.Logger) (*Pair, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Pair{cert: cert, key: key, log: log}
	var err error
	if p.stamp, err = p.look(); err != nil {
		return nil, err
	}
	if p.loaded, err = p.read(); err != nil {
		return nil, err
	}
	p.looked = time.Now()
	return p, nil
}

func (p *Pair) look() (s stamp, err error) {
	for i, path := range []string{p.cert, p.key} {
		info, err := os.Stat(path)
		if err != nil {
			return s, fmt.Errorf("certificate: %w", err)
		}
		s[i].changed, s[i].size = info.ModTime(), info.Size()
	}
	return s, nil
}

func (p *Pair) read() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", p.cert, p.key, err)
	}
	return &c, nil
}

// Get is the certificate as the files have it now.
func (p *Pair) Get() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.looked) < lookEvery {
		return p.loaded
	}
	p.looked = now
	s, err := p.look()
	if err == nil && s == p.stamp {
		return p.loaded
	}
	var c *tls.Certificate
	if err == nil {
		c, err = p.read()
	}
	if err != nil { // half written, perhaps: looked at again
		p.log.Warn("tls_certificate_not_taken", "error", err)
		return p.loaded
	}
	p.loaded, p.stamp = c, s
	p.log.Info("tls_certificate_renewed", "file", p.cert, "not_after", c.Leaf.NotAfter)
	return c
}

// Expires is when the certificate is out of date.
func (p *Pair) Expires() time.Time { return p.Get().Leaf.NotAfter }

// Config is for servers, and for clients of servers that ask who we are: TLS 1.2 and
// up.
func (p *Pair) Config() *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS12,
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.Get(), nil },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.Get(), nil },
	}
}

// Authorities are those of the system with those of a file in PEM.
func Authorities(path string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without any
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("certificate authorities: %w", err)
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("certificate authorities: " + path + " holds no certificate in PEM")
	}
	return pool, nil
}
