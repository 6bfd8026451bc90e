// Command bench measures the server and prints lines of JSON; make bench runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hotline/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	if len(os.Args) == 4 && os.Args[1] == "floor" {
		return floor(ctx, os.Args[2], os.Args[3])
	}
	if len(os.Args) > 1 && os.Args[1] == "replay" {
		return replay(ctx, os.Args[2:])
	}
	var c bench.Config
	var strict bool
	flag.StringVar(&c.Binary, "binary", "bin/hotline", "the server's program")
	flag.StringVar(&c.Business, "business", "examples/retail-zh", "the folder of the Chinese business")
	flag.StringVar(&c.Cache, "cache", "", "where callers' voices and spoken sentences are kept (default in the user's cache folder)")
	flag.BoolVar(&c.Quick, "quick", false, "a little of everything, in a minute and a half")
	flag.BoolVar(&strict, "strict", false, "exit 1 when a mark is missed")
	flag.IntVar(&c.Turns, "turns", 0, "questions asked at each level, at least (default 24)")
	flag.DurationVar(&c.Hold, "hold", 0, "how long the calls of the media scenario stand (default 20s)")
	flag.DurationVar(&c.Warm, "warm", 0, "longest wait for the fixed sentences (default 10m)")
	flag.Func("scenario", "what to measure, comma-separated: "+strings.Join(bench.Scenarios(), ","), func(v string) error { c.Scenarios = strings.Split(v, ","); return nil })
	flag.Func("language", "zh, en or both", func(v string) error { c.Languages = strings.Split(v, ","); return nil })
	flag.Func("calls", "calls at once for the response (default 1,4,8)", integers(&c.Levels))
	flag.Func("load", "calls at once for the media scenario (default 100,400)", integers(&c.Load))
	flag.Func("rate", "calls a second for the setup scenario (default 100,300,1000)", integers(&c.Rates))
	flag.DurationVar(&c.Offered, "offered", 0, "how long calls are offered in the setup scenario (default 30s)")
	flag.Func("set", "a setting of the server, HOTLINE_X=y; may be given several times", func(v string) error { c.Settings = append(c.Settings, v); return nil })
	flag.Func("worker", "calls at once for the capacity with the server's own recogniser (default 20,40,60,80; 0: not)", integers(&c.Worker))
	flag.Func("remote", "calls at once for the capacity with recognition elsewhere, by a replay server (default 200,300; 0: not)", integers(&c.Remote))
	flag.DurationVar(&c.Delay, "delay", 0, "what a decode takes there (default 150ms)")
	flag.StringVar(&c.Keep, "keep", "", "a folder for sound that the replay server did not know")
	flag.StringVar(&c.Recordings, "recordings", recordings(), "a table of people's recordings (FILE, a tab, its text) that speak there")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: unexpected %q (see bench -help)\n", flag.Arg(0))
		return 2
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	c.Out, c.Floor = os.Stdout, []string{self, "floor"}
	c.Replay = []string{self, "replay"}
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	switch err := bench.Run(ctx, c); {
	case errors.Is(err, bench.ErrMissed) && !strict:
		fmt.Fprintln(os.Stderr, "bench:", err)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func integers(into *[]int) func(string) error {
	return func(v string) error {
		*into = nil
		for s := range strings.SplitSeq(v, ",") {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 || n > 2000 {
				return fmt.Errorf("%q is no number of calls", s)
			}
			*into = append(*into, n)
		}
		return nil
	}
}

func floor(ctx context.Context, mode, calls string) int {
	n, err := strconv.Atoi(calls)
	if err == nil {
		err = bench.Floor(ctx, mode, n, func(ports string) { _, _ = fmt.Fprintln(os.Stdout, ports) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench floor:", err)
		return 1
	}
	return 0
}

// recordings are those shared with the tests, where they are there.
func recordings() string {
	shared := os.Getenv("HOTLINE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	path := filepath.Join(shared, "speech", "refs.tsv")
	if _, err := os.Stat(path); err != nil { //nolint:gosec // the operator says where
		return ""
	}
	return path
}

// replay is a server that knows recordings by their sound. It prints its address.
func replay(ctx context.Context, args []string) int {
	c := bench.ReplayConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	var listen string
	f := flag.NewFlagSet("bench replay", flag.ContinueOnError)
	f.StringVar(&c.Recordings, "recordings", recordings(), "a table of recordings: FILE, a tab, its text")
	f.DurationVar(&c.Delay, "delay", 150*time.Millisecond, "how long an answer takes")
	f.StringVar(&c.Behind, "behind", "", "a speech worker for all but recognition: http://HOST:PORT or unix:PATH")
	f.StringVar(&c.Keep, "keep", "", "a folder for sound that is none of the recordings, to listen to")
	f.StringVar(&listen, "listen", "127.0.0.1:0", "HOST:PORT")
	if f.Parse(args) != nil || f.NArg() > 0 {
		return 2
	}
	r, err := bench.NewReplay(c)
	if err == nil {
		var ln net.Listener
		var lc net.ListenConfig
		if ln, err = lc.Listen(ctx, "tcp", listen); err == nil {
			_, _ = fmt.Fprintf(os.Stdout, "http://%s/v1\n", ln.Addr())
			err = r.Run(ctx, ln)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench replay:", err)
		return 1
	}
	return 0
}
