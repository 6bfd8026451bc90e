package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hotline/internal/stand"
)

// memoryMark is what a call that stands may take, KiB.
const memoryMark = 40.0

// idleCalls are held at once: the first ones so that what is made once is made.
const (
	idleFew  = 100
	idleMany = 1000
)

// memory measures what a call takes that stands and in which nobody speaks: on the
// line that would send back what is said, and on the one that plays a tone, which has
// sound in its queue.
func (b *Bench) memory(ctx context.Context) error {
	if err := b.standing(ctx, "9196", "idle", "mi"); err != nil {
		return err
	}
	return b.standing(ctx, "9197", "tone", "mt")
}

func (b *Bench) standing(ctx context.Context, number, name, prefix string) (err error) {
	server, stop, err := b.fresh(ctx, "HOTLINE_OVERLOAD_CPU=100", "HOTLINE_OVERLOAD_LATE=10s") // however busy the machine is
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	c, err := newCaller(server.SIP, number, b.idle(), prefix)
	if err != nil {
		return err
	}
	c.hold = true
	defer c.run(ctx)()
	if err := settle(ctx, server); err != nil {
		return err
	}
	few := b.idle() / (idleMany / idleFew)
	all := c.calls
	c.calls = all[:few]
	before, err := holding(ctx, server, c)
	if err != nil {
		return err
	}
	more, err := newCaller(server.SIP, number, len(all)-few, prefix+"x")
	if err != nil {
		return err
	}
	more.hold = true
	defer more.run(ctx)()
	after, err := holding(ctx, server, more)
	if err != nil {
		return err
	}
	n := float64(len(more.calls))
	each := func(v float64) float64 { return round1(v / n / 1024) }
	resident := each(after.resident - before.resident)
	l := Line{Bench: "memory", Calls: len(all), N: len(more.calls), More: map[string]any{
		"line": name, "kib_per_call": resident, "heap_kib": each(after.heap - before.heap), "stacks_kib": each(after.stacks - before.stacks),
		"goroutines": round1((after.goroutines - before.goroutines) / n), "from": few,
	}}
	if name == "idle" {
		l.Marks = map[string]float64{"kib_per_call": memoryMark}
		l.judge(map[string]float64{"kib_per_call": resident})
	}
	if err := b.print(l); err != nil {
		return err
	}
	if err := more.hangUp(ctx); err != nil {
		return err
	}
	return c.hangUp(ctx)
}

func (b *Bench) idle() int {
	if b.cfg.Quick {
		return idleMany / 5
	}
	return idleMany
}

// held is what the server has while calls stand.
type held struct{ resident, heap, stacks, goroutines float64 }

// holding rings all of c's calls and measures once they stand and memory has settled.
func holding(ctx context.Context, server *stand.Stand, c *caller) (h held, err error) {
	c.offer(ctx, 100)
	for end := time.Now().Add(30 * time.Second); c.standing() < len(c.calls); {
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return h, err
		}
		if time.Now().After(end) {
			return h, fmt.Errorf("only %d of %d calls were answered", c.standing(), len(c.calls))
		}
	}
	if err := sleep(ctx, 5*time.Second); err != nil {
		return h, err
	}
	h.resident = float64(server.Memory())
	for name, into := range map[string]*float64{
		"go_memstats_heap_alloc_bytes": &h.heap, "go_memstats_stack_inuse_bytes": &h.stacks, "go_goroutines": &h.goroutines,
	} {
		if *into, err = server.Metric(ctx, name); err != nil {
			return h, fmt.Errorf("measuring %s calls: %w", strconv.Itoa(len(c.calls)), err)
		}
	}
	return h, nil
}
