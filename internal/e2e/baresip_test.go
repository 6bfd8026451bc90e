package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/wav"
)

// python has the numpy that the kit's scripts need.
const python = "/usr/bin/python3"

// baresip is a run of the kit's softphone, a real one driven by a script.
type baresip struct {
	t      *testing.T
	record string

	mu     sync.Mutex
	events []map[string]any
	done   chan struct{}
	code   int // once done is closed
}

// startBaresip runs the kit's softphone: mode is "call" with a URI, or "answer".
func startBaresip(t *testing.T, mode string, args ...string) *baresip {
	t.Helper()
	script := testdata.Shared(t, "kit/softphone.py")
	tool(t, "baresip")
	tool(t, "sox")
	b := &baresip{t: t, record: filepath.Join(t.TempDir(), "heard.wav"), done: make(chan struct{})}
	args = append([]string{script, mode}, append(args, "--record", b.record)...)
	cmd := testdata.Child(exec.Command(python, args...))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	go func() {
		defer close(b.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var e map[string]any
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				b.mu.Lock()
				b.events = append(b.events, e)
				b.mu.Unlock()
			}
		}
		_ = cmd.Wait()
		b.code = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		select {
		case <-b.done:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its own group: the script and its baresip
			<-b.done
		}
		if t.Failed() {
			t.Log(strings.Join(b.names(), " "))
		}
	})
	return b
}

// names are the events so far.
func (b *baresip) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, e := range b.events {
		name, _ := e["type"].(string)
		if name == "" {
			name, _ = e["kit"].(string)
		}
		if p, _ := e["param"].(string); p != "" {
			name += "(" + p + ")"
		}
		list = append(list, name)
	}
	return list
}

// await waits for an event; at is the seconds since its start when it came.
func (b *baresip) await(name string, limit time.Duration) (at float64, ok bool) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b.mu.Lock()
		for _, e := range b.events {
			if e["type"] == name || e["kit"] == name {
				at, _ := e["t"].(float64)
				b.mu.Unlock()
				return at, true
			}
		}
		b.mu.Unlock()
		select {
		case <-b.done:
			end = time.Now().Add(50 * time.Millisecond) // it says nothing more
		default:
		}
	}
	return 0, false
}

// wait waits until the script has ended and returns its exit status.
func (b *baresip) wait(limit time.Duration) int {
	b.t.Helper()
	select {
	case <-b.done:
	case <-time.After(limit):
		b.t.Fatalf("the softphone did not end within %v: %v", limit, b.names())
	}
	return b.code
}

// heard is what the softphone recorded, at 8 kHz.
func (b *baresip) heard() []int16 {
	b.t.Helper()
	a, err := wav.ReadFile(b.record)
	require.NoError(b.t, err)
	return a.At(8000)
}

// registered waits until an agent's telephone is known to the server.
func registered(t *testing.T, s *stand.Stand, name, state string) {
	t.Helper()
	var agents map[string]string
	require.Eventually(t, func() bool {
		var err error
		agents, err = s.Agents(t.Context())
		return err == nil && agents[name] == state
	}, 15*time.Second, 50*time.Millisecond, "%s is not %s", name, state)
}

// alike is the likeness from which a reference was heard. A voice with other words
// comes to 0.78, the same words over a clean line to 0.98.
const alike = 0.82

// likeness is how much of a reference is in what was heard, 0 to 1: the normalised
// correlation of their energy over 20 ms, at the best place. The reference is taken
// in pieces of 1.5 s, and the better half of them counts: where a telephone is kept
// from sending for a moment, what follows comes later, and the piece has a hole.
func likeness(reference, heard []int16) float64 {
	const piece = 75
	ref, all := envelope(reference), envelope(heard)
	for len(ref) > 0 && ref[0] < 200 {
		ref = ref[1:]
	}
	var marks []float64
	for ; len(ref) >= piece; ref = ref[piece/2:] {
		marks = append(marks, correlation(ref[:piece], all))
	}
	slices.Sort(marks)
	better := marks[len(marks)/2:]
	var sum float64
	for _, m := range better {
		sum += m
	}
	return sum / float64(max(1, len(better)))
}

// envelope is the root mean square of each 20 ms.
func envelope(x []int16) []float64 {
	var out []float64
	for ; len(x) >= 160; x = x[160:] {
		var sum float64
		for _, v := range x[:160] {
			sum += float64(v) * float64(v)
		}
		out = append(out, math.Sqrt(sum/160))
	}
	return out
}

// correlation is the best normalised correlation of a within b.
func correlation(a, b []float64) float64 {
	n := float64(len(a))
	var sum, squares float64
	for _, v := range a {
		sum += v
		squares += v * v
	}
	spread := squares - sum*sum/n
	best := 0.0
	for at := 0; at+len(a) <= len(b); at++ {
		var sb, qb, ab float64
		for i, v := range a {
			w := b[at+i]
			sb += w
			qb += w * w
			ab += v * w
		}
		if d := spread * (qb - sb*sb/n); d > 0 {
			best = max(best, (ab-sum*sb/n)/math.Sqrt(d))
		}
	}
	return best
}

// file writes sound for a softphone to speak.
func file(t *testing.T, x []int16) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "say.wav")
	require.NoError(t, wav.WriteFile(p, wav.Audio{Rate: 8000, Channels: [][]int16{x}}))
	return p
}

// A real softphone with a person's recorded voice, over UDP and TCP.
func TestBaresipAsks(t *testing.T) {
	minutes(t)
	question := testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav")
	s := shared(t)
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			logs(t, s)
			uri := s.URI("8000")
			if transport == "tcp" {
				uri += ";transport=tcp"
			}
			user := callerNumber()
			b := startBaresip(t, "call", uri, "--say", question, "--lead", "11", "--duration", "32", "--transport", transport, "--user", user)
			require.Zero(t, b.wait(90*time.Second))
			heard := recognise(t, s, b.heard(), "zh")
			assert.True(t, anyOf(heard, "十点", "10点", "十點") && anyOf(heard, "九点", "9点", "九點"), "heard: %q", heard)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			rec, err := s.RecordOf(ctx, user)
			require.NoError(t, err)
			assert.Len(t, rec.By("store-hours"), 1, rec.Text())
			assert.Equal(t, "caller_hangup", rec.EndCause)
		})
	}
}
