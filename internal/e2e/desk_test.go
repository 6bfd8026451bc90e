package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
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
	"hotline/media/dsp"
	"hotline/sip/siptest"
)

// deskPhone is an agent's telephone that does what its test says: it answers at once,
// hears, speaks and hangs up.
type deskPhone struct {
	t     *testing.T
	phone *siptest.Phone
	ports *media.Ports
	name  string

	mu   sync.Mutex
	call *caller // while he talks; guarded by mu
	hang func()
	lost bool // the server is gone: there is nobody to say goodbye to
}

// atDesk registers an agent's telephone, which is there until the test ends.
func atDesk(t *testing.T, s *stand.Stand, name string) *deskPhone {
	t.Helper()
	d := &deskPhone{t: t, phone: siptest.New(t, s.SIP), ports: media.NewPorts(netip.MustParseAddr("127.0.0.1"), 50000, 59999), name: name}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done, ready := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		attend(ctx, t, d.phone, name, func() { close(ready) }, func(invite *siptest.Message) { d.take(ctx, invite) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		d.phone.Close()
	})
	select {
	case <-ready:
	case <-done:
		t.FailNow()
	}
	return d
}

func (d *deskPhone) take(ctx context.Context, invite *siptest.Message) {
	p := d.phone
	c := incoming(p, invite)
	c.Ring()
	session, answer, err := soundOf(invite, d.ports, nil)
	if err != nil {
		d.t.Error(err)
		return
	}
	talking, cancel := context.WithCancel(ctx)
	heard := &caller{t: d.t, session: session, ctx: talking}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = session.Run(talking) })
	wg.Go(func() { listenTo(session, heard.hear) })
	c.Respond(invite, 200, "OK", answer)
	d.set(heard, cancel)
	defer d.set(nil, nil)
	for {
		m := p.NextUntil(talking)
		switch {
		case m == nil:
			d.mu.Lock()
			lost := d.lost
			d.mu.Unlock()
			if !lost {
				c.Bye()
			}
			return
		case m.Method() == "ACK" || m.Status() != 0:
		case m.Method() == "BYE" && m.Get("Call-ID") == c.CallID:
			c.Respond(m, 200, "OK", "")
			return
		default:
			c.Respond(m, 200, "OK", "")
		}
	}
}

func (d *deskPhone) set(c *caller, hang func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.call, d.hang = c, hang
}

// talks is his call; nil while he has none.
func (d *deskPhone) talks() *caller {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.call
}

// hangUp ends his call.
func (d *deskPhone) hangUp() {
	d.mu.Lock()
	hang := d.hang
	d.mu.Unlock()
	if hang != nil {
		hang()
	}
}

// office is a server whose callers wait by rules of the test.
func office(t *testing.T, rules string) *stand.Stand {
	t.Helper()
	return staffedOffice(t, "", rules)
}

// staffedOffice is an office with other agents than the demo's, if they are given.
func staffedOffice(t *testing.T, agents, rules string) *stand.Stand {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotline-e2e") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	c := config(t, dir)
	file := filepath.Join(c.Business[0], "business.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text = regexp.MustCompile(`(?m)^queue:.*\n((?:[ \t#].*)?\n)*`).ReplaceAll(text, nil)
	if agents != "" {
		text = regexp.MustCompile(`(?m)^(agents|tickets|reviews):.*\n((?:[ \t#].*)?\n)*`).ReplaceAll(text, nil)
	}
	require.NoError(t, os.WriteFile(file, append(text, []byte("\n"+agents+rules)...), 0o600))
	s, err := stand.Start(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop())
		if t.Failed() {
			t.Log(s.LastWords())
			return
		}
		_ = os.RemoveAll(dir)
	})
	require.NoError(t, hearing(s))
	return s
}

// waiting is a caller who has asked for a person and stays until the test ends.
type waiting struct {
	*caller
	over chan struct{}
}

// wants rings, asks for a person by key when he is greeted, and stays on the line.
func wants(t *testing.T, s *stand.Stand, p *softphone.Phone) *waiting {
	t.Helper()
	w := &waiting{caller: &caller{t: t, stand: s, number: callerNumber()}, over: make(chan struct{})}
	asked := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(w.over)
		_, _ = p.Call(ctx, softphone.Request{
			URI: s.URI("8000"), From: w.number, Heard: w.hear,
			Talk: func(ctx context.Context, session *media.Session) error {
				w.ctx, w.session = ctx, session
				defer func() { _ = recover() }()
				w.listen(0)
				w.keys("0")
				close(asked)
				<-ctx.Done()
				return nil
			},
		})
	}()
	t.Cleanup(func() { cancel(); <-w.over })
	select {
	case <-asked:
	case <-time.After(2 * time.Minute):
		t.Fatal("the caller was not greeted")
	}
	return w
}

// put sets something by the API.
func put(t *testing.T, s *stand.Stand, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.Web+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.Token())
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Equal(t, http.StatusNoContent, resp.StatusCode, path)
}

// queued are the calls that wait.
func queued(t *testing.T, s *stand.Stand) (calls []string) {
	t.Helper()
	var q struct {
		Items []struct {
			Call    string `json:"call"`
			Offered string `json:"offered"`
		} `json:"items"`
	}
	require.NoError(t, s.Get(t.Context(), "/api/v1/queue", &q))
	for _, w := range q.Items {
		calls = append(calls, w.Call)
	}
	return calls
}

// eventually waits for something on a machine that may be busy.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 90*time.Second, 50*time.Millisecond, what)
}

const agentTone = 620.0

// Three callers want a person, two agents are there: the third waits with music and is
// told where he stands; when an agent has ended his call and his wrap-up, the two are
// together. Then the server is killed while a caller waits: afterwards nobody waits any
// more, his call is on record as interrupted, and the agents' states are back.
func TestCallersWaitForAgents(t *testing.T) {
	minutes(t)
	s := office(t, "queue: {wrap_up: 4s, max_wait: 10m, ring: 15s, talk: 2m, last_agent: 5s}\n")
	logs(t, s)
	p := phone(t)
	agents := map[string]*deskPhone{"agent1": atDesk(t, s, "agent1"), "agent2": atDesk(t, s, "agent2")}
	registered(t, s, "agent1", "ready")
	registered(t, s, "agent2", "ready")
	wants(t, s, p)
	wants(t, s, p)
	eventually(t, "both agents talk", func() bool { return agents["agent1"].talks() != nil && agents["agent2"].talks() != nil })

	third := wants(t, s, p)
	eventually(t, "the third waits", func() bool { return len(queued(t, s)) == 1 })
	live, err := s.Live(t.Context(), third.number)
	require.NoError(t, err)
	assert.Equal(t, []string{live.ID}, queued(t, s))
	mark := third.now()
	eventually(t, "he has heard fifteen seconds", func() bool { return third.now() > mark+15*8000 })
	music := third.since(mark)
	assert.Greater(t, spoken(music), 6*time.Second, "music and announcement")
	told := recognise(t, s, music, "zh")
	// The recogniser hears music around it and does not get every word.
	assert.True(t, anyOf(told, "位", "等", "您", "分钟", "前面"), "he is told %q", told)

	free := agents["agent1"]
	free.hangUp()
	registered(t, s, "agent1", "wrap_up")
	eventually(t, "agent1 has the third caller", func() bool { return free.talks() != nil })
	eventually(t, "they are together", func() bool {
		rec, err := s.Call(t.Context(), live.ID)
		return err == nil && rec.Agent == "agent1"
	})
	assert.Empty(t, queued(t, s))
	mark = third.now()
	tone := dsp.Sine(8000, -14, 3*time.Second, agentTone)
	for range 5 { // the whisper may still be playing to the agent
		func() {
			defer func() { _ = recover() }()
			free.talks().say(tone)
		}()
		if longest(third.since(mark), agentTone) > time.Second {
			break
		}
	}
	assert.Greater(t, longest(third.since(mark), agentTone), time.Second, "the caller hears the agent")
	rec, err := s.Call(t.Context(), live.ID)
	require.NoError(t, err)
	assert.NotEmpty(t, rec.Events(call.KindQueue), rec.Text())

	// Everybody is busy again, and one more waits.
	put(t, s, "/api/v1/agents/agent2/state", `{"state":"break","reason":"lunch"}`)
	fourth := wants(t, s, p)
	eventually(t, "the fourth waits", func() bool { return len(queued(t, s)) == 1 })
	lost, err := s.Live(t.Context(), fourth.number)
	require.NoError(t, err)
	require.NoError(t, s.Kill())
	for _, a := range agents {
		a.mu.Lock()
		a.lost = true
		a.mu.Unlock()
		a.hangUp()
	}
	require.NoError(t, s.Restart(t.Context()))
	assert.Empty(t, queued(t, s))
	gone, err := s.Call(t.Context(), lost.ID)
	require.NoError(t, err)
	assert.Equal(t, call.Interrupted, gone.Outcome)
	for name := range agents { // their telephones come back
		atDesk(t, s, name)
	}
	registered(t, s, "agent2", "break")
	registered(t, s, "agent1", "ready")
	var list struct {
		Items []struct{ Name, Reason string }
	}
	b, err := s.Raw(t.Context(), "/api/v1/agents")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &list))
	for _, a := range list.Items {
		if a.Name == "agent2" {
			assert.Equal(t, "lunch", a.Reason)
		}
	}
}
