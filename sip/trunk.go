package sip

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// TrunkConfig is one carrier. Name and Proxies are required.
type TrunkConfig struct {
	Name string
	// Register makes us keep a registration with the carrier; without it the carrier
	// knows us by our address.
	Register bool
	// Proxies are the carrier's registrars and proxies, "sip:HOST[:PORT][;transport=tcp]",
	// the most wanted first. A host without a port is looked up by NAPTR and SRV, and each
	// address found counts as one more.
	Proxies []string
	Domain  string      // of the account and of called numbers; default: the first proxy's host
	User    string      // the account
	Auth    Credentials // User defaults to the account's
	// Expires is the time of a registration asked for. Default 5 min.
	Expires time.Duration
	// Addresses are where the carrier's calls come from, beside its proxies and, of
	// a registration, whoever knows the token in our Contact.
	Addresses []netip.Prefix
	// Inbound maps called numbers, or beginnings of them, to lines; the longest
	// counts, "*" takes the rest.
	Inbound map[string]string
	// Outbound says which numbers go this way; the longest Match counts. Without
	// rules the trunk takes no calls out.
	Outbound []OutboundRule
	// CallerNumber is shown for calls whose own number may not be. Default: User.
	CallerNumber string
	// CallerNumbers may be shown beside it: numbers, or beginnings that end in "*".
	CallerNumbers  []string
	CallerStyle    CallerStyle
	Channels       int     // calls at once, in and out; 0: no limit
	CallsPerSecond float64 // set-ups out; 0: no limit
	Priority       int     // among trunks whose rules fit alike the lowest is first
	// Costs are prices of a started minute, by the beginning of the number in normal
	// form; the longest counts.
	Costs map[string]float64
	// OptionsInterval is the pause between two questions (OPTIONS) whether the
	// carrier is there. Default 30 s; negative: it is never asked.
	OptionsInterval time.Duration
	Media           TrunkMedia
}

// OutboundRule sends numbers to a trunk.
type OutboundRule struct {
	Match string // beginning of the number in normal form, "+8621"; "" for any
	Strip int    // characters taken from its front, the "+" counted
	Add   string // put in front then
}

// TrunkMedia is what a carrier wants of session descriptions; this package only
// passes it on.
type TrunkMedia struct {
	Codecs []string // by name, the most wanted first
	InBand bool     // keys are tones in the sound
	Info   bool     // keys are sent by INFO
}

// CallerStyle is how a carrier wants to be told the caller's number.
type CallerStyle string

// The styles.
const (
	CallerAsserted CallerStyle = "pai"     // in From and P-Asserted-Identity (RFC 3325); the default
	CallerFrom     CallerStyle = "from"    // in From alone
	CallerAccount  CallerStyle = "account" // in P-Asserted-Identity, while From names the account
	CallerRemote   CallerStyle = "rpid"    // in From and Remote-Party-ID, for old equipment
)

// Trunks are the ways to the telephone network: they are kept registered and
// watched while Run runs; Dial sends calls out, Admit tells whose calls come in. Renew
// changes which there are while calls go on.
type Trunks struct {
	s       *Server
	rules   Policy
	log     *slog.Logger
	all     atomic.Pointer[[]*trunk]
	policy  atomic.Pointer[tollGuard]
	renewal sync.Mutex    // one at a time
	renewed chan struct{} // tells Run that the trunks are others

	mu       sync.Mutex // guards what follows
	onChange []func(TrunkState)
	legs     map[*Leg]*trunkLeg
}

// TrunkState is how a trunk does.
type TrunkState struct {
	Name        string
	Kind        string    // "register" or "static"
	Up          bool      // calls can go out
	Registered  bool      // of Kind register
	Until       time.Time // the registration's end
	Proxy       string    // the address in use
	LastError   string    // what last went wrong; "" once it goes well again
	Since       time.Time // of Up being what it is
	Resting     time.Time // out of use until then, as the carrier asked (503 with Retry-After)
	Channels    int       // calls now, in and out
	MaxChannels int       // 0: no limit
	RTT         time.Duration
	Inbound     int64         // calls that came in since the start
	Calls       int64         // calls out since the start
	Answered    int64         // of these
	Failed      int64         // of these, for a fault of the trunk
	Talked      time.Duration // of the answered ones that have ended
}

// ASR is the share of calls out that were answered (answer-seizure ratio), of 1.
func (st TrunkState) ASR() float64 {
	if st.Calls == 0 {
		return 0
	}
	return float64(st.Answered) / float64(st.Calls)
}

// ACD is how long an answered call out lasts on average (average call duration).
func (st TrunkState) ACD() time.Duration {
	if st.Answered == 0 {
		return 0
	}
	return st.Talked / time.Duration(st.Answered)
}

// NewTrunks makes the trunks of a server; p is the rule for calls out. Errors say
// which trunk and field is wrong.
func NewTrunks(s *Server, configs []TrunkConfig, p Policy, log *slog.Logger) (*Trunks, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Trunks{s: s, rules: p, log: log, legs: make(map[*Leg]*trunkLeg), renewed: make(chan struct{}, 1)}
	if t.rules.Plan == nil {
		t.rules.Plan = PlainNumber
	}
	if t.rules.Ledger == nil {
		t.rules.Ledger = NewMemoryLedger()
	}
	t.all.Store(&[]*trunk{})
	return t, t.Renew(configs)
}

func (t *Trunks) list() []*trunk { return *t.all.Load() }

// Len is how many trunks there are.
func (t *Trunks) Len() int {
	if t == nil {
		return 0
	}
	return len(t.list())
}

func (t *Trunks) guard() *tollGuard { return t.policy.Load() }

// States are all trunks, in the order of the settings.
func (t *Trunks) States() []TrunkState {
	out := make([]TrunkState, 0, len(t.list()))
	for _, x := range t.list() {
		out = append(out, x.state())
	}
	return out
}

// OnChange calls f when a trunk comes up, goes down, registers or loses its
// registration. f must not block.
func (t *Trunks) OnChange(f func(TrunkState)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onChange = append(t.onChange, f)
}

func (t *Trunks) changed(st TrunkState) {
	t.mu.Lock()
	hear := slices.Clone(t.onChange)
	t.mu.Unlock()
	t.log.Info("trunk_state", "trunk", st.Name, "up", st.Up, "registered", st.Registered, "proxy", st.Proxy, "error", st.LastError)
	for _, f := range hear {
		f(st)
	}
}

// Media is what a trunk wants of session descriptions.
func (t *Trunks) Media(name string) TrunkMedia {
	for _, x := range t.list() {
		if x.cfg().Name == name {
			return x.cfg().Media
		}
	}
	return TrunkMedia{}
}

// Of is the trunk that a leg goes over, in or out; "" when none, or when the leg
// has ended.
func (t *Trunks) Of(l *Leg) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.legs[l]; x != nil {
		return x.trunk.cfg().Name
	}
	return ""
}

// trunk is one carrier at work.
type trunk struct {
	home  *Trunks
	s     *Server
	set   atomic.Pointer[trunkSettings]
	plan  NumberPlan
	token string        // in our Contact: who knows it is the carrier
	poke  chan struct{} // ask whether it is there, soon
	lost  chan struct{} // register again, soon
	quiet atomic.Bool   // nobody is told how it does: it was taken away, or is only tried

	mu                               sync.Mutex // guards what follows
	up                               bool       // as last told to others
	signedIn                         bool       // as last told to others
	since                            time.Time
	registered                       bool
	until                            time.Time
	health                           health
	rest                             time.Time
	lastError                        string
	rtt                              time.Duration
	resolved                         []hop
	current                          int // of resolved
	looked                           time.Time
	known                            map[netip.Addr]time.Time
	channels                         int
	next                             time.Time // when the rate allows the next set-up
	inbound, calls, answered, failed int64
	talked                           time.Duration
}

// trunkSettings are a trunk's settings with what was left out; they never change.
type trunkSettings struct {
	TrunkConfig

	hops []sip.Uri
}

// cfg are the settings of the moment.
func (x *trunk) cfg() *trunkSettings { return x.set.Load() }

func newTrunk(home *Trunks, set *trunkSettings) *trunk {
	x := &trunk{
		home: home, s: home.s, plan: home.rules.Plan, token: sip.GenerateTagN(16), poke: make(chan struct{}, 1), lost: make(chan struct{}, 1),
		known: make(map[netip.Addr]time.Time), since: time.Now(), health: health{unwatched: set.OptionsInterval < 0},
	}
	x.set.Store(set)
	x.up = x.isUp(time.Now())
	return x
}

// settings checks a trunk's settings and fills what they leave out.
func (t *Trunks) settings(c TrunkConfig) (*trunkSettings, error) {
	x := &trunkSettings{}
	if c.Name == "" {
		return nil, errors.New("it has no name")
	}
	if len(c.Proxies) == 0 {
		return nil, errors.New("no proxy: name the carrier's server, sip:HOST")
	}
	for _, p := range c.Proxies {
		u, err := hopURI(p)
		if err != nil {
			return nil, err
		}
		x.hops = append(x.hops, u)
	}
	if c.Domain == "" {
		c.Domain = hostPortOf(&x.hops[0])
	}
	if c.Register && c.User == "" {
		return nil, errors.New("no user: a registration needs the account's name")
	}
	if strings.ContainsAny(c.Domain+c.User+c.CallerNumber, " <>\"\r\n;?") || strings.Contains(c.Domain, "@") {
		return nil, errors.New("domain, user and caller number must be plain words")
	}
	switch c.CallerStyle {
	case "":
		c.CallerStyle = CallerAsserted
	case CallerAsserted, CallerFrom, CallerAccount, CallerRemote:
	default:
		return nil, fmt.Errorf("caller style %q is none of pai, from, account, rpid", c.CallerStyle)
	}
	for _, r := range c.Outbound {
		if r.Strip < 0 || r.Strip > 0 && r.Strip > len(r.Match) {
			return nil, fmt.Errorf("outbound %q: strip %d takes more than the rule matches", r.Match, r.Strip)
		}
		if strings.Trim(r.Add, "+*#0123456789") != "" {
			return nil, fmt.Errorf("outbound %q: add %q is no part of a number", r.Match, r.Add)
		}
	}
	if c.Channels < 0 || c.CallsPerSecond < 0 {
		return nil, errors.New("channels and calls per second cannot be negative")
	}
	for prefix, price := range c.Costs {
		if price < 0 {
			return nil, fmt.Errorf("cost of %q: %v is negative", prefix, price)
		}
	}
	c.Auth.User = cmp.Or(c.Auth.User, c.User)
	c.CallerNumber = cmp.Or(c.CallerNumber, c.User)
	c.Expires = cmp.Or(c.Expires, 5*time.Minute)
	c.OptionsInterval = cmp.Or(c.OptionsInterval, 30*time.Second)
	inbound := make(map[string]string, len(c.Inbound))
	for number, line := range c.Inbound {
		inbound[t.rules.Plan(number).Text] = line
	}
	c.Inbound = inbound
	x.TrunkConfig = c
	return x, nil
}

func (x *trunk) kind() string {
	if x.cfg().Register {
		return "register"
	}
	return "static"
}

// isUp needs x.mu.
func (x *trunk) isUp(now time.Time) bool {
	if x.cfg().Register && (!x.registered || now.After(x.until)) {
		return false
	}
	return (x.cfg().Register && !x.health.asked || x.health.ok()) && !now.Before(x.rest)
}

func (x *trunk) state() TrunkState {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stateLocked(time.Now())
}

// stateLocked needs x.mu.
func (x *trunk) stateLocked(now time.Time) TrunkState {
	st := TrunkState{
		Name: x.cfg().Name, Kind: x.kind(), Up: x.isUp(now), Registered: x.registered && now.Before(x.until), Until: x.until,
		LastError: x.lastError, Since: x.since, Channels: x.channels, MaxChannels: x.cfg().Channels, RTT: x.rtt,
		Inbound: x.inbound, Calls: x.calls, Answered: x.answered, Failed: x.failed, Talked: x.talked,
	}
	if x.rest.After(now) {
		st.Resting = x.rest
	}
	if len(x.resolved) > 0 {
		st.Proxy = x.resolved[x.current%len(x.resolved)].String()
	} else {
		st.Proxy = x.cfg().Proxies[0]
	}
	return st
}

// update changes the trunk's state and tells others when it is another one then.
func (x *trunk) update(change func(now time.Time)) {
	now := time.Now()
	x.mu.Lock()
	change(now)
	st := x.stateLocked(now)
	turned := st.Up != x.up || st.Registered != x.signedIn
	if st.Up != x.up {
		x.up, x.since, st.Since = st.Up, now, now
	}
	x.signedIn = st.Registered
	x.mu.Unlock()
	if turned && !x.quiet.Load() {
		x.home.changed(st)
	}
}

// soon makes the watch ask at once.
func (x *trunk) soon() {
	select {
	case x.poke <- struct{}{}:
	default:
	}
}
