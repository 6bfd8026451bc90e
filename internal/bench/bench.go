package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/internal/business"
	"hotline/internal/models"
	"hotline/internal/softphone"
	"hotline/internal/stand"
)

// Scenarios are the names of what can be measured, in the order of running.
func Scenarios() []string {
	return []string{"setup", "memory", "media", "pick_up", "response", "barge_in", "noise", "capacity", "import", "import_postgres", "tick", "campaign", "campaign_worker", "campaign_nodes"}
}

// Config says what is measured.
type Config struct {
	Binary   string // the server's program; default bin/hotline
	Business string // the folder of its business; default examples/retail-zh
	// Cache keeps callers' voices and spoken sentences; default hotline/bench in the
	// user's cache folder.
	Cache     string
	Scenarios []string      // default all
	Languages []string      // default zh and en
	Levels    []int         // calls at once for the response; default 1, 4 and 8
	Turns     int           // questions asked at each level, at least; default 24
	Load      []int         // calls at once for the cost of media; default 100 and 400
	Hold      time.Duration // how long those are held; default 20 s
	Rates     []int         // calls a second for the set-up; default 100, 300 and 1000
	Offered   time.Duration // for how long those are offered; default 30 s
	Warm      time.Duration // longest wait for the fixed sentences; default 10 min
	// Worker and Remote are the calls at once at which the capacity is tried, in
	// rising order, with the server's own recogniser and with a replay server's;
	// default 20, 40, 60 and 80, and 200 and 300. A 0 leaves it out.
	Worker, Remote []int
	// Delay is what a decode takes on other machines; default 150 ms.
	Delay time.Duration
	// Recordings is a table of people's recordings (FILE<TAB>TEXT) whose sound is
	// spoken in place of rendered voices where a replay server listens; may be "".
	Recordings string
	Keep       string // folder for sound that the replay server did not know; "" keeps none
	// Quick measures less of everything: a minute and a half in all.
	Quick bool
	// Settings of the server beside its own, HOTLINE_X=y.
	Settings []string
	Out      io.Writer    // lines of JSON
	Log      *slog.Logger // what is being done
	// Floor is the command that runs Echo in a process of its own.
	Floor []string
	// Replay is the command that runs a Replay in a process of its own.
	Replay []string
}

func (c *Config) fill() error {
	orDefault(&c.Binary, filepath.Join("bin", "hotline"))
	orDefault(&c.Business, filepath.Join("examples", "retail-zh"))
	if c.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		c.Cache = filepath.Join(dir, "hotline", "bench")
	}
	if len(c.Scenarios) == 0 {
		c.Scenarios = Scenarios()
	}
	for _, s := range c.Scenarios {
		if !slices.Contains(Scenarios(), s) {
			return fmt.Errorf("there is no scenario %q: choose of %s", s, strings.Join(Scenarios(), ", "))
		}
	}
	if len(c.Languages) == 0 {
		c.Languages = []string{"zh", "en"}
	}
	for _, l := range c.Languages {
		if callers[l] == nil {
			return fmt.Errorf("there are no questions in %q: choose zh or en", l)
		}
	}
	if c.Quick {
		if len(c.Levels) == 0 {
			c.Levels = []int{2}
		}
		if len(c.Load) == 0 {
			c.Load = []int{50}
		}
		if len(c.Worker)+len(c.Remote) == 0 {
			c.Worker, c.Remote = []int{4}, []int{10}
		}
		orDefault(&c.Turns, 2)
		orDefault(&c.Hold, 3*time.Second)
		if len(c.Rates) == 0 {
			c.Rates = []int{100}
		}
		orDefault(&c.Offered, 3*time.Second)
		orDefault(&c.Warm, time.Second)
	}
	if len(c.Levels) == 0 {
		c.Levels = []int{1, 4, 8}
	}
	if len(c.Load) == 0 {
		c.Load = []int{100, 400}
	}
	if len(c.Rates) == 0 {
		c.Rates = []int{100, answerRate, 1000}
	}
	orDefault(&c.Offered, 30*time.Second)
	if len(c.Worker) == 0 {
		c.Worker = []int{20, 40, 60, 80}
	}
	if len(c.Remote) == 0 {
		c.Remote = []int{200, 300}
	}
	orDefault(&c.Delay, 150*time.Millisecond)
	orDefault(&c.Turns, 24)
	orDefault(&c.Hold, 20*time.Second)
	orDefault(&c.Warm, 10*time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// rtpPorts are enough for the largest load, two a call.
const rtpPorts = 4000

// Bench is one run.
type Bench struct {
	cfg       Config
	server    *stand.Stand
	phone     *softphone.Phone
	questions map[string][]question
	missed    []string
	replay    *replayServer // while the capacity with one is measured
}

// ErrMissed says that a mark was missed.
var ErrMissed = errors.New("marks were missed")

// Run measures and prints. Missed marks are ErrMissed, with which; everything was
// printed then.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.fill(); err != nil {
		return err
	}
	b := &Bench{cfg: c, questions: map[string][]question{}}
	if err := b.check(); err != nil {
		return err
	}
	if err := b.print(machine()); err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	spoken := filepath.Join(c.Cache, "speech")
	if err := copySpeech(spoken, filepath.Join(data, "speech")); err != nil {
		return fmt.Errorf("taking the spoken sentences of the last run: %w", err)
	}
	if b.server, err = stand.Start(ctx, stand.Config{Binary: c.Binary, Business: []string{c.Business}, Data: data, Ports: rtpPorts, Env: c.Settings}); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, b.server.Stop())
		err = errors.Join(err, copySpeech(filepath.Join(data, "speech"), spoken))
	}()
	return b.run(ctx)
}

// check says before anything starts what is missing.
func (b *Bench) check() error {
	if _, err := os.Stat(b.cfg.Binary); err != nil {
		return fmt.Errorf("the program to be measured: %w; make binary builds it", err)
	}
	var errs []error
	set := models.Open(models.DefaultPath())
	for _, l := range b.cfg.Languages {
		dir := b.cfg.Business
		if l == "en" {
			dir = filepath.Join(filepath.Dir(dir), "retail-en")
		}
		list, err := questions(l)
		if err != nil {
			return err
		}
		home, report := business.Load(dir)
		if home == nil {
			return fmt.Errorf("the business %s cannot be read: %v", dir, report.Problems)
		}
		errs = append(errs, unknown(list, home))
		b.questions[l] = list
		if !b.speaks() {
			continue
		}
		for _, kind := range []models.Kind{models.ASR, models.TTS} {
			if c, ok := set.Best(kind, l); !ok {
				errs = append(errs, errors.New(c.Why))
			}
		}
		if _, ok := set.Find("tts/kokoro-v1.0"); !ok {
			errs = append(errs, errors.New("the callers' voice tts/kokoro-v1.0 is not installed: hotline models pull tts/kokoro-v1.0"))
		}
	}
	return errors.Join(errs...)
}

// speaks tells whether a scenario needs callers that speak.
func (b *Bench) speaks() bool {
	return slices.ContainsFunc(b.cfg.Scenarios, func(s string) bool {
		return slices.Contains([]string{"response", "capacity", "barge_in", "campaign", "campaign_worker", "campaign_nodes"}, s)
	})
}

// run measures with everything started.
func (b *Bench) run(ctx context.Context) (err error) {
	low, high := 40000, 49999
	if b.phone, err = softphone.New(softphone.Config{RTPLow: low, RTPHigh: high, Log: b.cfg.Log}); err != nil {
		return err
	}
	phoning, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- b.phone.Run(phoning) }()
	defer func() {
		stop()
		err = errors.Join(err, <-done)
	}()
	select {
	case <-b.phone.Ready():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if b.speaks() {
		for _, l := range b.cfg.Languages {
			b.cfg.Log.Info("making the callers' voices", "language", l)
			if err := speak(ctx, b.questions[l], filepath.Join(b.cfg.Cache, "callers"), b.server.Worker(), b.voiced); err != nil {
				return err
			}
		}
	}
	b.cfg.Log.Info("waiting for the bot's fixed sentences", "at_most", b.cfg.Warm)
	if warm := b.server.AwaitLog(ctx, "the fixed sentences are ready", b.cfg.Warm); !warm && b.speaks() {
		b.cfg.Log.Warn("not all fixed sentences have been made; some answers will be made while callers wait")
	}
	for _, name := range b.cfg.Scenarios {
		b.cfg.Log.Info("measuring", "scenario", name)
		if err := b.scenario(ctx, name); err != nil {
			return fmt.Errorf("measuring %s: %w", name, err)
		}
	}
	if err := b.print(Line{Bench: "summary", More: map[string]any{"missed": b.missed}}); err != nil {
		return err
	}
	if len(b.missed) > 0 {
		return fmt.Errorf("%w: %s", ErrMissed, strings.Join(b.missed, ", "))
	}
	return nil
}

func (b *Bench) scenario(ctx context.Context, name string) error {
	if name == "media" {
		return b.media(ctx)
	}
	if name == "memory" {
		return b.memory(ctx)
	}
	if name == "setup" {
		return b.setup(ctx)
	}
	if name == "noise" {
		return b.noise(ctx)
	}
	if name == "capacity" {
		return b.capacity(ctx, b.cfg.Languages[0])
	}
	if name == "import" {
		return b.imports(ctx)
	}
	if name == "import_postgres" {
		return b.importsShared(ctx)
	}
	if name == "tick" {
		return b.tick(ctx)
	}
	if d, ok := dialling[name]; ok {
		return b.dial(ctx, d)
	}
	for _, l := range b.cfg.Languages {
		var err error
		switch name {
		case "pick_up":
			err = b.pickUp(ctx, l)
		case "response":
			for _, n := range b.cfg.Levels {
				err = errors.Join(err, b.response(ctx, l, n))
			}
		case "barge_in":
			err = b.bargeIn(ctx, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numbers are what is dialled for a language.
var numbers = map[string]string{"zh": "8000", "en": "8001"}

func (b *Bench) uri(number string) string { return b.server.URI(number) }

// measured runs f and returns how many cores others took meanwhile.
func (b *Bench) measured(f func() error) (float64, error) {
	before := readUsage(b.server.PIDs()...)
	err := f()
	return readUsage(b.server.PIDs()...).others(before), err
}

func (l Line) name() string {
	s := l.Bench
	if l.Language != "" {
		s += " " + l.Language
	}
	if l.Calls > 0 {
		s += fmt.Sprintf(" at %d", l.Calls)
	}
	if v, ok := l.More["line"].(string); ok {
		s += " " + v
	}
	return s
}
