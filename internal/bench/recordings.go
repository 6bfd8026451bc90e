package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/media/dsp"
	"hotline/media/wav"
)

// pieces cuts a recording into pieces of two to four seconds between words, at
// telephone band and one level, without silence around.
func pieces(r recording) [][]int16 {
	const rate, most, least = 8000, 3 * 8000, 2 * 8000
	x := dsp.Resample(r.samples, r.rate, rate)
	dsp.NewTelephoneBand(rate).Process(x)
	x = trim(dsp.Normalize(x, rate, callerLevel))
	var out [][]int16
	for len(x) > most+least {
		cut := quietSpot(x, least, most+least/2)
		if p := trim(x[:cut:cut]); len(p) >= least/2 {
			out = append(out, p)
		}
		x = trim(x[cut:])
	}
	if len(x) >= least/2 {
		out = append(out, x[:min(len(x), most+least/2)])
	}
	return out
}

// quietSpot is where x is quietest between two places.
func quietSpot(x []int16, from, to int) int {
	const n = 480
	at, least := from, 0.0
	for i := from; i+n <= min(to, len(x)); i += n / 4 {
		if db := dsp.LevelDB(x[i : i+n]); db < least {
			at, least = i+n/2, db
		}
	}
	return at
}

func writeSamples(path string, x []int16) error {
	return wav.WriteFile(path, wav.Audio{Rate: 8000, Channels: [][]int16{x}})
}

// replayServer is a Replay in a process of its own.
type replayServer struct {
	url    string
	cmd    *exec.Cmd
	cancel context.CancelFunc
}

// startReplay runs one that knows the questions' recordings. The bench's first
// server lends it its worker, for what is not recognition.
func (b *Bench) startReplay(ctx context.Context, dir string, list []question) (*replayServer, error) {
	if len(b.cfg.Replay) == 0 {
		return nil, errors.New("there is no command for the replay server")
	}
	folder := filepath.Join(dir, "recordings")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	path, err := table(folder, list)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	args := append(slices.Clone(b.cfg.Replay[1:]), "-recordings", path, "-delay", b.cfg.Delay.String(), "-behind", b.server.Worker(), "-keep", b.cfg.Keep)
	r := &replayServer{cmd: exec.CommandContext(ctx, b.cfg.Replay[0], args...), cancel: cancel} //nolint:gosec // ourselves
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("starting the replay server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("starting the replay server: %w", err)
	}
	r.url = strings.TrimSpace(line)
	return r, nil
}

func (r *replayServer) pid() int { return r.cmd.Process.Pid }

func (r *replayServer) stop() {
	r.cancel()
	_ = r.cmd.Wait() // it was killed
}

func (r *replayServer) stats(ctx context.Context) (ReplayStats, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.url, "/v1")+"/stats", http.NoBody)
	if err != nil {
		return ReplayStats{}, err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return ReplayStats{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var s ReplayStats
	return s, json.NewDecoder(resp.Body).Decode(&s)
}
