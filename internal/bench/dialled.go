package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/campaigns"
	"hotline/internal/seal"
	"hotline/internal/stand"
	"hotline/internal/store/storetest"
	"hotline/sip/siptest/network"
)

// dialled is how hard campaigns dial: one whose people talk, and one whose people are
// busy or decline, so that there are as many calls at once as wanted and as many begun.
type dialled struct {
	name          string
	talk, brief   campaigns.Limits
	wantAtOnce    int
	wantPerSecond float64
	by            Recognition
	nodes         int // 1: SQLite, more: PostgreSQL
}

// The marks of the issue: 100 calls at once and 20 begun a second with recognition
// elsewhere, 40 and 4 with the server's own. Talks of 16 to 20 s make a third to a half of
// what is wanted each second; the brief calls come on top, of which there may be so many at
// once that it is their rate that bounds them: what one leaves free is used a second later.
var dialling = map[string]dialled{
	"campaign": {
		name: "embedded store, recognition elsewhere", by: ByReplay, nodes: 1, wantAtOnce: 100, wantPerSecond: 20,
		talk: campaigns.Limits{Concurrency: 100, PerSecond: 10}, brief: campaigns.Limits{Concurrency: 40, PerSecond: 15},
	},
	"campaign_worker": {
		name: "embedded store, own recogniser", by: ByWorker, nodes: 1, wantAtOnce: 40, wantPerSecond: 4,
		talk: campaigns.Limits{Concurrency: 40, PerSecond: 4}, brief: campaigns.Limits{Concurrency: 10, PerSecond: 2.5},
	},
	"campaign_nodes": {
		name: "PostgreSQL, two nodes, recognition elsewhere", by: ByReplay, nodes: 2, wantAtOnce: 100, wantPerSecond: 20,
		talk: campaigns.Limits{Concurrency: 100, PerSecond: 10}, brief: campaigns.Limits{Concurrency: 40, PerSecond: 15},
	},
}

const (
	greetingSaid = "您好，我是优选商城的智能助手，通话会录音。您的包裹明天上午送到，请问您方便收货吗？"
	dialledFor   = time.Minute
	// What is measured begins when calls stand as they will: the first greeting has been
	// made, and the first talks have ended.
	dialledRamp = 30 * time.Second
)

// dial measures campaigns that call a simulated network.
func (b *Bench) dial(ctx context.Context, d dialled) (err error) {
	hold, ramp := dialledFor, dialledRamp
	if b.cfg.Quick {
		hold, ramp = 10*time.Second, 15*time.Second
		d.talk, d.brief = campaigns.Limits{Concurrency: 8, PerSecond: 2}, campaigns.Limits{Concurrency: 4, PerSecond: 2}
		d.wantAtOnce, d.wantPerSecond = 6, 2
	}
	list := make([]question, 0, 16)
	for _, text := range network.Texts("zh") {
		list = append(list, question{language: "zh", text: text})
	}
	if err := speak(ctx, list, filepath.Join(b.cfg.Cache, "callers"), b.server.Worker(), b.voiced); err != nil {
		return err
	}
	sounds := map[string][]int16{}
	for _, q := range list {
		sounds[q.text] = q.samples
	}
	phones, err := network.Start(network.Config{Seed: 1, Manner: mannerOf, Say: func(text string) []int16 { return sounds[text] }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, phones.Close()) }()
	f, err := b.startFleet(ctx, d, list, phones.Addr())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	first := f.nodes[0]
	contacts := int((hold+ramp).Seconds()+30) * 20
	for i, limits := range []campaigns.Limits{d.talk, d.brief} {
		if err := beginCampaign(ctx, first, campaignIDs[i], limits, contacts); err != nil {
			return err
		}
	}
	if err := sleep(ctx, ramp); err != nil {
		return err
	}
	err = b.printDialled(d, b.watchCalls(ctx, f, phones, hold), phones.Calls()) // what was measured is told even if they cannot be stopped
	for _, id := range campaignIDs {
		if status, answer, failed := first.Post(ctx, "/api/v1/campaigns/"+id+"/stop", map[string]any{"hang_up": true}); failed != nil || status >= 300 {
			return errors.Join(err, failed, fmt.Errorf("stop campaign %s: %d %s", id, status, answer))
		}
	}
	return err
}

var campaignIDs = []string{"talks", "brief"}

// prefixes of the numbers of the two campaigns.
var campaignNumbers = map[string]string{"talks": "138", "brief": "139"}

// mannerOf has the brief campaign's numbers be busy or decline.
func mannerOf(number string, _ int) network.Manner {
	switch {
	case !strings.HasPrefix(number, "+86"+campaignNumbers["brief"]):
		return network.Talks
	case number[len(number)-1]%2 == 0:
		return network.Busy
	default:
		return network.Declines
	}
}

// fleet is the servers that dial, and what they need.
type fleet struct {
	nodes []*stand.Stand
	pids  []int // of the servers
	all   []int // of everything that belongs to the measurement
	ends  []func() error
}

func (f *fleet) stop() error {
	var errs []error
	for _, end := range slices.Backward(f.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

func (b *Bench) startFleet(ctx context.Context, d dialled, list []question, carrier string) (f *fleet, err error) {
	f = &fleet{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop())
		}
	}()
	dir, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return f, err
	}
	f.ends = append(f.ends, func() error { return os.RemoveAll(dir) })
	var env []string
	if d.nodes > 1 {
		server, err := storetest.Start(ctx)
		if err != nil {
			return f, err
		}
		f.ends = append(f.ends, server.Stop)
		url, err := server.Database(ctx)
		if err != nil {
			return f, err
		}
		key := filepath.Join(dir, "master.key")
		if _, _, err := seal.LoadOrCreate(key); err != nil {
			return f, err
		}
		env = append(env, "HOTLINE_DATABASE_URL="+url, "HOTLINE_MASTER_KEY_FILE="+key)
	}
	if d.by == ByReplay {
		r, err := b.startReplay(ctx, dir, list)
		if err != nil {
			return f, err
		}
		f.ends = append(f.ends, func() error { r.stop(); return nil })
		f.all = append(f.all, r.pid())
		env = append(env, "HOTLINE_SPEECH_URLS="+r.url, fmt.Sprintf("HOTLINE_SPEECH_WORKERS=%d", remotePlaces))
	}
	settings := filepath.Join(dir, "hotline.yaml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, `trunks:
  - name: carrier
    kind: static
    proxy: sip:%s
    caller_number: "02112345678"
    outbound: [{match: "+86"}]
    options_interval: 2s
outbound: {country: CN, max_calls_per_minute: 0, max_calls_per_day: 0, max_same_number_per_hour: 0}
`, carrier), 0o600); err != nil {
		return f, err
	}
	folders, err := stand.Business(dir, nil, b.cfg.Business)
	if err != nil {
		return f, err
	}
	for i := range d.nodes {
		data := filepath.Join(dir, fmt.Sprintf("data%d", i+1))
		if err := copySpeech(filepath.Join(b.cfg.Cache, "speech"), filepath.Join(data, "speech")); err != nil {
			return f, err
		}
		if err := os.MkdirAll(data, 0o700); err != nil {
			return f, err
		}
		s, err := stand.Start(ctx, stand.Config{
			Binary: b.cfg.Binary, Business: folders, Data: data, Ports: rtpPorts, Settings: settings,
			Env: append(append(slices.Clone(b.cfg.Settings), env...), fmt.Sprintf("HOTLINE_DATABASE_NODE=node%d", i+1)),
		})
		if err != nil {
			return f, err
		}
		f.nodes, f.ends, f.pids = append(f.nodes, s), append(f.ends, s.Stop), append(f.pids, s.PID())
		f.all = append(f.all, s.PIDs()...)
	}
	for _, s := range f.nodes {
		if err := settle(ctx, s); err != nil {
			return f, err
		}
	}
	return f, nil
}

// noon is a time zone in which it is about noon, so that people may be called.
func noon() string {
	h := time.Now().UTC().Hour() - 12
	if h == 0 {
		return "Etc/GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", h) // these count westwards
}

// beginCampaign makes a campaign, brings it contacts and starts it.
func beginCampaign(ctx context.Context, s *stand.Stand, id string, limits campaigns.Limits, contacts int) error {
	if err := makeCampaign(ctx, s, id, limits); err != nil {
		return err
	}
	text := &strings.Builder{}
	text.WriteString("手机号,时区\n")
	for i := range contacts {
		fmt.Fprintf(text, "%s%08d,%s\n", campaignNumbers[id], i, noon())
	}
	if _, err := sendContacts(ctx, s, id, "contacts.csv", strings.NewReader(text.String())); err != nil {
		return err
	}
	status, answer, err := s.Post(ctx, "/api/v1/campaigns/"+id+"/start", map[string]any{})
	if err != nil || status >= 300 {
		return errors.Join(err, fmt.Errorf("start campaign %s: %d %s", id, status, answer))
	}
	return nil
}

func makeCampaign(ctx context.Context, s *stand.Stand, id string, limits campaigns.Limits) error {
	status, answer, err := s.Post(ctx, "/api/v1/campaigns", campaigns.Campaign{
		ID: id, Name: id, Purpose: campaigns.Service, Mode: campaigns.Agentless, Order: campaigns.AsListed,
		From: "02112345678", Ring: 10 * time.Second, Attempts: 1, Concurrency: limits.Concurrency, PerSecond: limits.PerSecond,
		Variants: []campaigns.Variant{{Name: "a", Weight: 1, Greeting: greetingSaid}},
	})
	if err != nil || status >= 300 {
		return errors.Join(err, fmt.Errorf("make campaign %s: %d %s", id, status, answer))
	}
	return nil
}

// importLimit is how long a file may take.
const importLimit = 20 * time.Minute

// imported is what the server says of a file.
type imported struct {
	Rows  int `json:"rows"`
	Added int `json:"added"`
	Bad   int `json:"bad"`
}

// sendContacts brings a file as a browser does.
func sendContacts(ctx context.Context, s *stand.Stand, id, name string, file io.Reader) (rep imported, err error) {
	ctx, cancel := context.WithTimeout(ctx, importLimit)
	defer cancel()
	body, to := io.Pipe()
	form := multipart.NewWriter(to)
	var wg sync.WaitGroup
	wg.Go(func() {
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, file)
		}
		_ = to.CloseWithError(errors.Join(err, form.Close()))
	})
	defer wg.Wait()
	defer func() { _ = body.Close() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Web+"/api/v1/campaigns/"+id+"/contacts/import?language=zh", body)
	if err != nil {
		return rep, err
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return rep, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return rep, err
	}
	if resp.StatusCode >= 300 {
		return rep, fmt.Errorf("bring contacts: %s: %s", resp.Status, first(string(answer), 500))
	}
	return rep, json.Unmarshal(answer, &rep)
}

// watched is what was seen while campaigns dialled.
type watched struct {
	from, to time.Time
	open     []float64 // calls at once, sampled
	used     time.Duration
	bench    time.Duration
	others   float64
}

func (b *Bench) watchCalls(ctx context.Context, f *fleet, phones *network.Network, hold time.Duration) (m watched) {
	all := append(slices.Clone(f.all), b.server.PIDs()...)
	cpu := func() (sum time.Duration) {
		for _, p := range f.pids {
			sum += cpuTime(p)
		}
		return sum
	}
	before, was, own := cpu(), readUsage(all...), cpuTime(os.Getpid())
	m.from = time.Now()
	for time.Since(m.from) < hold && sleep(ctx, 100*time.Millisecond) == nil {
		now, _ := phones.Open()
		m.open = append(m.open, float64(now))
	}
	m.to = time.Now()
	m.used, m.bench, m.others = cpu()-before, cpuTime(os.Getpid())-own, readUsage(all...).others(was)
	return m
}

func (b *Bench) printDialled(d dialled, m watched, calls []network.Call) error {
	begun, lost, unspoken := 0, 0, 0
	var answers, lasted []float64
	at := map[string][]time.Time{}
	for _, c := range calls {
		which := campaignIDs[0]
		if strings.HasPrefix(c.Number, "+86"+campaignNumbers["brief"]) {
			which = campaignIDs[1]
		}
		at[which] = append(at[which], c.At)
		if c.At.Before(m.from) || !c.At.Before(m.to) {
			continue
		}
		begun++
		if c.By == "lost" {
			lost++
		}
		if c.Answered.IsZero() || c.Ended.IsZero() || c.Ended.After(m.to) { // those are not over
			continue
		}
		lasted = append(lasted, c.Ended.Sub(c.Answered).Seconds())
		if c.FirstVoiceMS == 0 {
			unspoken++
			continue
		}
		answers = append(answers, float64(c.FirstVoiceMS))
	}
	seconds := m.to.Sub(m.from).Seconds()
	perSecond := round1(float64(begun) / seconds)
	n := len(answers)
	spoke, open, lasting := spread(answers), spread(slices.Clone(m.open)), spread(lasted)
	over := map[string]float64{
		"over_per_second": overRate(at[campaignIDs[0]], d.talk.PerSecond) + overRate(at[campaignIDs[1]], d.brief.PerSecond),
		"over_at_once":    max(0, open.Max-float64(d.talk.Concurrency+d.brief.Concurrency)),
		"lost":            float64(lost), "unspoken": float64(unspoken),
		"short_of_calls": max(0, round1(float64(d.wantAtOnce)*0.95-open.P50)), "short_of_rate": max(0, round1(d.wantPerSecond*0.95-perSecond)),
	}
	l := Line{
		Bench: "campaign", Calls: d.wantAtOnce, N: n, MS: &spoke, Others: m.others,
		Marks: map[string]float64{"over_per_second": 0, "over_at_once": 0, "lost": 0, "unspoken": 0, "short_of_calls": 0, "short_of_rate": 0},
		More: map[string]any{
			"line": d.name, "begun_per_second": perSecond, "at_once": open, "talk_s": lasting, "begun": begun,
			"lost": lost, "unspoken": unspoken, "over_per_second": over["over_per_second"], "over_at_once": over["over_at_once"],
			"server_cores": cores(m.used, m.to.Sub(m.from)), "network_cores": cores(m.bench, m.to.Sub(m.from)),
		},
	}
	l.judge(over)
	return b.print(l)
}

// overRate is by how many calls a rate was passed at most: in no ten seconds may there be
// more than ten seconds' worth, and what gathers in one second before.
func overRate(at []time.Time, perSecond float64) float64 {
	const window = 10
	slices.SortFunc(at, time.Time.Compare)
	worst, first := 0.0, 0
	for i, t := range at {
		for t.Sub(at[first]) > window*time.Second {
			first++
		}
		// The first of them may have been under way for a while longer than the last.
		worst = max(worst, float64(i-first+1)-window*perSecond-max(1, perSecond)-1)
	}
	return max(0, round1(worst))
}
