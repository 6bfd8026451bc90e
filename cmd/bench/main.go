// Command bench measures the server and prints lines of JSON; make bench runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"hotline/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	if len(os.Args) == 3 && os.Args[1] == "floor" {
		return floor(ctx, os.Args[2])
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
			if err != nil || n < 1 || n > 2000 {
				return fmt.Errorf("%q is no number of calls", s)
			}
			*into = append(*into, n)
		}
		return nil
	}
}

func floor(ctx context.Context, calls string) int {
	n, err := strconv.Atoi(calls)
	if err == nil {
		err = bench.Echo(ctx, n, func(ports string) { _, _ = fmt.Fprintln(os.Stdout, ports) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench floor:", err)
		return 1
	}
	return 0
}
