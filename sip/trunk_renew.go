package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Renew puts other trunks in place of those there are; all of them or, on an error, none.
// A trunk is known by its name: one that stays as it is notices nothing, nor do calls in
// progress. One that changes goes on with its registration where that is for the same
// account. One that is not named any more is unregistered and takes no new calls; its
// calls end by themselves.
func (t *Trunks) Renew(configs []TrunkConfig) error {
	t.renewal.Lock()
	defer t.renewal.Unlock()
	sets := make([]*trunkSettings, 0, len(configs))
	var named []string // beginnings of numbers that outbound rules name
	for _, c := range configs {
		set, err := t.settings(c)
		if err != nil {
			return fmt.Errorf("trunk %q: %w", c.Name, err)
		}
		if slices.ContainsFunc(sets, func(o *trunkSettings) bool { return o.Name == c.Name }) {
			return fmt.Errorf("trunk %q: the name is taken", c.Name)
		}
		sets = append(sets, set)
		for _, r := range c.Outbound {
			named = append(named, r.Match)
		}
	}
	guard, err := newTollGuard(t.rules, named, t.log)
	if err != nil {
		return err
	}
	var networks []netip.Prefix
	for _, set := range sets {
		networks = append(networks, set.Addresses...)
	}
	before := t.list()
	next := make([]*trunk, 0, len(sets))
	for _, set := range sets {
		i := slices.IndexFunc(before, func(x *trunk) bool { return x.cfg().Name == set.Name })
		if i < 0 {
			next = append(next, newTrunk(t, set))
			continue
		}
		next = append(next, before[i])
		before[i].renew(set)
	}
	t.all.Store(&next)
	t.policy.Store(guard)
	t.s.sentry.carriers.Store(&networks)
	for _, x := range before {
		if !slices.Contains(next, x) {
			x.quiet.Store(true)
		}
	}
	select {
	case t.renewed <- struct{}{}:
	default:
	}
	return nil
}

// renew gives the trunk other settings.
func (x *trunk) renew(set *trunkSettings) {
	old := x.cfg()
	if reflect.DeepEqual(old.TrunkConfig, set.TrunkConfig) {
		return
	}
	x.set.Store(set)
	if set.signalsAs(old) {
		return
	}
	x.update(func(time.Time) {
		x.resolved, x.current, x.looked = nil, 0, time.Time{}
		clear(x.known)
		x.health = health{unwatched: set.OptionsInterval < 0}
		x.rest, x.lastError, x.rtt = time.Time{}, "", 0
		x.registered = x.registered && set.sameAccount(old)
	})
}

// signalsAs tells whether a carrier sees no other registrations and questions.
func (s *trunkSettings) signalsAs(o *trunkSettings) bool {
	return s.sameAccount(o) && slices.Equal(s.Proxies, o.Proxies) && s.Auth == o.Auth && s.Expires == o.Expires && s.OptionsInterval == o.OptionsInterval
}

// sameAccount tells whether they are registered as the same.
func (s *trunkSettings) sameAccount(o *trunkSettings) bool {
	return s.Register == o.Register && s.Domain == o.Domain && s.User == o.User
}

// The causes of a trunk's end, but for that of the server.
var (
	errSameAccount = errors.New("the account is registered by other settings")
	errTrunkGone   = errors.New("the trunk was taken away or has another account")

	errSettings = errors.New("the trunk's settings have just changed")
)

// keeping is a trunk that is kept registered and watched.
type keeping struct {
	set  *trunkSettings
	stop context.CancelCauseFunc
	done chan struct{}
}

// Run keeps the trunks registered and watches them until ctx ends; then it
// unregisters, so the server must still run.
func (t *Trunks) Run(ctx context.Context) error {
	select {
	case <-t.s.ready:
	case <-ctx.Done():
		return nil
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { t.meter(ctx) })
	kept := map[*trunk]*keeping{}
	for {
		all := t.list()
		for x, k := range kept {
			if !slices.Contains(all, x) {
				k.stop(errTrunkGone)
				delete(kept, x)
			}
		}
		for _, x := range all {
			set, k := x.cfg(), kept[x]
			if k != nil && set.signalsAs(k.set) {
				continue
			}
			next := &keeping{set: set, done: make(chan struct{})}
			var within context.Context
			within, next.stop = context.WithCancelCause(ctx)
			kept[x] = next
			wg.Go(func() {
				defer close(next.done)
				if k != nil {
					<-k.done
				}
				x.keep(within, set)
			})
			switch {
			case k == nil:
			case set.sameAccount(k.set):
				k.stop(errSameAccount)
			default:
				k.stop(errTrunkGone)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.renewed:
		}
	}
}

// keep keeps the trunk registered and watched by these settings until ctx ends.
func (x *trunk) keep(ctx context.Context, set *trunkSettings) {
	var both sync.WaitGroup
	if set.Register {
		both.Go(func() { x.keepRegistered(ctx, set) })
	}
	if set.OptionsInterval > 0 {
		both.Go(func() { x.watch(ctx) })
	}
	both.Wait()
}
