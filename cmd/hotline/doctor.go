package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"hotline/asr/onnx"
	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/node"
	"hotline/internal/seal"
	"hotline/internal/speech"
	"hotline/internal/store"
)

func newDoctor(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell whether a call could be served: ports, models, trunks, database, disk, clock",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			bad := 0
			for _, check := range []func(context.Context, config.Config) finding{
				checkSIP, checkRTP, checkHTTP, checkTLS, checkBusiness, checkHearing, checkVoices, checkNative, checkTrunks, checkCampaigns, checkModel, checkDatabase, checkDisk, checkClock,
			} {
				f := check(cmd.Context(), c)
				mark := "ok  "
				switch {
				case f.err != nil && f.advice:
					mark = "note"
				case f.err != nil:
					mark = "BAD "
					bad++
				}
				text := f.text
				if f.err != nil {
					text = oneLine(f.err)
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s  %-10s %s\n", mark, f.what, text)
			}
			if bad > 0 {
				what := "1 thing keeps calls from being served"
				if bad > 1 {
					what = fmt.Sprintf("%d things keep calls from being served", bad)
				}
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), what)
				return errSilent
			}
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), "a call could be served")
			return nil
		},
	}
}

// finding is what the doctor found out about one thing.
type finding struct {
	what, text string
	err        error
	advice     bool // calls are served all the same
}

// serverHere tells whether a server of these settings runs, and which.
func serverHere(c config.Config) (who string, running bool) {
	return node.Running(c.Data.Dir, c.Database.Node)
}

// taken says what it means that a port is taken: nothing bad, where our server has it.
func (f finding) taken(c config.Config, err error, setting string) finding {
	if who, running := serverHere(c); running && errors.Is(err, syscall.EADDRINUSE) {
		f.text += " (held by the running server: " + who + ")"
		return f
	}
	cure := "set " + setting + " to an address of this machine and a port that may be used"
	if errors.Is(err, syscall.EADDRINUSE) {
		cure = "no server runs from " + c.Data.Dir + ", so another program holds the port: end it, or set " + setting
	}
	f.err = fmt.Errorf("%w: %s", err, cure)
	return f
}

func checkSIP(ctx context.Context, c config.Config) finding {
	f := finding{what: "sip", text: strings.Join(c.SIP.Addresses(), ", ")}
	err := canListen(ctx, c.SIP.Addresses())
	if err == nil {
		return f
	}
	return f.taken(c, err, "sip.listen")
}

// canListen tries every address, all at once as the server will.
func canListen(ctx context.Context, addrs []string) error {
	var lc net.ListenConfig
	for _, a := range addrs {
		network, addr, _ := strings.Cut(a, ":")
		var c io.Closer
		var err error
		if network == "udp" {
			c, err = lc.ListenPacket(ctx, "udp", addr)
		} else {
			c, err = lc.Listen(ctx, "tcp", addr)
		}
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
	}
	return nil
}

func checkRTP(_ context.Context, c config.Config) finding {
	f := finding{what: "rtp", text: fmt.Sprintf("ports %d to %d: up to %d calls", c.RTP.Low, c.RTP.High, maxCalls(c))}
	low, high := ephemeral()
	if c.RTP.Low <= high && c.RTP.High >= low {
		f.advice = true
		f.err = fmt.Errorf("ports %d to %d overlap the kernel's own %d to %d: a call may find a port taken", c.RTP.Low, c.RTP.High, low, high)
	}
	return f
}

// ephemeral is the range that the kernel takes ports of its own from.
func ephemeral() (low, high int) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0
	}
	if _, err := fmt.Sscan(string(b), &low, &high); err != nil {
		return 0, 0
	}
	return low, high
}

func checkHTTP(ctx context.Context, c config.Config) finding {
	f := finding{what: "http", text: c.HTTP.Listen}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.HTTP.Listen)
	if err == nil {
		_ = l.Close()
		return f
	}
	return f.taken(c, err, "http.listen")
}

func checkBusiness(_ context.Context, c config.Config) finding {
	f := finding{what: "business"}
	var parts []string
	for _, dir := range c.Business {
		b, r := business.Load(dir)
		if len(b.Lines) == 0 {
			f.err = fmt.Errorf("%s: %w", dir, cmp.Or(r.Err(), errors.New("no line: see hotline check")))
			return f
		}
		parts = append(parts, fmt.Sprintf("%s (%d questions)", b.Name, len(b.Knowledge)))
		if unix.Access(dir, unix.W_OK) != nil {
			f.advice = true
			f.err = fmt.Errorf("%s cannot be written by this user: hours, lines, people, words and tasks cannot be changed in the console; give the folder to the user that the server runs as", dir)
		}
	}
	f.text = strings.Join(parts, ", ")
	return f
}

// languages are those of the lines.
func languages(c config.Config) []string {
	var out []string
	seen := map[string]bool{}
	for _, dir := range c.Business {
		b, _ := business.Load(dir)
		for _, l := range b.Lines {
			if !seen[l.Language] {
				seen[l.Language] = true
				out = append(out, l.Language)
			}
		}
	}
	return out
}

func checkHearing(ctx context.Context, c config.Config) finding {
	return checkModels(ctx, c, "hearing", models.ASR, c.Speech.ASR)
}

func checkVoices(ctx context.Context, c config.Config) finding {
	return checkModels(ctx, c, "voice", models.TTS, c.Speech.TTS)
}

func checkModels(ctx context.Context, c config.Config, what string, kind models.Kind, named config.Choice) finding {
	f := finding{what: what, advice: true}
	if len(c.Speech.URLs) > 0 {
		authorities, err := speechAuthorities(c)
		if err != nil {
			f.err = err
			return f
		}
		var parts []string
		for _, u := range c.Speech.URLs {
			part, err := askSpeech(ctx, u, authorities)
			var untrusted x509.UnknownAuthorityError
			switch {
			case errors.As(err, &untrusted):
				f.err = fmt.Errorf("speech.urls: %s shows a certificate that nobody we trust has signed: name its authority, or the certificate itself, in speech.tls_ca: %w", u, err)
				return f
			case err != nil:
				f.err = fmt.Errorf("speech.urls: %s does not answer: %w", u, err)
				return f
			}
			parts = append(parts, part)
		}
		f.text = strings.Join(parts, ", ")
		return f
	}
	set := models.Open(c.Models)
	var parts []string
	for _, l := range languages(c) {
		id, _, err := modelFor(set, kind, named, l)
		if err != nil {
			f.err = fmt.Errorf("%w (callers get the keypad and rendered sentences only)", err)
			return f
		}
		parts = append(parts, l+": "+id)
	}
	f.text = strings.Join(parts, ", ")
	return f
}

// askSpeech asks a server of speech.urls whether it is there.
func askSpeech(ctx context.Context, address string, authorities *x509.CertPool) (what string, err error) {
	if at, err := url.Parse(address); err == nil && (at.Scheme == "ws" || at.Scheme == "wss") {
		port := cmp.Or(at.Port(), map[string]string{"ws": "80", "wss": "443"}[at.Scheme])
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		dial := new(net.Dialer).DialContext
		if at.Scheme == "wss" {
			dial = (&tls.Dialer{Config: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}).DialContext
		}
		conn, err := dial(ctx, "tcp", net.JoinHostPort(at.Hostname(), port))
		if err != nil {
			return "", err
		}
		return address + " (FunASR, it takes connections)", conn.Close()
	}
	e, err := speech.Client(address, authorities)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err = e.Health(ctx); errors.Is(err, speech.ErrForeign) {
		return address + " (answers, and is no worker of ours)", nil
	}
	return address, err
}

func checkNative(context.Context, config.Config) finding {
	f := finding{what: "libraries", advice: true}
	lib, err := onnx.Find()
	if err != nil {
		f.err = err
		return f
	}
	f.text = lib
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		f.err = errors.New("espeak-ng, the voice of last resort, is not installed: apt-get install espeak-ng")
	}
	return f
}

func checkDatabase(ctx context.Context, c config.Config) finding {
	f := finding{what: "database", text: c.Database.URL.String()}
	if f.text == "" {
		f.text = filepath.Join(c.Data.Dir, "hotline.db")
	}
	db, err := lookDatabase(ctx, c)
	switch {
	case !started(c):
		f.text += " (made at the first start)"
		f.err = writable(c.Data.Dir)
		if c.MasterKeyFile != "" {
			_, err := seal.Load(c.MasterKeyFile)
			f.err = errors.Join(err, f.err)
		}
		return f
	case errors.Is(err, os.ErrNotExist) && c.MasterKeyFile == "" && strings.HasPrefix(databaseURL(c), "postgres"):
		f.advice = true
		f.err = fmt.Errorf("there is no master.key in %s: the first start makes one, unless the database holds data already, which needs its own", c.Data.Dir)
		return f
	case errors.Is(err, store.ErrOlder):
		f.text += " (of an older hotline; the next start brings it up to date: make a backup before, with that version)"
		return f
	case err != nil:
		f.err = err
		return f
	}
	f.err = errors.Join(db.Ping(ctx), db.Close(), writable(c.Data.Dir))
	return f
}

// writable tells whether this user could write in a folder, or make it.
func writable(dir string) error {
	there := existing(dir)
	if err := unix.Access(there, unix.W_OK); err != nil {
		return fmt.Errorf("%s cannot be written by this user (%w): set data.dir to a folder that can, or give it to the user that the server runs as", there, err)
	}
	return nil
}

// existing is the folder, or the next above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// freeRoom is the room on a folder's disk, in bytes.
func freeRoom(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(dir), &st); err != nil {
		return 0, fmt.Errorf("data folder %s: %w", dir, err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// leastFree is the room for about ten hours of recordings.
const leastFree = 2 << 30

func checkDisk(_ context.Context, c config.Config) finding {
	f := finding{what: "disk"}
	free, err := freeRoom(c.Data.Dir)
	if err != nil {
		f.err = err
		return f
	}
	f.text = fmt.Sprintf("%d GB free for recordings (an hour of calls takes 115 MB)", free>>30)
	if free < leastFree {
		f.err = fmt.Errorf("only %d MB free in %s: recordings would stop", free>>20, c.Data.Dir)
	}
	return f
}

// checkClock: records, digest nonces and campaigns go by the clock.
func checkClock(context.Context, config.Config) finding {
	f := finding{what: "clock", text: time.Now().Format(time.RFC3339)}
	if time.Now().Year() < 2025 {
		f.err = errors.New("the machine's clock is wrong: set it, or start an NTP service")
	}
	return f
}
