package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/campaigns"
	"hotline/internal/jobs"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/seal"
	"hotline/internal/store"
)

const (
	tickMark     = 5.0 // ms
	waitingMany  = 1_000_000
	waitingQuick = 20_000
)

// tick measures how long the runner takes to look for who is due, while a million wait
// and it dials at full pace: with the embedded store and queue as the server has them, and
// telephones that are on the line for five seconds.
func (b *Bench) tick(ctx context.Context) (err error) {
	waiting, ticks := waitingMany, 60
	if b.cfg.Quick {
		waiting, ticks = waitingQuick, 10
	}
	dir, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Settled: outbound.Settled})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	plan, err := number.For("CN")
	if err != nil {
		return err
	}
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: calleesZone})
	service := outbound.New(outbound.Config{Store: db, Rules: rules, Plan: plan, Lines: func() []string { return []string{"main"} }})
	// At noon all may be called, at night none before the morning.
	for id, hour := range map[string]int{"noon": 12, "night": 2} {
		c := campaigns.Campaign{
			ID: id, Name: id, Purpose: campaigns.Service, Concurrency: 100, PerSecond: 20,
			Variants: []campaigns.Variant{{Name: "a", Greeting: greetingSaid}},
		}
		if _, err := service.Create(ctx, c, "bench"); err != nil {
			return err
		}
		b.cfg.Log.Info("bringing contacts", "number", waiting)
		if _, err := service.Import(ctx, id, contactsFile(waiting), nil, "zh", io.Discard); err != nil {
			return err
		}
		if _, err := service.Start(ctx, id); err != nil {
			return err
		}
		if err := b.ticks(ctx, dir, db, rules, id, waiting, ticks, clockAt(hour)); err != nil {
			return err
		}
		if _, err := db.SetState(ctx, id, campaigns.Paused, campaigns.Running); err != nil {
			return err
		}
	}
	return nil
}

// calleesZone is where the numbers of the bench are.
const calleesZone = "Asia/Shanghai"

// clockAt is a clock by which it is now an hour of tomorrow where the callees are.
func clockAt(hour int) func() time.Time {
	zone := time.FixedZone(calleesZone, 8*3600)
	now := time.Now().In(zone)
	ahead := time.Date(now.Year(), now.Month(), now.Day()+1, hour, 0, 0, 0, zone).Sub(now)
	return func() time.Time { return time.Now().Add(ahead) }
}

// ticks runs the runner for so many ticks.
func (b *Bench) ticks(ctx context.Context, dir string, db *store.Store, rules *campaigns.Rules, id string, waiting, ticks int, now func() time.Time) (err error) {
	queue, err := jobs.Open(ctx, jobs.Config{File: filepath.Join(dir, id+"-jobs.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	w := &timed{Store: db, queue: queue, parts: map[string][]float64{}}
	r := campaigns.NewRunner(campaigns.RunnerConfig{
		Node: "bench", Store: w, Rules: rules, Dialer: brief{}, Queue: w, NewCall: func() string { return ulid.Make().String() }, Log: b.cfg.Log, Now: now,
	})
	before := readUsage()
	running, stop := context.WithTimeout(ctx, time.Duration(ticks)*time.Second)
	defer stop()
	if err := r.Run(running); err != nil {
		return err
	}
	others := readUsage().others(before)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finish()
	claims := len(w.parts["claim"])
	more := map[string]any{"line": id, "waiting": waiting, "claims_per_second": round1(float64(claims) / float64(ticks))}
	p99 := percentileOf(w.ticks, 0.99)
	more["p99_ms"] = p99
	for name, values := range w.parts {
		more[name+"_ms"] = spread(values)
	}
	s := spread(w.ticks)
	l := Line{Bench: "tick", N: len(w.ticks), MS: &s, Others: others, Marks: map[string]float64{"p99": tickMark}, More: more}
	l.judge(map[string]float64{"p99": p99})
	return b.print(l)
}

// timed is a store and a queue that note how long each step of a runner's look takes. Only
// looks ask for what runs, and they ask first.
type timed struct {
	campaigns.Store
	queue campaigns.Queue

	mu          sync.Mutex // guards what follows
	began, last time.Time
	ticks       []float64
	parts       map[string][]float64
}

// finish ends the look that was under way.
func (t *timed) finish() {
	if !t.began.IsZero() {
		t.ticks = append(t.ticks, ms(t.last.Sub(t.began)))
	}
	t.began = time.Time{}
}

// note keeps how long a step took; one of a look is the last until the next.
func (t *timed) note(name string, of bool, began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.parts[name] = append(t.parts[name], ms(now.Sub(began)))
	if of {
		t.last = now
	}
}

func (t *timed) Running(ctx context.Context) ([]campaigns.Campaign, error) {
	began := time.Now()
	t.mu.Lock()
	t.finish()
	t.began = began
	t.mu.Unlock()
	defer t.note("running", true, began)
	return t.Store.Running(ctx)
}

func (t *timed) Busy(ctx context.Context, campaign string) (int, error) {
	defer t.note("busy", true, time.Now())
	return t.Store.Busy(ctx, campaign)
}

func (t *timed) Clocks(ctx context.Context, campaign string) ([]string, error) {
	defer t.note("clocks", true, time.Now())
	return t.Store.Clocks(ctx, campaign)
}

func (t *timed) Due(ctx context.Context, campaign string, clocks []string, now time.Time, limit int) ([]campaigns.Contact, error) {
	defer t.note("due", true, time.Now())
	return t.Store.Due(ctx, campaign, clocks, now, limit)
}

func (t *timed) Postpone(ctx context.Context, list []campaigns.Postponed) error {
	defer t.note("postpone", false, time.Now())
	return t.Store.Postpone(ctx, list)
}

func (t *timed) Shut(ctx context.Context, s campaigns.Shut) error {
	defer t.note("shut", false, time.Now())
	return t.Store.Shut(ctx, s)
}

func (t *timed) Claim(ctx context.Context, c campaigns.Claim, judge campaigns.Judge) (campaigns.Claimed, error) {
	defer t.note("claim", false, time.Now())
	return t.Store.Claim(ctx, c, judge)
}

func (t *timed) Settle(ctx context.Context, attempt int64, r campaigns.Result, now time.Time, next campaigns.Settle) (campaigns.Attempt, error) {
	defer t.note("settle", false, time.Now())
	return t.Store.Settle(ctx, attempt, r, now, next)
}

// Enqueue implements campaigns.Queue.
func (t *timed) Enqueue(ctx context.Context, list []campaigns.Job) error {
	defer t.note("enqueue", true, time.Now())
	return t.queue.Enqueue(ctx, list)
}

// Run implements campaigns.Queue.
func (t *timed) Run(ctx context.Context, work func(context.Context, campaigns.Job)) error {
	return t.queue.Run(ctx, work)
}

// brief are telephones that are on the line for five seconds.
type brief struct{}

// Dial implements campaigns.Dialer.
func (brief) Dial(ctx context.Context, _ campaigns.Dial) (campaigns.Result, error) {
	_ = sleep(ctx, 5*time.Second)
	return campaigns.Result{Outcome: campaigns.Person, Answered: true, Seconds: 4}, nil
}

// contactsFile is a file of contacts as a shop's system exports them: numbers in no
// order, one in ten thousand of them twice.
func contactsFile(rows int) io.Reader {
	r, w := io.Pipe()
	go func() { // ends when what reads does
		text := []byte("\xef\xbb\xbf手机号,姓名,订单号,城市,优先级\r\n")
		for i := range rows {
			text = fmt.Appendf(text, "%s,王小明,ORD%09d,上海市浦东新区,%d\r\n", contactNumber(i), i, i%10)
			if len(text) >= 64<<10 || i == rows-1 {
				if _, err := w.Write(text); err != nil {
					return
				}
				text = text[:0]
			}
		}
		_ = w.Close()
	}()
	return r
}

func contactNumber(i int) string {
	if i%10000 == 9999 {
		i--
	}
	return fmt.Sprintf("138%08d", uint64(i)*48271%99999989)
}
