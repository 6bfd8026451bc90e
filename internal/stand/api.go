package stand

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/internal/call"
)

// Call is a call's record as the API shows it.
type Call struct {
	call.Record
	Turns    []call.TurnRecord `json:"turns"`
	Timeline []call.Event      `json:"timeline"`
	Wishes   []call.Wish       `json:"wishes"`
	Tickets  []Ticket          `json:"-"` // made in it
}

// Ticket is a ticket as the API shows it.
type Ticket struct {
	Kind    string            `json:"kind"`
	Summary string            `json:"summary"`
	Fields  map[string]string `json:"fields"`
}

// Said is all that one side said, a line for each turn.
func (c *Call) Said(speaker string) string {
	var lines []string
	for _, t := range c.Turns {
		if t.Speaker == speaker {
			lines = append(lines, t.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// By are the bot's turns that came by an intent: an answer's pair, "greeting".
func (c *Call) By(intent string) []call.TurnRecord {
	return slices.DeleteFunc(slices.Clone(c.Turns), func(t call.TurnRecord) bool {
		return t.Speaker != "bot" || t.Intent != intent
	})
}

// Events are the marks of a kind.
func (c *Call) Events(kind string) []call.Event {
	return slices.DeleteFunc(slices.Clone(c.Timeline), func(e call.Event) bool { return e.Kind != kind })
}

// Text is the call for a test's log.
func (c *Call) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, ended by %q, transfer %q to %q\n", c.ID, c.Outcome, c.EndCause, c.TransferReason, c.Agent)
	type line struct {
		ms   int64
		text string
	}
	var lines []line
	for _, t := range c.Turns {
		s := fmt.Sprintf("%6d-%6d %-6s %s", t.StartMS, t.EndMS, t.Speaker, t.Text)
		if t.Intent != "" {
			s += fmt.Sprintf(" [%s %.2f, after %d ms]", t.Intent, t.Confidence, t.ResponseMS)
		}
		if t.Heard != "" {
			s += " heard: " + t.Heard
		}
		lines = append(lines, line{t.StartMS, s})
	}
	for _, e := range c.Timeline {
		data, err := json.Marshal(e.Data)
		if err != nil {
			data = []byte(err.Error())
		}
		lines = append(lines, line{e.MS, fmt.Sprintf("%6d   * %s %s", e.MS, e.Kind, data)})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.ms - b.ms) })
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	for _, w := range c.Wishes {
		fmt.Fprintf(&b, "wish: %s %q when %q\n", w.Kind, w.Summary, w.When)
	}
	for _, k := range c.Tickets {
		fmt.Fprintf(&b, "ticket: %s %q %v\n", k.Kind, k.Summary, k.Fields)
	}
	return b.String()
}

// Calls lists the newest calls.
func (s *Stand) Calls(ctx context.Context) ([]Call, error) {
	var list struct {
		Items []Call `json:"items"`
	}
	err := s.Get(ctx, "/api/v1/calls?limit=200", &list)
	return list.Items, err
}

// Call is the record of a call by its id.
func (s *Stand) Call(ctx context.Context, id string) (Call, error) {
	var c Call
	if err := s.Get(ctx, "/api/v1/calls/"+id, &c); err != nil {
		return c, err
	}
	var made struct {
		Items []Ticket `json:"items"`
	}
	err := s.Get(ctx, "/api/v1/tickets?call="+url.QueryEscape(id), &made)
	c.Tickets = made.Items
	return c, err
}

// Record waits for the record of a call that is over, by its SIP Call-ID.
func (s *Stand) Record(ctx context.Context, sipCallID string) (Call, error) {
	return s.find(ctx, func(c Call) bool { return c.SIPCallID == sipCallID && !c.EndedAt.IsZero() })
}

// RecordOf waits for the record of a caller's last call, once it is over.
func (s *Stand) RecordOf(ctx context.Context, caller string) (Call, error) {
	return s.find(ctx, func(c Call) bool { return c.Caller == caller && !c.EndedAt.IsZero() })
}

// Live waits for a caller's call to be in progress.
func (s *Stand) Live(ctx context.Context, caller string) (Call, error) {
	return s.find(ctx, func(c Call) bool { return c.Caller == caller && c.EndedAt.IsZero() })
}

func (s *Stand) find(ctx context.Context, f func(Call) bool) (Call, error) {
	var last error
	for range 100 {
		list, err := s.Calls(ctx)
		if i := slices.IndexFunc(list, f); err == nil && i >= 0 {
			return s.Call(ctx, list[i].ID)
		}
		last = err
		select {
		case <-ctx.Done():
			return Call{}, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	if last == nil {
		last = errors.New("the server does not list such a call")
	}
	return Call{}, last
}

// Agents are the states of the agents, by name.
func (s *Stand) Agents(ctx context.Context) (map[string]string, error) {
	var list struct {
		Items []struct {
			Name  string `json:"name"`
			State string `json:"state"`
		} `json:"items"`
	}
	if err := s.Get(ctx, "/api/v1/agents", &list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, a := range list.Items {
		out[a.Name] = a.State
	}
	return out, nil
}

// Recording is the path of a copy of a call's recording as it is now: plain while the
// call lasts or the server is dead, opened by the API once it is sealed. Without one it
// is the path where it should be.
func (s *Stand) Recording(ctx context.Context, c Call) string {
	file := filepath.Join(s.Data, filepath.FromSlash(c.Recording))
	b, err := os.ReadFile(file) //nolint:gosec // of our own server
	if errors.Is(err, fs.ErrNotExist) {
		b, err = s.Raw(ctx, "/api/v1/calls/"+c.ID+"/recording")
	}
	if err != nil {
		return file
	}
	dir := filepath.Join(s.Data, "copies")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return file
	}
	copied := filepath.Join(dir, c.ID+".wav")
	if err := os.WriteFile(copied, b, 0o600); err != nil { //nolint:gosec // into the folder of the test
		return file
	}
	return copied
}

// Worker is the address of the server's own speech worker.
func (s *Stand) Worker() string { return "unix:" + filepath.Join(s.Data, "speech.sock") }

// Get reads JSON from the API.
func (s *Stand) Get(ctx context.Context, path string, into any) error {
	b, err := s.Raw(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// Post sends JSON to a path.
func (s *Stand) Post(ctx context.Context, path string, what any) (status int, answer []byte, err error) {
	body, err := json.Marshal(what)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Web+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}

// Raw reads what a path gives.
func (s *Stand) Raw(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Web+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, resp.Status)
	}
	return b, nil
}
