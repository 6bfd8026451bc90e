package speech_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/asr"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media"
	"hotline/tts"
)

// The test binary is its own worker, as the real one is: Supervise starts it
// again with this variable set.
const workerMode = "HOTLINE_TEST_WORKER"

func TestMain(m *testing.M) {
	mode := os.Getenv(workerMode)
	if mode == "" {
		os.Exit(m.Run())
	}
	if err := worker(mode, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// worker plays hotline speech: "fake" with engines that answer at once, "local"
// with this machine's, and some that fail.
func worker(mode string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if mode == "supervisor" { // a server that is going to be killed
		if len(args) > 0 {
			return errors.New("a worker was told to supervise: it would start workers without end")
		}
		return speech.Supervise(ctx, speech.Supervision{
			Args: []string{}, Socket: os.Getenv("HOTLINE_TEST_SOCKET"), Env: []string{workerMode + "=fake"},
			OnState: func(s speech.State) { fmt.Println(s.Phase, s.PID) },
		})
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	log.Warn("a line of the worker", "mode", mode)
	fmt.Println("native code prints this")
	switch mode {
	case "crash":
		return errors.New("nothing works here")
	case "never":
		<-ctx.Done()
		return nil
	}
	address := ""
	for i, a := range args {
		if a == "--listen" {
			address = args[i+1]
		}
	}
	ln, err := speech.Listen(ctx, address)
	if err != nil {
		return err
	}
	if mode == "stubborn" {
		signal.Ignore(syscall.SIGTERM)
		ctx = context.Background()
	}
	if mode == "hang" {
		return hang(ln)
	}
	cfg := speech.Config{Models: models.Open(filepath.SplitList(os.Getenv("HOTLINE_TEST_MODELS"))), Logger: log}
	engines := fakes(nil, nil)
	if mode == "local" {
		engines = speech.Local(1, 1)
	}
	return speech.New(cfg, engines).Run(ctx, ln)
}

// hang answers for a while and then no more, as a process whose native code has
// locked up does.
func hang(ln net.Listener) error {
	until := time.Now().Add(300 * time.Millisecond)
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Now().After(until) {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `{"status":"ready"}`)
	}))
}

// fakes are engines for tests of what surrounds them.
func fakes(hear asr.Decoder, say tts.Synthesizer) speech.Engines {
	if hear == nil {
		hear = decoder(func(_ context.Context, s asr.Segment) (asr.Transcript, error) {
			return asr.Transcript{Text: fmt.Sprintf("%d samples at %d", len(s.Samples), s.Rate), Language: "en", Confidence: 1}, nil
		})
	}
	if say == nil {
		say = synthesizer(func(_ context.Context, u tts.Utterance, dst media.Writer) error {
			for range len([]rune(u.Text)) {
				if err := dst.WriteFrame(make(media.Frame, dst.Rate()/50)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return speech.Engines{
		ASR:   func(context.Context, string, string) (asr.Decoder, error) { return hear, nil },
		TTS:   func(context.Context, string, string) (tts.Synthesizer, error) { return say, nil },
		Embed: func(context.Context, string, string) (speech.Embedder, error) { return letters{}, nil },
	}
}

type decoder func(context.Context, asr.Segment) (asr.Transcript, error)

func (d decoder) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) { return d(ctx, s) }

type synthesizer func(context.Context, tts.Utterance, media.Writer) error

func (s synthesizer) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	return s(ctx, u, dst)
}

// letters embeds a text as its counts of a and b.
type letters struct{}

func (letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	var out [][]float32
	for _, t := range texts {
		out = append(out, []float32{float32(strings.Count(t, "a")), float32(strings.Count(t, "b")), 1})
	}
	return out, nil
}

// modelFolder is a search path in which these models seem to be installed.
func modelFolder(tb testing.TB, ids ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, id := range ids {
		m, known := models.Open([]string{dir}).Model(id)
		files := []models.File{{Path: "model.onnx"}}
		if known {
			files = m.Files
		}
		for _, f := range files {
			p := filepath.Join(dir, id, f.Path)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				tb.Fatal(err)
			}
			if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return dir
}
