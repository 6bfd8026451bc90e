package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/internal/business"
	"hotline/internal/carrier"
	"hotline/internal/config"
	"hotline/internal/event"
	"hotline/internal/number"
	"hotline/internal/rules"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/media/sdp"
	"hotline/sip"
)

// openTrunks puts the carriers on a SIP server.
func openTrunks(server *sip.Server, c config.Config, ledger sip.Ledger, refused func(sip.Refusal), log *slog.Logger) (*sip.Trunks, error) {
	policy, err := trunkPolicy(c, ledger)
	if err != nil {
		return nil, err
	}
	policy.Refused = refused
	trunks, err := sip.NewTrunks(server, trunkConfigs(c.Trunks), policy, log)
	if err != nil {
		return nil, err
	}
	server.TrustIdentity(func(l *sip.Leg) bool { // a carrier is believed who calls
		_, carrier := trunks.Match(l)
		return carrier
	})
	return trunks, nil
}

func trunkConfigs(list []config.Trunk) []sip.TrunkConfig {
	configs := make([]sip.TrunkConfig, 0, len(list))
	for _, t := range list {
		configs = append(configs, trunkConfig(t))
	}
	return configs
}

// trunkConfig turns the settings of a carrier into the server's.
func trunkConfig(t config.Trunk) sip.TrunkConfig {
	x := sip.TrunkConfig{
		Name: t.Name, Register: t.Kind == "register", Proxies: t.Proxy, Domain: t.Domain, User: t.User,
		Auth: sip.Credentials{User: t.AuthUser, Password: t.Password.Reveal()}, Expires: t.Expires, Inbound: t.Inbound,
		CallerNumber: t.CallerNumber, CallerNumbers: t.CallerNumbers, CallerStyle: sip.CallerStyle(t.CallerStyle),
		Channels: t.Channels, CallsPerSecond: t.CallsPerSecond, Priority: t.Priority, Costs: t.Costs, OptionsInterval: t.OptionsInterval,
		Media: sip.TrunkMedia{Codecs: t.Codecs, InBand: t.DTMF == "inband", Info: t.DTMF == "info"},
	}
	if x.OptionsInterval == 0 {
		x.OptionsInterval = -1
	}
	for _, a := range t.Addresses {
		if p, err := config.Network(a); err == nil { // config.Load has read them before
			x.Addresses = append(x.Addresses, p)
		}
	}
	for _, r := range t.Outbound {
		x.Outbound = append(x.Outbound, sip.OutboundRule{Match: r.Match, Strip: r.Strip, Add: r.Add})
	}
	return x
}

// trunkPolicy is the guard against toll fraud.
func trunkPolicy(c config.Config, ledger sip.Ledger) (sip.Policy, error) {
	plan, err := number.For(c.Outbound.Country)
	if err != nil {
		return sip.Policy{}, fmt.Errorf("outbound.country: %w", err)
	}
	o := c.Outbound
	p := sip.Policy{
		Plan:  func(text string) sip.Number { return sip.Number(plan.Read(text)) },
		Allow: o.Allow, Deny: o.Deny, MaxCallsPerMinute: o.MaxCallsPerMinute, MaxCallsPerDay: o.MaxCallsPerDay,
		MaxMinutesPerDay: o.MaxMinutesPerDay, MaxSpendPerDay: o.MaxSpendPerDay, MaxSameNumberPerHour: o.MaxSameNumberPerHour,
		MaxCall: o.MaxCall, Ledger: ledger, RefuseStrangers: !c.SIP.AnonymousCalls,
	}
	for _, h := range o.Hours {
		from, to, err := config.ClockHours(h)
		if err != nil {
			return p, err
		}
		p.Hours = append(p.Hours, sip.Hours{From: from, To: to})
	}
	return p, nil
}

// ledger lets the database keep what calls out have used up.
type ledger struct{ db *store.Store }

// Charge implements sip.Ledger.
func (l ledger) Charge(ctx context.Context, charges []sip.Charge) (over int, err error) {
	kept := make([]store.Charge, len(charges))
	for i, c := range charges {
		kept[i] = store.Charge(c)
	}
	return l.db.Charge(ctx, kept)
}

// Sum implements sip.Ledger.
func (l ledger) Sum(ctx context.Context, account string, since time.Time) (int64, error) {
	return l.db.Spent(ctx, account, since)
}

// connectTrunks makes the server's trunks, as its settings and the console have them, and
// tells everybody how they do.
func (s *server) connectTrunks(ctx context.Context) (err error) {
	s.carriers.book = carrier.New(carrier.Config{
		Settings: s.cfg.Trunks, Node: s.cfg.Database.Node, Store: s.db, Put: s.putTrunks,
		Line: func(text string) bool { return s.testLine(text) != nil || s.bots.knows(text) },
	})
	c := s.cfg
	if c.Trunks, err = s.carriers.book.InForce(ctx); err != nil {
		return err
	}
	if s.trunks, err = openTrunks(s.sip, c, ledger{s.db}, s.tollFraud, s.log); err != nil {
		s.log.Error("the trunks as the console has them cannot be used, those of the settings are", "error", err)
		c.Trunks = s.cfg.Trunks
		if s.trunks, err = openTrunks(s.sip, c, ledger{s.db}, s.tollFraud, s.log); err != nil {
			return err
		}
	}
	s.carriers.now.Store(&c.Trunks)
	s.tellStray()
	s.trunks.OnChange(s.publishTrunk)
	s.metrics.MustRegister(newTrunkMetrics(s.trunks))
	return nil
}

// carriers are the trunks as settings and console have them.
type carriers struct {
	book *carrier.Book
	now  atomic.Pointer[[]config.Trunk]
}

// inForce are the settings of the trunks that there are now.
func (c *carriers) inForce() []config.Trunk {
	if list := c.now.Load(); list != nil {
		return *list
	}
	return nil
}

// putTrunks has these be the trunks from now on.
func (s *server) putTrunks(list []config.Trunk) error {
	if err := s.trunks.Renew(trunkConfigs(list)); err != nil {
		return err
	}
	s.carriers.now.Store(&list)
	s.log.Info("the trunks were changed", "trunks", len(list))
	s.tellStray()
	for _, st := range s.trunks.States() {
		s.publishTrunk(st)
	}
	return nil
}

func (s *server) publishTrunk(st sip.TrunkState) {
	s.bus.Publish(event.Event{Kind: "trunk.state", At: time.Now(), Data: trunkView(st)})
}

// tellStray tells which numbers of trunks have no line.
func (s *server) tellStray() {
	for _, problem := range strayNumbers(s.carriers.inForce(), s.bots) {
		s.log.Warn("a trunk's number has no line; the default line answers it", "problem", problem)
	}
}

// carrierForms let administrators change the trunks and try them.
type carrierForms struct {
	*carrier.Book

	server *server
}

// trialTime bounds the trial of a trunk, of all its addresses.
const trialTime = 12 * time.Second

// Try is of web.Carriers.
func (f carrierForms) Try(ctx context.Context, t carrier.TrunkForm) (web.TrunkTrial, rules.EditCheck, error) {
	c, check, err := f.One(ctx, t)
	if err != nil || slices.ContainsFunc(check.Problems, func(p rules.EditProblem) bool { return p.Severity == string(business.Error) }) {
		return web.TrunkTrial{}, check, errors.Join(err, rules.ErrWrong)
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	got, err := f.server.trunks.Try(ctx, trunkConfig(c))
	if err != nil {
		check.Problems = append(check.Problems, rules.EditProblem{Severity: string(business.Error), Field: "trunks[0]", English: err.Error(), Chinese: err.Error()})
		return web.TrunkTrial{}, check, rules.ErrWrong
	}
	out := web.TrunkTrial{Proxy: got.Proxy, RTT: got.RTT.Milliseconds(), Registers: t.Kind == "register", Granted: int64(got.Granted.Seconds())}
	out.OptionsError, out.RegisterError = got.Plain()
	return out, check, nil
}

// joinTrunks keeps the trunks registered and watched until leave, which waits for the
// carriers to know.
func (s *server) joinTrunks(ctx context.Context) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.trunks.Run(ctx); err != nil {
			s.log.Error("the trunks", "error", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// incoming takes a call that came in: it tells whose it is and which line it is for.
func (s *server) incoming(ctx context.Context, l *sip.Leg) {
	if s.byAgent(ctx, l) {
		return
	}
	a := arrival(l)
	m, err := s.trunks.Admit(l) //nolint:contextcheck // what is counted after the leg has ended outlives ctx
	var refused *sip.StatusError
	switch {
	case errors.As(err, &refused):
		if err := l.Reject(ctx, refused.Code, refused.Reason); err != nil {
			s.log.Debug("refusing a call", "error", err)
		}
		return
	case m.Trunk == "":
		s.manager.Serve(ctx, a)
		return
	}
	a.Called, a.Signalling.Trunk = m.Called, m.Trunk
	if m.Caller != "" && a.Caller != "" {
		a.Caller = m.Caller
	}
	// Every server answers the numbers for measuring; "the rest" does not take them.
	if m.Line != "" && (!m.Rest || s.testLine(m.Called) == nil) {
		a.Route = lineRoute + m.Line
	}
	if keys := !m.Media.InBand; len(m.Media.Codecs) > 0 || !keys {
		a.Leg = trunkLeg{Leg: l, media: m.Media}
		a.OnUpdate = func(f func(offer []byte) ([]byte, error)) {
			l.OnUpdate(func(offer []byte) ([]byte, error) { return f(sdp.Prefer(offer, m.Media.Codecs, keys)) })
		}
	}
	s.manager.Serve(ctx, a)
}

// trunkLeg is a leg whose far end has a carrier's wishes.
type trunkLeg struct {
	*sip.Leg

	media sip.TrunkMedia
}

// Offer implements call.Leg.
func (l trunkLeg) Offer() []byte {
	return sdp.Prefer(l.Leg.Offer(), l.media.Codecs, !l.media.InBand)
}

// lineRoute begins a route that names a line; no number does.
const lineRoute = "line:"

// routed is what answers a number, or the line that a trunk's setting names, by its
// name or one of its numbers; nil for none.
func (bs *bots) routed(called string) *bot {
	name, ok := strings.CutPrefix(called, lineRoute)
	if !ok {
		return bs.find(called)
	}
	if b := bs.serving(name); b != nil {
		return b
	}
	return bs.find(name)
}

// lineKnown tells whether a line has a name or a number.
type lineKnown interface {
	knows(nameOrNumber string) bool
}

// folders are the businesses of commands that answer nobody.
type folders []*business.Business

func (f folders) knows(text string) bool {
	return slices.ContainsFunc(f, func(b *business.Business) bool {
		return slices.ContainsFunc(b.Lines, func(l business.Line) bool { return l.Name == text || slices.Contains(l.Numbers, text) })
	})
}

func (bs *bots) knows(text string) bool { return bs.serving(text) != nil || bs.owns(text) }

// strayNumbers are the inbound settings that name no line.
func strayNumbers(trunks []config.Trunk, lines lineKnown) []string {
	var out []string
	for _, t := range trunks {
		for n, line := range t.Inbound {
			if (*server)(nil).testLine(line) == nil && !lines.knows(line) {
				out = append(out, fmt.Sprintf("trunks.%s.inbound: %s goes to %q, and no line has this name or number", t.Name, n, line))
			}
		}
	}
	return out
}

// trunkView is a trunk as the API shows it.
func trunkView(st sip.TrunkState) web.Trunk {
	v := web.Trunk{
		Name: st.Name, Kind: st.Kind, State: "down", Registered: st.Registered, Proxy: st.Proxy, LastError: st.LastError, Since: st.Since,
		Channels: st.Channels, MaxChannels: st.MaxChannels, RTT: st.RTT.Milliseconds(), Inbound: st.Inbound, Outbound: st.Calls,
		Answered: st.Answered, Failed: st.Failed, AnswerRatio: st.ASR(), AverageSeconds: st.ACD().Seconds(),
	}
	switch {
	case st.Up:
		v.State = "up"
	case !st.Resting.IsZero():
		v.State = "resting"
		v.Until = &st.Resting
	}
	if st.Registered {
		v.Until = &st.Until
	}
	return v
}

// Trunks implements web.TrunkLister.
func (st *status) Trunks(ctx context.Context) ([]web.Trunk, error) {
	all, caps, each, err := st.server.trunks.Usage(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.Trunk
	for _, t := range st.server.trunks.States() {
		v := trunkView(t)
		v.Today = &web.TrunkUsage{
			Minutes: each[t.Name].Minutes, Spent: each[t.Name].Spend, AllMinutes: all.Minutes, MaxMinutes: caps.Minutes,
			AllSpent: all.Spend, MaxSpend: caps.Spend, AllCalls: all.Calls, MaxCalls: caps.Calls,
		}
		out = append(out, v)
	}
	return out, nil
}

// trunkMetrics tells how the trunks do.
type trunkMetrics struct {
	trunks                               *sip.Trunks
	up, registered, channels, rtt, calls *prometheus.Desc
}

func newTrunkMetrics(t *sip.Trunks) trunkMetrics {
	about := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hotline_trunk_"+name, help, append([]string{"trunk"}, labels...), nil)
	}
	return trunkMetrics{
		trunks: t, up: about("up", "1 while calls can go out by the trunk."), registered: about("registered", "1 while the trunk is registered."),
		channels: about("channels", "Calls in progress by the trunk, in and out."),
		rtt:      about("rtt_seconds", "How long the carrier took for its last response to OPTIONS."),
		calls:    about("calls_total", "Calls by the trunk since the start: inbound, answered, failed by the trunk's fault, other.", "result"),
	}
}

// Describe implements prometheus.Collector.
func (m trunkMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.up, m.registered, m.channels, m.rtt, m.calls} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m trunkMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, name string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, name)
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for _, st := range m.trunks.States() {
		gauge(m.up, truth(st.Up), st.Name)
		if st.Kind == "register" {
			gauge(m.registered, truth(st.Registered), st.Name)
		}
		gauge(m.channels, float64(st.Channels), st.Name)
		gauge(m.rtt, st.RTT.Seconds(), st.Name)
		for result, n := range map[string]int64{
			"inbound": st.Inbound, "answered": st.Answered, "failed": st.Failed, "other": max(0, st.Calls-st.Answered-st.Failed),
		} {
			ch <- prometheus.MustNewConstMetric(m.calls, prometheus.CounterValue, float64(n), st.Name, result)
		}
	}
}
