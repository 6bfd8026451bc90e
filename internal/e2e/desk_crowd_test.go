package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
	"hotline/sip/siptest"
)

const (
	crowdAgents  = 30
	crowdCallers = 100
)

// crowdVIP is the number of every tenth caller.
func crowdVIP(n int) string { return fmt.Sprintf("1380000%04d", n) }

// crowdOffice is the rules of an office of thirty: nobody meets the bot.
func crowdOffice() string {
	var b strings.Builder
	b.WriteString("queue:\n  wrap_up: 1s\n  max_wait: 20m\n  ring: 15s\n  no_answer: 2s\n  max_waiting: 200\n  head_start: {vip: 30s}\n")
	b.WriteString("  rollout: [{line: chinese, bot: 0}]\n  vip: [")
	for n := 0; n < crowdCallers; n += 10 {
		fmt.Fprintf(&b, "%q, ", crowdVIP(n))
	}
	b.WriteString("]\n")
	return b.String()
}

// crowdPeople are the agents of business.yaml.
func crowdPeople() string {
	var b strings.Builder
	b.WriteString("agents:\n")
	for n := 1; n <= crowdAgents; n++ {
		fmt.Fprintf(&b, "  - {name: agent%d, title: 坐席%d, languages: [zh, en]}\n", n, n)
	}
	return b.String()
}

// queueLog is what the server says of the queue, in order.
type queueLog struct {
	mu     sync.Mutex
	events []queueSaid
}

type queueSaid struct {
	Kind   string
	Waiter struct {
		Call     string    `json:"call"`
		Since    time.Time `json:"since"`
		Head     int64     `json:"head_start_s"`
		Offered  string    `json:"offered"`
		Declined int       `json:"declined"`
	} `json:"waiter"`
	Reason string `json:"reason"`
}

// follow reads the live events until ctx ends.
func (l *queueLog) follow(ctx context.Context, t *testing.T, s *stand.Stand, ready chan<- struct{}) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Web+"/api/v1/events?kinds=queue.entered,queue.offered,queue.left", nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if ready != nil { // the hello
			close(ready)
			ready = nil
		}
		var e struct {
			Kind string    `json:"kind"`
			Data queueSaid `json:"data"`
		}
		if json.Unmarshal([]byte(text), &e) != nil || !strings.HasPrefix(e.Kind, "queue.") {
			continue
		}
		e.Data.Kind = e.Kind
		l.mu.Lock()
		l.events = append(l.events, e.Data)
		l.mu.Unlock()
	}
}

// judge says where the order was not that of the rules: the one who is offered an agent
// has the earliest beginning, less his head start, of all who wait and are not offered
// one. Nobody is offered twice without having been refused in between.
func (l *queueLog) judge(t *testing.T) (most int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	rank := map[string]time.Time{}
	open := map[string]string{} // who is offered to whom
	declined := map[string]int{}
	for _, e := range l.events {
		w := e.Waiter
		switch e.Kind {
		case "queue.entered":
			rank[w.Call] = w.Since.Add(-time.Duration(w.Head) * time.Second)
			most = max(most, len(rank))
		case "queue.offered":
			mine, ok := rank[w.Call]
			require.True(t, ok, "%s is offered %s and does not wait", w.Call, w.Offered)
			if was := open[w.Call]; was != "" {
				assert.Greater(t, w.Declined, declined[w.Call], "%s has %s and is offered %s", w.Call, was, w.Offered)
			}
			for other, theirs := range rank {
				if _, taken := open[other]; !taken && other != w.Call && theirs.Before(mine) {
					t.Errorf("%s came before %s, who was there %v earlier", w.Call, other, mine.Sub(theirs))
				}
			}
			open[w.Call], declined[w.Call] = w.Offered, w.Declined
		case "queue.left":
			delete(rank, w.Call)
			delete(open, w.Call)
			assert.Equal(t, "answered", e.Reason, w.Call)
		}
	}
	assert.Empty(t, rank, "still waiting")
	return most
}

// crowdDesk is an agent's telephone under load. Every seventh offer it refuses.
type crowdDesk struct {
	t      *testing.T
	name   string
	ports  *media.Ports
	twice  int // offers while it was rung or talked
	served int
	offers int
}

func (d *crowdDesk) run(ctx context.Context, s *stand.Stand, ready func()) {
	p := siptest.New(d.t, s.SIP)
	defer p.Close()
	attend(ctx, d.t, p, d.name, ready, func(invite *siptest.Message) { d.take(ctx, p, invite) })
}

func (d *crowdDesk) take(ctx context.Context, p *siptest.Phone, invite *siptest.Message) {
	c := incoming(p, invite)
	if d.offers++; d.offers%7 == 0 {
		c.Respond(invite, 486, "Busy Here", "")
		return
	}
	c.Ring()
	session, answer, err := soundOf(invite, d.ports, nil)
	if err != nil {
		d.t.Error(err)
		return
	}
	talking, cancel := context.WithTimeout(ctx, time.Duration(4+d.offers%3)*time.Second)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = session.Run(talking) })
	c.Respond(invite, 200, "OK", answer)
	for {
		m := p.NextUntil(talking)
		switch {
		case m == nil:
			c.Bye()
			d.served++
			return
		case m.Method() == "ACK" || m.Status() != 0 || m.Copy > 1:
		case m.Method() == "BYE" && m.Get("Call-ID") == c.CallID:
			c.Respond(m, 200, "OK", "")
			d.served++
			return
		case m.Method() == "INVITE" && m.Get("Call-ID") != c.CallID:
			d.twice++
			c.Respond(m, 486, "Busy Here", "")
		default:
			c.Respond(m, 200, "OK", "")
		}
	}
}

// A hundred callers want a person at once, thirty agents are there, who talk for some
// seconds, refuse now and then and need a second afterwards. Every caller speaks with one
// agent, no agent has two, VIPs go before others and nobody before his turn.
func TestHundredCallersThirtyAgents(t *testing.T) {
	long(t)
	s := staffedOffice(t, crowdPeople(), crowdOffice())
	logs(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer func() { cancel(); wg.Wait() }()
	said, ready := &queueLog{}, make(chan struct{})
	wg.Go(func() { said.follow(ctx, t, s, ready) })
	<-ready
	ports := media.NewPorts(netip.MustParseAddr("127.0.0.1"), 50000, 59999)
	desks := make([]*crowdDesk, crowdAgents)
	var agents sync.WaitGroup
	deskCtx, closeDesks := context.WithCancel(ctx)
	defer closeDesks()
	at := func(i int) {
		var there sync.WaitGroup
		there.Add(1)
		agents.Go(func() { desks[i].run(deskCtx, s, there.Done) })
		there.Wait()
	}
	for i := range desks {
		desks[i] = &crowdDesk{t: t, name: fmt.Sprintf("agent%d", i+1), ports: ports}
	}
	at(0) // the others come when all callers wait
	registered(t, s, "agent1", "ready")
	put(t, s, "/api/v1/agents/agent1/state", `{"state":"break","reason":"lunch"}`)

	p := phone(t)
	var callers sync.WaitGroup
	var mu sync.Mutex
	var numbers, failed []string
	for n := range crowdCallers {
		number := callerNumber()
		if n%10 == 0 {
			number = crowdVIP(n)
		}
		numbers = append(numbers, number)
		callers.Go(func() {
			time.Sleep(time.Duration(n) * 100 * time.Millisecond)
			rep, err := p.Call(ctx, softphone.Request{
				URI: s.URI("8000"), From: number, Duration: 8 * time.Minute, Heard: func(media.Frame) {},
				Talk: func(ctx context.Context, _ *media.Session) error { <-ctx.Done(); return nil },
			})
			if err != nil || !rep.Answered {
				mu.Lock()
				failed = append(failed, fmt.Sprintf("%s: %v, %d", number, err, rep.Status))
				mu.Unlock()
			}
		})
	}
	require.Eventually(t, func() bool { return len(queued(t, s)) == crowdCallers }, 3*time.Minute, 250*time.Millisecond, "all callers wait")
	for i := 1; i < crowdAgents; i++ {
		at(i)
	}
	put(t, s, "/api/v1/agents/agent1/state", `{"state":"ready"}`)
	over := make(chan struct{})
	go func() { callers.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(8 * time.Minute):
		t.Errorf("%d callers still wait", len(queued(t, s)))
		cancel()
		<-over
	}
	closeDesks()
	agents.Wait()
	assert.Empty(t, failed)
	served := 0
	for _, d := range desks {
		assert.Zero(t, d.twice, "%s was offered a call while it had one", d.name)
		served += d.served
	}
	assert.Equal(t, crowdCallers, served, "every caller spoke with one agent, once")
	for _, number := range numbers {
		rec, err := s.RecordOf(t.Context(), number)
		if assert.NoError(t, err, number) {
			assert.Equal(t, call.Transferred, rec.Outcome, "%s: %s", number, rec.Text())
			assert.NotEmpty(t, rec.Agent, number)
		}
	}
	assert.Equal(t, crowdCallers, said.judge(t), "all waited at once")
	assert.Empty(t, queued(t, s))
	names := slices.Collect(func(yield func(string) bool) {
		for _, d := range desks {
			if d.served > 0 && !yield(d.name) {
				return
			}
		}
	})
	t.Logf("%d calls were served by %d agents", served, len(names))
}
