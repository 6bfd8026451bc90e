package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hotline/asr/onnx"
	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
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
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d things keep calls from being served\n", bad)
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

// runningHere tells whether hotline itself already holds the ports.
func runningHere(c config.Config) bool {
	host := c.HTTP.Listen
	if strings.HasPrefix(host, ":") {
		host = "127.0.0.1" + host
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func checkSIP(ctx context.Context, c config.Config) finding {
	f := finding{what: "sip", text: strings.Join(c.SIP.Addresses(), ", ")}
	err := canListen(ctx, c.SIP.Addresses())
	if err == nil {
		return f
	}
	if errors.Is(err, syscall.EADDRINUSE) && runningHere(c) {
		f.text += " (held by a running server)"
		return f
	}
	f.err = fmt.Errorf("%w: end the program that holds the port, or set sip.listen", err)
	return f
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
	if errors.Is(err, syscall.EADDRINUSE) && runningHere(c) {
		f.text += " (held by a running server)"
		return f
	}
	f.err = fmt.Errorf("%w: end the program that holds the port, or set http.listen", err)
	return f
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
	return checkModels(ctx, c, "hearing", models.ASR)
}

func checkVoices(ctx context.Context, c config.Config) finding {
	return checkModels(ctx, c, "voice", models.TTS)
}

func checkModels(ctx context.Context, c config.Config, what string, kind models.Kind) finding {
	f := finding{what: what, advice: true}
	if len(c.Speech.URLs) > 0 {
		for _, u := range c.Speech.URLs {
			e, err := speech.Client(u)
			if err == nil {
				_, err = e.Health(ctx)
			}
			if err != nil {
				f.err = fmt.Errorf("speech.urls: %s does not answer: %w", u, err)
				return f
			}
		}
		f.text = strings.Join(c.Speech.URLs, ", ")
		return f
	}
	set := models.Open(c.Models)
	var parts []string
	for _, l := range languages(c) {
		best, ok := set.Best(kind, l)
		if !ok {
			f.err = fmt.Errorf("no model for %s: callers get the keypad and rendered sentences only; run hotline models pull", l)
			return f
		}
		parts = append(parts, l+": "+best.ID)
	}
	f.text = strings.Join(parts, ", ")
	return f
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
	db, err := openDatabase(ctx, c, discard())
	if err != nil {
		f.err = err
		return f
	}
	f.err = errors.Join(db.Ping(ctx), db.Close())
	return f
}

// leastFree is the room for about ten hours of recordings.
const leastFree = 2 << 30

func checkDisk(_ context.Context, c config.Config) finding {
	f := finding{what: "disk"}
	var st syscall.Statfs_t
	if err := syscall.Statfs(c.Data.Dir, &st); err != nil {
		f.err = fmt.Errorf("data folder %s: %w", c.Data.Dir, err)
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
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
