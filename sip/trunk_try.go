package sip

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Trial is what a carrier said to settings that are not in force.
type Trial struct {
	Proxy   string        // the address that answered last
	RTT     time.Duration // of the answer to OPTIONS
	Options error         // nil: somebody is there
	// Register is what became of a registration, of a trunk that registers; Granted is
	// the time that the carrier gave.
	Register error
	Granted  time.Duration
}

// Plain are the errors in words for the console, "" for none.
func (r Trial) Plain() (options, register string) {
	words := func(err error) string {
		if err == nil {
			return ""
		}
		return plain(err)
	}
	return words(r.Options), words(r.Register)
}

// Try asks a carrier once whether it is there (OPTIONS) and whether it lets us register,
// by settings that need not be those of a trunk; the error says what is wrong in them. A
// registration that was only tried is taken back, and one that a trunk keeps for the same
// account stays.
func (t *Trunks) Try(ctx context.Context, c TrunkConfig) (Trial, error) {
	c.Name = cmp.Or(c.Name, "tried")
	set, err := t.settings(c)
	if err != nil {
		return Trial{}, err
	}
	x := newTrunk(t, set)
	x.quiet.Store(true)
	var keeper *trunk
	for _, o := range t.list() {
		if set.Register && o.cfg().sameAccount(set) {
			keeper, x.token = o, o.token
		}
	}
	var out Trial
	ways, err := x.ways(ctx)
	if err != nil {
		return Trial{Proxy: set.Proxies[0], Options: err, Register: err}, nil
	}
	for _, h := range ways {
		out.Proxy = h.String()
		if out.RTT, out.Options = x.ping(ctx, h); out.Options == nil {
			x.use(h)
			break
		}
	}
	if !set.Register {
		return out, nil
	}
	g, err := x.registering(set)
	if err != nil {
		return out, err
	}
	if out.Granted, out.Register = x.registerOnce(ctx, g); out.Register != nil {
		return out, nil
	}
	if g.hop != nil {
		out.Proxy = g.hop.String()
	}
	if keeper != nil {
		keeper.again() // by its own settings
		return out, nil
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*x.s.cfg.T1)
	defer cancel()
	if _, err := g.once(bye, 0); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.log.DebugContext(ctx, "trunk_unregister", "trunk", c.Name, "error", err)
	}
	return out, nil
}
