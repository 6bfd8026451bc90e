package speech

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxSocketPath is what a Unix socket's address holds (sun_path in unix(7)).
const maxSocketPath = 107

// Endpoint is a server that speaks OpenAI's audio API and how to reach it.
type Endpoint struct {
	Name    string       // for people: the address as it was given
	BaseURL string       // with /v1, as OpenAI's clients take it
	HTTP    *http.Client // dials the socket where the endpoint is one
}

// Clients makes an Endpoint of each address: "http://host:8000/v1", the same
// without /v1, or "unix:/path/of/socket". authorities sign the certificates of https://;
// nil: those of the system.
func Clients(addresses []string, authorities *x509.CertPool) ([]Endpoint, error) {
	list := make([]Endpoint, 0, len(addresses))
	for _, a := range addresses {
		e, err := Client(a, authorities)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Client makes an Endpoint of an address (see Clients). Nothing is dialled yet.
func Client(address string, authorities *x509.CertPool) (Endpoint, error) {
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	t := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true, // as without a configuration of our own
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if err := socketPath(path); err != nil {
			return Endpoint{}, err
		}
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
		return Endpoint{Name: "unix:" + path, BaseURL: "http://speech/v1", HTTP: &http.Client{Transport: t}}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Endpoint{}, fmt.Errorf("speech address %q: want http://HOST:PORT/v1, https://… or unix:/PATH", address)
	}
	t.Proxy = http.ProxyFromEnvironment
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1"
	}
	return Endpoint{Name: address, BaseURL: strings.TrimRight(u.String(), "/"), HTTP: &http.Client{Transport: t}}, nil
}

// ErrForeign is of a server that answers and is no worker of ours.
var ErrForeign = errors.New("does not answer as a speech worker")

// Health asks a worker of ours how it is; err tells that it does not answer, or
// that the server is of another make.
func (e Endpoint) Health(ctx context.Context) (Health, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(e.BaseURL, "/v1")+"/healthz", nil)
	if err != nil {
		return Health{}, err
	}
	res, err := e.HTTP.Do(req)
	if err != nil {
		return Health{}, fmt.Errorf("asking %s: %w", e.Name, err)
	}
	defer func() { _ = res.Body.Close() }()
	var h Health
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&h); err != nil || h.Status == "" {
		return Health{}, fmt.Errorf("%s %w: %s", e.Name, ErrForeign, res.Status)
	}
	return h, nil
}

// Listen opens what a worker listens on: "unix:/path/of/socket" or "host:port".
// A socket that a dead worker left behind is removed; its folder is made, for the
// owner alone.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		ln, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listening for speech requests: %w", err)
		}
		return ln, nil
	}
	path = strings.TrimPrefix(path, "//")
	if err := socketPath(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the speech socket: %w", err)
	}
	var d net.Dialer
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("a speech worker listens on %s already", path)
	}
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	ln, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening for speech requests: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("closing the speech socket to others: %w", err), ln.Close())
	}
	return ln, nil
}

// removeSocket removes a socket and nothing else.
func removeSocket(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking at the speech socket: %w", err)
	case st.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is in the way of the speech socket and no socket: remove it", path)
	}
	return os.Remove(path)
}

func socketPath(path string) error {
	if path == "" || len(path) > maxSocketPath {
		return fmt.Errorf("the speech socket's path %q has %d bytes, 1 to %d are possible: choose a shorter one", path, len(path), maxSocketPath)
	}
	return nil
}
