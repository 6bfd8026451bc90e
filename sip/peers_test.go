package sip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline/internal/testdata"
	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// tool finds a peer's program, and skips the test without it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and CI must have it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// freePort is a port for UDP and TCP that nobody used a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(10000 + int(lastPort.Add(1)+int32(os.Getpid()))%15000)
		u, err := net.ListenPacket("udp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		require.NoError(t, u.Close())
		if err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// lastPort is the last that freePort gave out: below those that the kernel gives to
// tests side by side, and none twice.
var lastPort atomic.Int32

// sipp runs one of the kit's scenarios.
func sipp(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	program, dir := tool(t, "sipp"), testdata.Shared(t, "kit/sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := testdata.Child(exec.CommandContext(ctx, program, append(args, "-i", "127.0.0.1", "-nostdin", "-timeout", "40s", "-p", freePort(t))...))
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.Bytes(), err
}

func TestSippCalls(t *testing.T) {
	sideBySide(t)
	for _, transport := range []string{"u1", "t1"} {
		t.Run(transport, func(t *testing.T) {
			sideBySide(t)
			s, udp, tcp := hostBoth(t, sip.Config{T1: 20 * time.Millisecond}, func(ctx context.Context, l *sip.Leg) {
				if err := l.Ring(ctx); err != nil {
					t.Error(err)
				}
				if l.Answer(ctx, []byte(siptest.SDP)) == nil {
					<-l.Context().Done()
				}
			}, nil)
			addr := udp
			if transport == "t1" {
				addr = tcp
			}
			out, err := sipp(t, "-sf", "uac_cps.xml", "-s", "603", addr, "-r", "100", "-m", "200", "-d", "0", "-t", transport)
			require.NoError(t, err, "%s", out)
			require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, 10*time.Millisecond)
			require.Eventually(t, func() bool { return s.Stats().ServerTransactions == 0 }, siptest.Patience, 10*time.Millisecond, "transactions stay")
		})
	}
}

func TestSippRegisters(t *testing.T) {
	sideBySide(t)
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"agent1": "secret"}, nil)
	_, addr := host(t, sip.Config{}, nil, reg)
	out, err := sipp(t, "-sf", "register.xml", "-s", "agent1", "-au", "agent1", "-ap", "secret", addr, "-m", "1")
	require.NoError(t, err, "%s", out)
	require.Len(t, reg.Contacts("agent1"), 1)
	_, err = sipp(t, "-sf", "register.xml", "-s", "agent1", "-au", "agent1", "-ap", "wrong", addr, "-m", "1")
	require.Error(t, err)
}

// baresip starts a real phone with an account, which is told what to do by keys
// on its standard input and says what happens on its standard output.
type baresip struct {
	in  io.Writer
	out *lines
}

type lines struct {
	c chan string
}

func (l *lines) Write(b []byte) (int, error) {
	for s := range strings.SplitSeq(string(b), "\n") {
		select {
		case l.c <- s:
		default:
		}
	}
	return len(b), nil
}

func (b *baresip) says(t *testing.T, want string) {
	t.Helper()
	timeout := time.After(siptest.Patience)
	var all []string
	for {
		select {
		case s := <-b.out.c:
			if all = append(all, s); strings.Contains(s, want) {
				return
			}
		case <-timeout:
			t.Fatalf("baresip did not say %q, but %q", want, all)
		}
	}
}

func (b *baresip) do(t *testing.T, command string) {
	t.Helper()
	_, err := io.WriteString(b.in, command+"\n")
	require.NoError(t, err)
}

func newBaresip(t *testing.T, account string) *baresip {
	t.Helper()
	program := tool(t, "baresip")
	testdata.Shared(t, "kit")
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("accounts", account+"\n")
	modules := "/usr/lib/baresip/modules"
	if found, _ := filepath.Glob("/usr/lib/*/baresip/modules"); len(found) > 0 {
		modules = found[0]
	}
	write("config", "sip_listen 127.0.0.1:"+freePort(t)+"\nnet_interface 127.0.0.1\nmodule_path "+modules+
		"\nmodule stdio.so\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule_app account.so\nmodule_app menu.so\n"+
		"audio_source aufile,"+filepath.Join(dir, "silence.wav")+"\naudio_player aubridge,nil\naudio_alert aubridge,nil\n"+
		"ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\naudio_txmode thread\n")
	const seconds = 60 // the file must outlast the test
	wav := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	wav = binary.LittleEndian.AppendUint32(wav, seconds*16000)
	wav = append(wav, make([]byte, seconds*16000)...)
	binary.LittleEndian.PutUint32(wav[4:], uint32(len(wav)-8))
	write("silence.wav", string(wav))
	ctx, cancel := context.WithCancel(context.Background())
	cmd := testdata.Child(exec.CommandContext(ctx, program, "-f", dir))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	b := &baresip{in: in, out: &lines{c: make(chan string, 4096)}}
	cmd.Stdout, cmd.Stderr = b.out, b.out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "/quit\n")
		stop := time.AfterFunc(3*time.Second, cancel)
		_ = cmd.Wait()
		stop.Stop()
		cancel()
	})
	return b
}

func TestBaresip(t *testing.T) {
	sideBySide(t)
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
			c := newCalls(t)
			updates := make(chan string, 8)
			c.setUp = func(l *sip.Leg) {
				l.OnUpdate(func(offer []byte) ([]byte, error) {
					updates <- string(offer)
					return []byte(strings.Replace(siptest.SDP, "t=0 0", "t=0 0\r\na=recvonly", 1)), nil
				})
			}
			s, udp, tcp := hostBoth(t, sip.Config{T1: 500 * time.Millisecond}, c.handle, reg)
			addr := udp
			if transport == "tcp" {
				addr = tcp
			}
			uri := "sip:8000@" + addr + ";transport=" + transport
			phone := newBaresip(t, "<sip:ann@"+addr+";transport="+transport+">;auth_pass=secret;regint=60;answermode=auto")
			require.Eventually(t, func() bool { return len(reg.Contacts("ann")) == 1 }, siptest.Patience, 10*time.Millisecond, "it registers")

			phone.do(t, "/dial "+uri)
			l := wait(t, c.legs)
			phone.says(t, "Call established")
			require.Equal(t, "ann", l.From().User)
			phone.do(t, "/hold")
			require.Contains(t, wait(t, updates), "a=sendonly")
			phone.do(t, "/resume")
			require.Contains(t, wait(t, updates), "a=sendrecv")
			phone.do(t, "/hangup")
			require.ErrorIs(t, wait(t, c.ends), sip.ErrBye)

			agent, err := s.Dial(t.Context(), sip.DialRequest{To: "agent:ann", From: "13800000000", FromName: "客户", Offer: []byte(siptest.SDP)}, nil)
			require.NoError(t, err)
			require.NoError(t, agent.Hangup(t.Context()))
			phone.says(t, "session closed")
		})
	}
}
