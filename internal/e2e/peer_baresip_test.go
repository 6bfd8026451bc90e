package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/media/wav"
)

// handset is a baresip of our own configuration, told what to do by its keyboard.
// (startBaresip runs one by the kit's script.)
type handset struct {
	*program
	dir, user string
	port      int
}

// account is how a handset is set up. Zero values: UDP, G.711, plain sound.
type account struct {
	transport  string // "udp", "tcp", "tls", with a "6" behind it over IPv6
	codec      string // baresip's name: "opus/48000/2"
	encryption string // "srtp", "srtp-mand", "dtls_srtp"
	user       string // who it says it is; default a number of its own
	register   string // the registrar's host:port with its parameters; "" registers nowhere
	password   string
	options    string // more of an account's parameters, ";" before each
	say        []int16
	answers    bool // answers calls by itself
}

// newHandset switches a telephone on.
func newHandset(t *testing.T, a account) *handset {
	t.Helper()
	path := tool(t, "baresip")
	dir := t.TempDir()
	host := "127.0.0.1"
	if strings.HasSuffix(a.transport, "6") {
		host = "::1"
	}
	h := &handset{dir: dir, user: a.user, port: freePort(t, host)}
	for l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(h.port+1))); ; l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(h.port+1))) {
		if err == nil {
			_ = l.Close()
			break // the port above is free as well: that one is for TLS
		}
		h.port = freePort(t, host)
	}
	if h.user == "" {
		h.user = callerNumber()
	}
	rate := 8000
	switch {
	case a.codec == "":
		a.codec = "PCMU/8000/1,PCMA/8000/1"
	case strings.HasPrefix(a.codec, "G722"):
		rate = 16000
	case strings.HasPrefix(a.codec, "opus"):
		rate = 48000
	}
	mic := filepath.Join(dir, "mic.wav")
	microphone(t, mic, rate, a.say)
	modules := "/usr/lib/baresip/modules"
	if found, _ := filepath.Glob("/usr/lib/*/baresip/modules"); len(found) > 0 {
		modules = found[0]
	}
	bracketed := host
	if host == "::1" {
		bracketed = "[::1]"
	}
	config := []string{
		"poll_method epoll", fmt.Sprintf("sip_listen %s:%d", bracketed, h.port), "net_interface " + host, "module_path " + modules,
		"audio_source aufile," + mic, "audio_player aubridge,nil", "audio_alert aubridge,nil", "audio_txmode thread", "audio_buffer 20-160",
		fmt.Sprintf("ausrc_srate %d", rate), fmt.Sprintf("auplay_srate %d", rate), "ausrc_channels 1", "auplay_channels 1",
		"rtp_ports 20000-24999", "jitter_buffer_delay 1-10", "snd_path " + dir, "ringback_disabled yes", "call_max_calls 4",
		"opus_bitrate 32000",
	}
	for _, m := range []string{"stdio", "g711", "g722", "opus", "aufile", "aubridge", "sndfile", "srtp", "dtls_srtp"} {
		config = append(config, "module "+m+".so")
	}
	config = append(config, "module_app account.so", "module_app menu.so")
	cert, key := certificate(t, dir)
	both := filepath.Join(dir, "both.pem")
	c, err := os.ReadFile(cert)
	require.NoError(t, err)
	k, err := os.ReadFile(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(both, append(c, k...), 0o600))
	config = append(config, "sip_certificate "+both)

	transport := strings.TrimSuffix(a.transport, "6")
	line := fmt.Sprintf("<sip:%s@%s:%d;transport=%s>;regint=0", h.user, bracketed, h.port, max(transport, "tcp"))
	if transport == "" || transport == "udp" {
		line = fmt.Sprintf("<sip:%s@%s:%d>;regint=0", h.user, bracketed, h.port)
	}
	if a.register != "" {
		line = fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;regint=60", h.user, a.register, h.user, a.password)
	}
	line += ";audio_codecs=" + a.codec + ";ptime=20" + a.options
	if a.encryption != "" {
		line += ";mediaenc=" + a.encryption
	}
	if a.answers {
		line += ";answermode=auto"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), []byte(strings.Join(config, "\n")+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "accounts"), []byte(line+"\n"), 0o600))
	h.program = start(t, nil, path, "-s", "-f", dir)
	h.awaits("baresip is ready", 1)
	return h
}

// does gives the telephone a command: "dial URI", "hold".
func (h *handset) does(command string) { h.types("/" + command + "\n") }

// dials rings a URI and waits for the answer.
func (h *handset) dials(uri string) {
	h.t.Helper()
	n := strings.Count(h.said(), "Call established")
	h.does("dial " + uri)
	h.awaits("Call established", n+1)
}

// presses keys, as a person does.
func (h *handset) presses(keys string) {
	for _, k := range keys {
		h.types(string(k))
		time.Sleep(300 * time.Millisecond)
	}
}

// hangsUp ends its calls and switches the telephone off; its recording is whole then.
func (h *handset) hangsUp() {
	h.t.Helper()
	select {
	case <-h.exited:
		return
	default:
	}
	h.does("hangup")
	time.Sleep(300 * time.Millisecond)
	h.does("quit")
	select {
	case <-h.exited:
	case <-time.After(patience):
		h.t.Error("the telephone does not switch off")
	}
}

// heard is what the telephone recorded of its first call until the first hold, at
// 8 kHz.
func (h *handset) heard() []int16 {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "dump-*-dec.wav"))
	require.NoError(h.t, err)
	require.NotEmpty(h.t, found, "the telephone has heard nothing")
	a, err := wav.ReadFile(found[0])
	require.NoError(h.t, err)
	return a.At(8000)
}
