package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/media/wav"
)

// linphone is a linphonec, told what to do by its standard input.
type linphone struct {
	*program
	dir, user, mic string
	port           int
	files          int
}

// linphoneSettings are what differs between the telephones of the tests.
type linphoneSettings struct {
	user       string // default a number of its own
	encryption string // "none", "srtp", "dtls"
	suite      string // of srtp; default its own
	ice        bool
	timer      bool   // session timers of 120 s
	register   string // the registrar's host:port; "" registers nowhere
	password   string
	say        []int16
}

// newLinphone switches a telephone on.
func newLinphone(t *testing.T, c linphoneSettings) *linphone {
	t.Helper()
	path := tool(t, "linphonec")
	dir := t.TempDir()
	l := &linphone{dir: dir, user: c.user, mic: filepath.Join(dir, "mic.wav"), port: freePort(t, "127.0.0.1")}
	if l.user == "" {
		l.user = callerNumber()
	}
	microphone(t, l.mic, 8000, c.say)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".local/share/linphone"), 0o700)) // it does not make the folder of its database
	firewall, timer, mandatory, suite := 0, "", 0, ""
	if c.suite != "" {
		suite = "srtp_crypto_suites=" + c.suite + "\n"
	}
	if c.ice {
		firewall = 3
	}
	if c.timer {
		timer = "session_expires_enabled=1\nsession_expires_value=120\n"
	}
	if c.encryption == "" {
		c.encryption = "none"
	}
	if c.encryption != "none" {
		mandatory = 1
	}
	config := fmt.Sprintf(`[net]
mtu=1300
firewall_policy=%d
[sip]
sip_port=%d
sip_tcp_port=%d
sip_tls_port=%d
guess_hostname=0
contact=sip:%s@127.0.0.1:%d
inc_timeout=30
use_ipv6=0
register_only_when_network_is_up=0
verify_server_certs=0
verify_server_cn=0
media_encryption=%s
media_encryption_mandatory=%d
%s%s[rtp]
audio_rtp_port=%d
[sound]
echocancellation=0
remote_ring=
[video]
enabled=0
capture=0
display=0
[misc]
uuid=
log_collection_upload_server_url=
file_transfer_server_url=
version_check_url_root=
`, firewall, l.port, l.port, freePort(t, "127.0.0.1"), l.user, l.port, c.encryption, mandatory, timer, suite, freePort(t, "127.0.0.1"))
	rc := filepath.Join(dir, "rc")
	require.NoError(t, os.WriteFile(rc, []byte(config), 0o600))
	l.program = start(t, []string{"HOME=" + dir}, path, "-c", rc, "-d", "6", "-l", filepath.Join(dir, "log"))
	l.awaits("linphonec>", 1)
	l.does("soundcard use files")
	l.awaits("Using wav files", 1)
	if c.register != "" {
		l.does(fmt.Sprintf("register sip:%s@%s sip:%s %s", l.user, c.register, c.register, c.password))
	}
	return l
}

// does gives the telephone a command.
func (l *linphone) does(command string) { l.types(command + "\n") }

// talks has the telephone play its sound from the start, and record what it hears to a
// new file; both last until the call is paused or over.
func (l *linphone) talks() (heard string) {
	l.files++
	heard = filepath.Join(l.dir, fmt.Sprintf("heard%d.wav", l.files))
	l.does("record " + heard)
	l.does("play " + l.mic)
	return heard
}

// hangsUp ends its calls and switches the telephone off.
func (l *linphone) hangsUp() {
	l.t.Helper()
	select {
	case <-l.exited:
		return
	default:
	}
	l.does("terminate")
	time.Sleep(500 * time.Millisecond)
	l.does("quit")
	select {
	case <-l.exited:
	case <-time.After(patience):
		l.t.Error("the telephone does not switch off")
	}
}

// sound is a recording at 8 kHz.
func sound(t *testing.T, path string) []int16 {
	t.Helper()
	a, err := wav.ReadFile(path)
	require.NoError(t, err)
	return a.At(8000)
}
