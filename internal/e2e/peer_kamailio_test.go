package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proxy is a Kamailio, a registrar and proxy that is not ours.
type proxy struct {
	*program
	addr string // host:port, UDP and TCP
	tls  string // host:port
	cert string // of its TLS
}

// proxySettings say what the proxy does; testdata/kamailio.cfg has the words.
type proxySettings struct {
	node        string   // where calls go: sip:HOST:PORT;transport=tcp
	nodes       []string // several: by the dispatcher
	digest      string   // default MD5
	trusts      string   // the certificate that a node must show to it by TLS; "": any
	cert, key   string   // that it shows; default its own
	rtpengine   int      // the port of rtpengine's control; 0: none
	flags, back string   // for rtpengine: with requests, with responses
}

// customerPassword is that of the accounts of the proxy.
const customerPassword = "customer-password-1"

// newProxy starts a Kamailio.
func newProxy(t *testing.T, c proxySettings) *proxy {
	t.Helper()
	path, err := findProgram("kamailio", "/usr/sbin/kamailio")
	if err != nil {
		missing(t, "kamailio")
	}
	found, _ := filepath.Glob("/usr/lib/*/kamailio/modules")
	if len(found) == 0 {
		missing(t, "kamailio's modules")
	}
	dir := t.TempDir()
	if c.digest == "" {
		c.digest = "MD5"
	}
	port := freePort(t, "127.0.0.1")
	text, err := os.ReadFile(filepath.Join("testdata", "kamailio.cfg"))
	require.NoError(t, err)
	tlsPort := freePort(t, "127.0.0.1")
	cert, key := c.cert, c.key
	if cert == "" {
		cert, key = certificate(t, dir)
	}
	profile := "method = TLSv1.2+\nprivate_key = " + key + "\ncertificate = " + cert + "\n"
	client := "verify_certificate = no\n"
	if c.trusts != "" {
		client = "verify_certificate = yes\nrequire_certificate = yes\nca_list = " + c.trusts + "\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tls.cfg"), []byte("[server:default]\n"+profile+"verify_certificate = no\n[client:default]\n"+profile+client), 0o600))
	config := strings.NewReplacer(
		"@TLSPORT@", fmt.Sprint(tlsPort),
		"@PORT@", fmt.Sprint(port), "@MODULES@", found[0]+"/", "@DIR@", dir, "@NODE@", c.node, "@DIGEST@", c.digest,
		"@PASSWORD@", customerPassword, "@NG@", fmt.Sprint(c.rtpengine), "@FLAGS@", c.flags, "@BACK@", c.back,
	).Replace(string(text))
	file := filepath.Join(dir, "kamailio.cfg")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	args := []string{"-DD", "-E", "-m", "64", "-M", "4", "-f", file, "-P", filepath.Join(dir, "pid"), "-Y", dir, "-A", "TLS"}
	if len(c.nodes) > 0 {
		var list strings.Builder
		for _, n := range c.nodes {
			list.WriteString("1 " + n + "\n")
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "dispatcher.list"), []byte(list.String()), 0o600))
		args = append(args, "-A", "DISPATCHER")
	}
	if c.rtpengine > 0 {
		args = append(args, "-A", "RTPENGINE")
	}
	p := &proxy{program: start(t, nil, path, args...), addr: fmt.Sprintf("127.0.0.1:%d", port), tls: fmt.Sprintf("127.0.0.1:%d", tlsPort), cert: cert}
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", p.addr, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, patience, 50*time.Millisecond, "kamailio does not listen")
	return p
}

// uri is a number behind the proxy.
func (p *proxy) uri(number, transport string) string {
	if transport == "tls" {
		return "sip:" + number + "@" + p.tls + ";transport=tls"
	}
	u := "sip:" + number + "@" + p.addr
	if transport != "" && transport != "udp" {
		u += ";transport=" + transport
	}
	return u
}

// newRTPEngine starts an rtpengine without its kernel module and returns the port that
// it is controlled by, and its ports for sound.
func newRTPEngine(t *testing.T) (ng, low, high int) {
	t.Helper()
	path, err := findProgram("rtpengine", "/usr/bin/rtpengine")
	if err != nil {
		missing(t, "rtpengine")
	}
	ng = freePort(t, "127.0.0.1")
	low = 45000 + 100*(ng%40)
	high = low + 99
	p := start(t, nil, path, "--foreground", "--log-stderr", "--log-level=6", "--table=-1", "--interface=127.0.0.1",
		fmt.Sprintf("--listen-ng=127.0.0.1:%d", ng), fmt.Sprintf("--port-min=%d", low), fmt.Sprintf("--port-max=%d", high))
	require.Eventually(t, func() bool {
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", ng))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, patience, 50*time.Millisecond, "rtpengine does not listen: %s", p.said())
	return ng, low, high
}
