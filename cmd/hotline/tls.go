package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"hotline/internal/certs"
	"hotline/internal/config"
	"hotline/internal/speech"
)

// sipTLS is what the telephone shows and trusts; nil when nothing is set.
func sipTLS(c config.Config, log *slog.Logger) (*tls.Config, error) {
	var cfg *tls.Config
	if c.SIP.TLSCert != "" {
		pair, err := certs.Load(c.SIP.TLSCert, c.SIP.TLSKey, log)
		if err != nil {
			return nil, fmt.Errorf("sip.tls_cert, sip.tls_key: %w", err)
		}
		cfg = pair.Config()
	}
	if c.SIP.TLSCA != "" {
		pool, err := certs.Authorities(c.SIP.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("sip.tls_ca: %w", err)
		}
		if cfg == nil {
			cfg = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		cfg.RootCAs = pool
	}
	return cfg, nil
}

// callTLS is whom hotline call trusts: those whom the server trusts. nil means the
// system's authorities.
func callTLS(c config.Config) (*tls.Config, error) {
	if c.SIP.TLSCA == "" {
		return nil, nil
	}
	pool, err := certs.Authorities(c.SIP.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("sip.tls_ca: %w", err)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// speechAuthorities sign the certificates of the servers of speech.urls; nil: those of
// the system.
func speechAuthorities(c config.Config) (*x509.CertPool, error) {
	if c.Speech.TLSCA == "" {
		return nil, nil
	}
	pool, err := certs.Authorities(c.Speech.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("speech.tls_ca: %w", err)
	}
	return pool, nil
}

// speechClients reach the servers of speech.urls.
func speechClients(c config.Config) ([]speech.Endpoint, error) {
	authorities, err := speechAuthorities(c)
	if err != nil {
		return nil, err
	}
	return speech.Clients(c.Speech.URLs, authorities)
}

// webTLS is what the console shows; nil makes it plain http.
func webTLS(c config.Config, log *slog.Logger) (*tls.Config, error) {
	if c.HTTP.TLSCert == "" {
		return nil, nil
	}
	pair, err := certs.Load(c.HTTP.TLSCert, c.HTTP.TLSKey, log)
	if err != nil {
		return nil, fmt.Errorf("http.tls_cert, http.tls_key: %w", err)
	}
	return pair.Config(), nil
}

// webURL is the console's address on this machine.
func webURL(c config.Config) string {
	scheme := "http"
	if c.HTTP.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://127.0.0.1" + c.HTTP.Listen[strings.LastIndexByte(c.HTTP.Listen, ':'):]
}

// checkTLS tells whether the certificates can be used, and for how long.
func checkTLS(_ context.Context, c config.Config) finding {
	f := finding{what: "tls", text: "no certificate"}
	for _, p := range []struct{ key, cert, file string }{{"sip.tls_cert", c.SIP.TLSCert, c.SIP.TLSKey}, {"http.tls_cert", c.HTTP.TLSCert, c.HTTP.TLSKey}} {
		if p.cert == "" {
			continue
		}
		pair, err := certs.Load(p.cert, p.file, nil)
		if err != nil {
			f.err = fmt.Errorf("%s: %w", p.key, err)
			return f
		}
		until := pair.Expires()
		f.text = p.cert + " until " + until.Format(time.DateOnly)
		switch left := time.Until(until); {
		case left <= 0:
			f.err = fmt.Errorf("%s: %s is out of date since %s: renew it", p.key, p.cert, until.Format(time.DateOnly))
			return f
		case left < 14*24*time.Hour:
			f.err, f.advice = fmt.Errorf("%s: %s is out of date on %s: renew it", p.key, p.cert, until.Format(time.DateOnly)), true
		}
	}
	if c.SIP.TLSCA != "" {
		if _, err := certs.Authorities(c.SIP.TLSCA); err != nil {
			f.err, f.advice = fmt.Errorf("sip.tls_ca: %w", err), false
		}
	}
	return f
}
