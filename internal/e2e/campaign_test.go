package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound/outboundtest"
	"hotline/internal/rehearse"
	"hotline/internal/seal"
	"hotline/internal/stand"
	"hotline/internal/store"
	"hotline/internal/store/storetest"
	"hotline/internal/testdata"
	"hotline/sip/siptest/network"
)

// The greetings of the trials.
const (
	briefZh  = "您好，我是智能助手，通话会录音。包裹明天送到。"
	noticeZh = "您好，我是云上商城的智能助手，通话会录音。您的包裹明天送到，不想再接这类电话，请按九。"
	noticeEn = "Hi, this is the automated assistant of Cloud Lane, on a recorded line. Your parcel comes tomorrow."
	leftZh   = "您好，我是云上商城的智能助手。您的包裹明天送到，不用回电。"
)

// trial is a campaign against the simulated network, and how it is disturbed.
type trial struct {
	t      *testing.T
	phones *network.Network
	db     *store.Store
	nodes  []*stand.Stand
	server string // of the database, "" where it is a file, which cannot be down
	// calendar is the file of a rehearsal, "" in real time: then who asked to be called
	// later is not waited for.
	calendar string
	leaps    []outboundtest.Leap
	troubles []outboundtest.Span
	running  []campaigns.Campaign
	rules    map[string]outboundtest.Rules
	kills    int
}

// trialConfig says how a trial is set up.
type trialConfig struct {
	database string // "" is SQLite
	nodes    int
	contacts int
	seed     uint64
	longest  time.Duration // of a call; 0 is the network's own
	from     time.Time     // the calendar's first moment; zero: real time
	english  bool
	outbound string                                       // settings of calls out; "" bounds nothing
	manner   func(number string, call int) network.Manner // nil: the network draws it
}

func newTrial(t *testing.T, c trialConfig) *trial {
	t.Helper()
	x := &trial{t: t, server: c.database, rules: map[string]outboundtest.Rules{}}
	sounds, replay := recognised(t, c.english)
	var err error
	x.phones, err = network.Start(network.Config{Seed: c.seed, Longest: c.longest, Manner: c.manner, Say: func(text string) []int16 { return sounds[text] }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.phones.Close()) })
	dir := t.TempDir()
	if !c.from.IsZero() {
		x.calendar = filepath.Join(dir, "calendar")
		x.leap(time.Until(c.from))
	}
	key := filepath.Join(dir, "master.key")
	sealer, _, err := seal.LoadOrCreate(key)
	require.NoError(t, err)
	url := c.database
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "hotline.db")
	}
	settings := fmt.Sprintf(`trunks:
  - name: carrier
    kind: static
    proxy: sip:%s
    caller_number: "02112345678"
    outbound: [{match: "+86"}, {match: "+1"}]
    options_interval: 2s
outbound: {country: CN, allow: ["+86", "+1"], max_same_number_per_hour: 0, %s}
call: {silence: 4s, record: false, drain: 1s}
`, x.phones.Addr(), cmp.Or(c.outbound, "max_calls_per_minute: 0, max_calls_per_day: 0"))
	for i := range c.nodes {
		x.nodes = append(x.nodes, trunked(t, settings, func(s *stand.Config) {
			s.Env = []string{
				"HOTLINE_DATABASE_URL=" + url, fmt.Sprintf("HOTLINE_DATABASE_NODE=node%d", i+1), "HOTLINE_MASTER_KEY_FILE=" + key,
				"HOTLINE_SPEECH_URLS=" + replay,
			}
			if x.calendar != "" {
				s.Binary = rehearsal(t)
				s.Env = append(s.Env, rehearse.Variable+"="+x.calendar)
			}
			if c.english {
				s.Business = append(s.Business, filepath.Join(filepath.Dir(s.Business[0]), "retail-en"))
			}
		}))
	}
	x.db, err = store.Open(t.Context(), store.Config{URL: url, Sealer: sealer, Node: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.db.Close()) })
	return x
}

// rehearsal is the program whose calendar leaps.
func rehearsal(t *testing.T) string {
	t.Helper()
	p := os.Getenv("HOTLINE_REHEARSAL")
	if p == "" {
		p = filepath.Join(testdata.Root(t), "bin", "hotline-rehearsal")
	}
	if _, err := os.Stat(p); err != nil {
		missing(t, "bin/hotline-rehearsal (make rehearsal)")
	}
	return p
}

// now is the calendar's time.
func (x *trial) now() time.Time {
	if len(x.leaps) == 0 {
		return time.Now()
	}
	return time.Now().Add(x.leaps[len(x.leaps)-1].Ahead).Round(0)
}

func (x *trial) leap(ahead time.Duration) {
	x.t.Helper()
	x.leaps = append(x.leaps, outboundtest.Leap{At: time.Now(), Ahead: ahead})
	require.NoError(x.t, rehearse.Leap(x.calendar, ahead))
}

// add starts a campaign with contacts and says what the checker is to hold it to.
func (x *trial) add(c campaigns.Campaign, list []campaigns.Contact, rules outboundtest.Rules) {
	x.t.Helper()
	ctx := x.t.Context()
	c.Mode, c.Order, c.From, c.Ring = campaigns.Agentless, campaigns.AsListed, "02112345678", 4*time.Second
	c, err := x.db.AddCampaign(ctx, c)
	require.NoError(x.t, err)
	for some := range slices.Chunk(list, 500) {
		_, err = x.db.AddContacts(ctx, c.ID, some)
		require.NoError(x.t, err)
	}
	_, err = x.db.SetState(ctx, c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(x.t, err)
	rules.Attempts, rules.Callbacks, rules.AtOnce, rules.PerSecond = c.Attempts, 3, c.Concurrency, c.PerSecond
	x.running = append(x.running, c)
	x.rules[c.ID] = rules
}

// done tells whether all campaigns are.
func (x *trial) done() bool {
	for _, c := range x.running {
		now, err := x.db.Campaign(x.t.Context(), c.ID)
		if err != nil || now.State != campaigns.Done && (x.calendar != "" || !x.called(c)) {
			return false
		}
	}
	return true
}

// called tells whether nobody waits but who asked to be called later.
func (x *trial) called(c campaigns.Campaign) bool {
	busy, err := x.db.Busy(x.t.Context(), c.ID)
	if err != nil || busy > 0 {
		return false
	}
	waiting, err := x.db.Contacts(x.t.Context(), store.ContactFilter{Campaign: c.ID, State: campaigns.Waiting, Limit: 1000})
	return err == nil && !slices.ContainsFunc(waiting, func(k campaigns.Contact) bool { return !k.Callback })
}

// idle is how far the calendar may leap: nobody is due now.
func (x *trial) idle() (time.Duration, bool) {
	const step, farthest = 30 * time.Minute, 20 * 24 * time.Hour
	now := x.now()
	for d := time.Duration(0); d < farthest; d += step {
		for _, c := range x.running {
			due, err := x.db.Due(x.t.Context(), c.ID, nil, now.Add(d), 1)
			if err != nil {
				return 0, false
			}
			if len(due) > 0 {
				return d, d > 0
			}
		}
	}
	return 0, false
}

// until works until all campaigns are done, and lets the waiting pass in leaps.
func (x *trial) until(limit time.Duration) {
	x.t.Helper()
	end := time.Now().Add(limit)
	quiet := 0
	told := time.Now()
	for !x.done() {
		if !time.Now().Before(end) {
			for _, c := range x.running {
				now, err := x.db.Campaign(x.t.Context(), c.ID)
				counts, failed := x.db.Counts(x.t.Context(), c.ID)
				x.t.Logf("%s is %s: %v %v %v", c.ID, now.State, counts.States, err, failed)
			}
			require.FailNow(x.t, "the campaigns do not end", "within %v", limit)
		}
		time.Sleep(200 * time.Millisecond)
		if time.Since(told) > 30*time.Second {
			told = time.Now()
			open, _ := x.phones.Open()
			x.t.Logf("%s: %d calls so far, %d open, %d kills", x.now().UTC().Format("Mon 15:04"), len(x.phones.Calls()), open, x.kills)
		}
		if x.calendar == "" {
			continue
		}
		d, ok := x.idle()
		if !ok {
			quiet = 0
			continue
		}
		if quiet++; quiet >= 2 { // twice, so that what has just ended is on record
			x.leap(x.leaps[len(x.leaps)-1].Ahead + d)
			quiet = 0
		}
	}
}

// disturb kills nodes until it is stopped, which is to be before the test ends however it
// ends: one at a time, which comes back at once or, where another can take over, after it
// was taken for dead.
func (x *trial) disturb(every time.Duration) (stop func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(every/2 + rand.N(every)):
			}
			n := x.nodes[rand.IntN(len(x.nodes))]
			if !assert.NoError(x.t, n.Kill()) { //nolint:testifylint // not in the test's goroutine
				return
			}
			x.kills++
			if len(x.nodes) > 1 && x.kills%8 == 1 {
				select {
				case <-over:
				case <-time.After(40 * time.Second): // longer than a node may be silent
				}
			}
			if !assert.NoError(x.t, x.again(n)) {
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(over); wg.Wait() })
}

// again starts a killed node as the service's unit does: one that ends because its database
// is just down is started again after a moment.
func (x *trial) again(n *stand.Stand) (err error) {
	for range 10 {
		if err = n.Restart(context.WithoutCancel(x.t.Context())); err == nil || x.server == "" {
			return err
		}
		x.t.Logf("a killed node, started again: %v", err)
		time.Sleep(2 * time.Second) // RestartSec of deploy/hotline.service
	}
	return err
}

// log is what was left behind.
func (x *trial) log() outboundtest.Log {
	t := x.t
	t.Helper()
	var contacts []campaigns.Contact
	var attempts []campaigns.Attempt
	refusals := []store.RefusalRow{}
	for _, c := range x.running {
		for after := int64(0); ; {
			some, err := x.db.Contacts(t.Context(), store.ContactFilter{Campaign: c.ID, After: after, Limit: 1000})
			require.NoError(t, err)
			if len(some) == 0 {
				break
			}
			contacts, after = append(contacts, some...), some[len(some)-1].ID
		}
		for after := int64(0); ; {
			some, err := x.db.CampaignAttempts(t.Context(), c.ID, after, 1000)
			require.NoError(t, err)
			if len(some) == 0 {
				break
			}
			attempts, after = append(attempts, some...), some[len(some)-1].ID
		}
	}
	for _, k := range contacts {
		if k.Made == 0 {
			some, err := x.db.Refusals(t.Context(), k.ID)
			require.NoError(t, err)
			refusals = append(refusals, some...)
		}
	}
	suppressions, err := x.db.Suppressions(t.Context(), "", time.Time{}, 10000)
	require.NoError(t, err)
	// Those of the first moment are told by the clock of the test.
	l := outboundtest.Log{
		Leaps: x.leaps, Troubles: x.troubles, Rules: x.rules, PerDay: 3, PerWeek: 7, Zone: "Asia/Shanghai", Jitter: 500 * time.Millisecond,
	}
	require.NoError(t, l.Read(contacts, attempts, suppressions, refusals, x.phones.Calls()))
	return l
}

// check holds the log to the rules, and tells what was done.
func (x *trial) check() outboundtest.Log {
	t := x.t
	t.Helper()
	l := x.log()
	if dir := os.Getenv("HOTLINE_E2E_KEEP"); dir != "" {
		b, err := json.MarshalIndent(l, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".json"), b, 0o600))
	}
	manner := map[string]string{}
	for _, r := range l.Rings {
		manner[r.Number] = r.Manner
	}
	outcomes, states := map[string]int{}, map[string]int{}
	numbers := map[int64]string{}
	for _, k := range l.Contacts {
		states[k.State+" "+k.Reason]++
		numbers[k.ID] = k.Number
	}
	ends := map[string]map[string]int{}
	for _, a := range l.Attempts {
		outcomes[strings.TrimSpace(a.Outcome+" "+a.Kind)]++
		m := manner[numbers[a.Contact]]
		if ends[m] == nil {
			ends[m] = map[string]int{}
		}
		ends[m][a.Outcome]++
	}
	_, most := x.phones.Open()
	t.Logf("%d contacts, %d attempts, %d calls seen, %d at once at most, %d kills, %d leaps, %d times of trouble", len(l.Contacts), len(l.Attempts), len(l.Rings), most, x.kills, len(x.leaps), len(x.troubles))
	t.Logf("attempts: %v", outcomes)
	t.Logf("contacts: %v", states)
	for _, m := range slices.Sorted(maps.Keys(ends)) {
		t.Logf("  %-12s %v", m, ends[m])
	}
	x.mistaken(l, manner, numbers)
	wrong := outboundtest.Check(l)
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
	return l
}

// mistaken tells of some people who were taken for machines, and by what.
func (x *trial) mistaken(l outboundtest.Log, manner map[string]string, numbers map[int64]string) {
	x.t.Helper()
	told := 0
	for _, a := range l.Attempts {
		switch network.Manner(manner[numbers[a.Contact]]) {
		case network.Talks, network.Keys, network.SaysNo, network.PressesNo, network.AsksLater, network.AsksPerson, network.WrongPerson:
		default:
			continue
		}
		if (a.Outcome != "voicemail" && a.Outcome != "announcement" && a.Outcome != "menu") || !a.Answered || told >= 10 {
			continue
		}
		told++
		if r, err := x.db.Call(x.t.Context(), a.Call); err == nil {
			b, err := json.Marshal(r.AnsweredBy)
			x.t.Logf("  a person was taken for %s: %s %v", a.Outcome, b, err)
		}
	}
}

func zhNumber(i int) string { return fmt.Sprintf("+86138%08d", i) }

// Sixty people of all kinds are called, by a server that is killed in the middle. Only the
// intervals between attempts are short.
func TestCampaignCallsEverybodyOnce(t *testing.T) {
	x := newTrial(t, trialConfig{nodes: 1, seed: 7, longest: 16 * time.Second})
	// Where it is about noon now, so that it may be called at.
	zone := fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)
	if time.Now().UTC().Hour() == 12 {
		zone = "Etc/GMT"
	}
	// As many of each kind as there is room for.
	var list []campaigns.Contact
	want := map[network.Manner]int{}
	for i := 0; len(list) < 60; i++ {
		if m := x.phones.Manner(zhNumber(i), 1); want[m] < 4 {
			want[m]++
			list = append(list, campaigns.Contact{Number: zhNumber(i), Zone: zone})
		}
	}
	for _, i := range []int{11, 33} {
		require.NoError(t, x.db.Suppress(t.Context(), []campaigns.Suppression{{Number: list[i].Number, List: "own", How: "list"}}))
	}
	gap := map[string]time.Duration{"busy": 2 * time.Second, "no_answer": 2 * time.Second, "interrupted": time.Second, "silence": time.Second}
	x.add(campaigns.Campaign{
		ID: "notice", Name: "Delivery", Purpose: campaigns.Service, Line: "chinese", Concurrency: 40, PerSecond: 20, Attempts: 2, OptOut: "9",
		Variants: []campaigns.Variant{{Name: "a", Greeting: briefZh, Voicemail: briefZh}},
		Retry: map[campaigns.Outcome]campaigns.Retry{
			campaigns.Busy: {After: gap["busy"], Times: 1}, campaigns.NoAnswer: {After: gap["no_answer"], Times: 1}, campaigns.Interrupted: {After: gap["interrupted"], Times: 1},
			campaigns.Silence: {After: gap["silence"]}, campaigns.Declined: {}, campaigns.Voicemail: {}, campaigns.Failed: {}, campaigns.Menu: {}, campaigns.Screening: {},
		},
	}, list, outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, PerDay: 3})
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for open, _ := x.phones.Open(); open < 8 && t.Context().Err() == nil; open, _ = x.phones.Open() {
			time.Sleep(50 * time.Millisecond)
		}
		if assert.NoError(t, x.nodes[0].Kill()) {
			x.kills++
			assert.NoError(t, x.nodes[0].Restart(t.Context()))
		}
	}()
	x.until(4 * time.Minute)
	<-killed
	// Who asked for three o'clock waits for it.
	r := x.rules["notice"]
	r.Going = true
	x.rules["notice"] = r
	l := x.check()
	at, err := time.LoadLocation(zone)
	require.NoError(t, err)
	for _, k := range l.Contacts {
		if k.State == "waiting" { // by his own clock
			assert.Equal(t, "callback", k.Reason)
			assert.Equal(t, "15:00", k.Due.In(at).Format("15:04"))
		}
	}
	seen := map[string]int{}
	for _, a := range l.Attempts {
		seen[a.Outcome]++
	}
	for _, o := range []string{"busy", "no_answer", "declined", "interrupted", "person", "voicemail", "announcement"} {
		assert.Positive(t, seen[o], o)
	}
}

// Two thousand contacts on two nodes, four hundred on one, of three campaigns, in days
// that pass in leaps: nodes are killed every few seconds, the database is restarted, the
// trunk fails and comes back.
func TestCampaignThroughEverything(t *testing.T) {
	long(t)
	t.Run("sqlite", func(t *testing.T) { throughEverything(t, trialConfig{nodes: 1, contacts: 400}, nil) })
	t.Run("postgres", func(t *testing.T) {
		server, url := postgres(t)
		throughEverything(t, trialConfig{nodes: 2, contacts: 2000, database: url}, func() error { return server.Restart(context.WithoutCancel(t.Context()), 2*time.Second) })
	})
}

// postgres is a server of PostgreSQL until the test's end, and an empty database of it.
func postgres(t *testing.T) (server *storetest.Server, url string) {
	t.Helper()
	server, err := storetest.Start(t.Context())
	if errors.Is(err, storetest.ErrMissing) {
		missing(t, "postgresql")
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	url, err = server.Database(t.Context())
	require.NoError(t, err)
	return server, url
}

func throughEverything(t *testing.T, c trialConfig, restart func() error) {
	t.Helper()
	// Shanghai sleeps, New York goes shopping; in the night to Sunday its clocks go forward.
	c.from, c.english, c.seed, c.longest = time.Date(2027, 3, 13, 16, 0, 0, 0, time.UTC), true, 42, 25*time.Second
	x := newTrial(t, c)
	contacts := c.contacts
	if v := os.Getenv("HOTLINE_E2E_CONTACTS"); v != "" {
		_, err := fmt.Sscanf(v, "%d", &contacts)
		require.NoError(t, err)
	}
	gap := map[string]time.Duration{
		"busy": 15 * time.Minute, "no_answer": 2 * time.Hour, "silence": 2 * time.Hour, "screening": 2 * time.Hour, "voicemail": 19 * time.Hour, "menu": 24 * time.Hour,
		"declined": 24 * time.Hour, "abandoned": 72 * time.Hour, "failed": 10 * time.Minute, "interrupted": 30 * time.Minute,
	}
	holiday := time.Date(2027, 3, 16, 0, 0, 0, 0, time.UTC)
	var first, second, third []campaigns.Contact
	zones := []string{"", "", "", "Asia/Urumqi", "Asia/Kolkata", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles"}
	for i := range contacts * 11 / 20 {
		first = append(first, campaigns.Contact{Number: zhNumber(i), Zone: zones[i%len(zones)]})
	}
	for i := range contacts * 5 / 20 {
		second = append(second, campaigns.Contact{Number: fmt.Sprintf("+1617%07d", 2340000+i), Zone: "America/New_York"})
	}
	for i := range contacts - len(first) - len(second) { // whom the first calls too
		third = append(third, campaigns.Contact{Number: zhNumber(2 * i), Zone: first[2*i].Zone})
	}
	for i := 8; i < len(first); i += 50 {
		require.NoError(t, x.db.Suppress(t.Context(), []campaigns.Suppression{{Number: first[i].Number, List: "own", How: "list", At: x.now()}}))
	}
	parcel := campaigns.Campaign{
		ID: "parcel", Name: "Parcel", Purpose: campaigns.Service, Line: "chinese", Concurrency: 40, PerSecond: 10, Attempts: 4, Priority: 5, OptOut: "9",
		Variants: []campaigns.Variant{{Name: "a", Greeting: noticeZh, Voicemail: leftZh}},
		Windows:  campaigns.Windows{Holidays: []campaigns.Holiday{{Name: "a day off", First: holiday}}},
	}
	x.add(parcel, first, outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, Closed: []string{holiday.Format(time.DateOnly)}})
	x.add(campaigns.Campaign{
		ID: "english", Name: "Parcel", Purpose: campaigns.Service, Line: "english", Concurrency: 24, PerSecond: 6, Attempts: 3,
		Variants: []campaigns.Variant{{Name: "a", Greeting: noticeEn}}, Caps: campaigns.Caps{PerDay: 1},
	}, second, outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, PerDay: 1})
	x.add(campaigns.Campaign{
		ID: "survey", Name: "Survey", Purpose: campaigns.Survey, Line: "chinese", Concurrency: 16, PerSecond: 4, Attempts: 2,
		Variants: []campaigns.Variant{{Name: "a", Greeting: noticeZh}, {Name: "b", Greeting: noticeZh, Weight: 2}}, Caps: campaigns.Caps{PerWeek: 2},
	}, third, outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, PerWeek: 2})

	stop := x.disturb(20 * time.Second / time.Duration(c.nodes)) // each node lives for about as long as a call takes
	defer stop()
	var wg sync.WaitGroup
	over := make(chan struct{})
	when := func(calls int, do func()) bool {
		for len(x.phones.Calls()) < calls {
			select {
			case <-over:
				return false
			case <-time.After(100 * time.Millisecond):
			}
		}
		do()
		return true
	}
	fails := func(how network.Trouble, d time.Duration) func() {
		return func() {
			s := outboundtest.Span{From: x.now()}
			x.phones.Fail(how)
			time.Sleep(d)
			x.phones.Fail(network.Well)
			s.To = x.now()
			x.troubles = append(x.troubles, s)
		}
	}
	wg.Go(func() {
		_ = when(contacts/8, fails(network.Refuses, 20*time.Second)) &&
			when(contacts/4, func() {
				if restart != nil {
					assert.NoError(t, restart())
				}
			}) &&
			when(contacts/2, fails(network.Mute, 30*time.Second)) &&
			when(contacts*3/4, func() {
				if restart != nil {
					assert.NoError(t, restart())
				}
			})
	})
	quiet := sync.OnceFunc(func() { close(over); wg.Wait() })
	defer quiet()
	x.until(40 * time.Minute)
	quiet()
	stop()
	l := x.check()
	assert.Greater(t, x.kills, contacts/100)
	assert.Len(t, x.troubles, 2, "the trunk has failed twice")
	took := map[string]bool{}
	for _, a := range l.Attempts {
		took[a.Node] = true
	}
	assert.Len(t, took, len(x.nodes), "all nodes have worked")
}
