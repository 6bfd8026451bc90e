package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Who has written a draft.
const (
	DraftLocal   = "local" // sentences of the call
	DraftByModel = "model" // a language model
)

// How a wrap-up came about.
const (
	WrapUpAccepted = "accepted" // as drafted
	WrapUpEdited   = "edited"   // from the draft
	WrapUpAlone    = "alone"    // without a draft, or with little of it
)

// Draft is a wrap-up that the machine has written.
type Draft struct {
	By      string       `json:"by" enum:"local,model"`
	Summary string       `json:"summary" doc:"what an agent would have typed"`
	Wanted  []string     `json:"wanted"`
	Told    []string     `json:"told"`
	Open    []string     `json:"open"`
	Ticket  *DraftTicket `json:"ticket,omitempty" doc:"that somebody should make"`
}

// DraftTicket is a ticket that is proposed.
type DraftTicket struct {
	Kind    string            `json:"kind,omitempty"`
	Summary string            `json:"summary"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// WrapUpText is what an agent writes.
type WrapUpText struct {
	Code string `json:"code,omitempty"`
	Note string `json:"note"`
}

// WrapUp is what one agent writes of one call.
type WrapUp struct {
	Call, Agent string
	Draft       *Draft      // nil: none was made
	Working     *WrapUpText // typed and not saved
	Saved       *WrapUpText // nil: not yet
	How         string      // once it is saved
	Seconds     int
	MadeAt      time.Time
	ChangedAt   time.Time
	SavedAt     time.Time
}

const wrapUpColumns = `id, call_id, agent, draft, working, saved, how, seconds, made_at, changed_at, saved_at`

func wrapUpID(call, agent string) string { return call + "/" + agent }

// KeepDraft keeps what the machine has drafted for an agent. A draft that was there
// before is replaced until the agent has saved.
func (s *Store) KeepDraft(ctx context.Context, call, agent string, d Draft) error {
	f := &sealing{s: s, table: "wrapups", row: wrapUpID(call, agent)}
	args := []any{f.row, call, agent, f.sealJSON("draft", d), s.now().UnixMilli()}
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wrapups (id, call_id, agent, draft, how, seconds, made_at, changed_at) VALUES ($1, $2, $3, $4, '', 0, $5, $5)
			ON CONFLICT (id) DO UPDATE SET draft = CASE WHEN wrapups.saved_at IS NULL THEN excluded.draft ELSE wrapups.draft END`, args...)
		if err != nil {
			return fmt.Errorf("keep the draft of a wrap-up: %w", err)
		}
		return nil
	})
}

// KeepWorking keeps what an agent has typed so far; nil forgets it.
func (s *Store) KeepWorking(ctx context.Context, call, agent string, text *WrapUpText) error {
	f := &sealing{s: s, table: "wrapups", row: wrapUpID(call, agent)}
	var sealed []byte
	if text != nil {
		sealed = f.sealJSON("working", text)
	}
	args := []any{f.row, call, agent, sealed, s.now().UnixMilli()}
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wrapups (id, call_id, agent, working, how, seconds, made_at, changed_at) VALUES ($1, $2, $3, $4, '', 0, $5, $5)
			ON CONFLICT (id) DO UPDATE SET working = excluded.working, changed_at = excluded.changed_at`, args...)
		if err != nil {
			return fmt.Errorf("keep what is typed of a wrap-up: %w", err)
		}
		return nil
	})
}

// SaveWrapUp keeps what an agent has written, how it came about, and that it took him so
// long; saved again, it took as long as all of it.
func (s *Store) SaveWrapUp(ctx context.Context, call, agent string, text WrapUpText, took time.Duration) (WrapUp, error) {
	w, err := s.WrapUp(ctx, call, agent)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return w, err
	}
	w.How = howWritten(w.Draft, text.Note)
	seconds := int(took.Round(time.Second) / time.Second)
	f := &sealing{s: s, table: "wrapups", row: wrapUpID(call, agent)}
	now := s.now()
	args := []any{f.row, call, agent, f.sealJSON("saved", text), w.How, seconds, now.UnixMilli()}
	if f.err != nil {
		return w, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wrapups (id, call_id, agent, saved, how, seconds, made_at, changed_at, saved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
			ON CONFLICT (id) DO UPDATE SET saved = excluded.saved, how = excluded.how, seconds = wrapups.seconds + excluded.seconds, working = NULL,
				changed_at = excluded.changed_at, saved_at = excluded.saved_at`, args...)
		if err != nil {
			return fmt.Errorf("keep a wrap-up: %w", err)
		}
		return nil
	})
	if err != nil {
		return w, err
	}
	return s.WrapUp(ctx, call, agent)
}

// howWritten compares a note with its draft.
func howWritten(d *Draft, note string) string {
	if d == nil || strings.TrimSpace(d.Summary) == "" {
		return WrapUpAlone
	}
	if strings.Join(strings.Fields(d.Summary), " ") == strings.Join(strings.Fields(note), " ") {
		return WrapUpAccepted
	}
	const some = 0.3 // of the note's pairs of letters
	if Alike(note, d.Summary) >= some {
		return WrapUpEdited
	}
	return WrapUpAlone
}

// Alike is how much of the shorter of two texts the other one has: the share of its
// pairs of letters, 0 to 1.
func Alike(a, b string) float64 {
	x, y := pairsOf(a), pairsOf(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	n, same := 0, 0
	for k, v := range x {
		n += v
		same += min(v, y[k])
	}
	if n == 0 {
		return 0
	}
	return float64(same) / float64(n)
}

func pairsOf(text string) map[[2]rune]int {
	var rs []rune
	for _, r := range strings.ToLower(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			rs = append(rs, r)
		}
	}
	pairs := map[[2]rune]int{}
	for i := 1; i < len(rs); i++ {
		pairs[[2]rune{rs[i-1], rs[i]}]++
	}
	return pairs
}

// WrapUp is what an agent has for a call; ErrNotFound for nothing.
func (s *Store) WrapUp(ctx context.Context, call, agent string) (WrapUp, error) {
	w, err := s.scanWrapUp(s.read.QueryRowContext(ctx, `SELECT `+wrapUpColumns+` FROM wrapups WHERE id = $1`, wrapUpID(call, agent)))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return WrapUp{}, fmt.Errorf("wrap-up of call %s: %w", call, err)
	}
	return w, nil
}

// OpenWrapUps are those that an agent has begun to write and not saved, the latest first.
func (s *Store) OpenWrapUps(ctx context.Context, agent string, since time.Time, limit int) ([]WrapUp, error) {
	return list(ctx, s.read, "list unsaved wrap-ups", s.scanWrapUp,
		`SELECT `+wrapUpColumns+` FROM wrapups WHERE agent = $1 AND working IS NOT NULL AND changed_at >= $2 ORDER BY changed_at DESC, id LIMIT $3`,
		agent, since.UnixMilli(), limit)
}

func (s *Store) scanWrapUp(from row) (WrapUp, error) {
	var w WrapUp
	var id string
	var draft, working, saved []byte
	if err := from.Scan(&id, &w.Call, &w.Agent, &draft, &working, &saved, &w.How, &w.Seconds, nullTime{&w.MadeAt}, nullTime{&w.ChangedAt}, nullTime{&w.SavedAt}); err != nil {
		return w, err
	}
	f := &sealing{s: s, table: "wrapups", row: id}
	if len(draft) > 0 {
		w.Draft = &Draft{}
		f.openJSON("draft", draft, w.Draft)
	}
	if len(working) > 0 {
		w.Working = &WrapUpText{}
		f.openJSON("working", working, w.Working)
	}
	if len(saved) > 0 {
		w.Saved = &WrapUpText{}
		f.openJSON("saved", saved, w.Saved)
	}
	return w, f.err
}

// WrapUpTimes is how long wrap-ups took.
type WrapUpTimes struct {
	Count  int     `json:"count"`
	Median float64 `json:"median_s" doc:"seconds; 0 where there are none"`
}

// WrapUpFigures are the wrap-ups of a time, by how they came about.
type WrapUpFigures struct {
	Accepted WrapUpTimes `json:"accepted" doc:"saved as drafted"`
	Edited   WrapUpTimes `json:"edited" doc:"from the draft"`
	Alone    WrapUpTimes `json:"alone" doc:"written without a draft, or with little of it"`
	Saved    int         `json:"saved_s" doc:"seconds that drafts have saved: how much less they took, by the medians, than what was written alone; 0 while fewer than 5 were, and negative where drafts cost time"`
}

// leastAlone is how many wrap-ups written alone say how long one takes.
const leastAlone = 5

// WrapUpFigures measures the wrap-ups saved in a time, of the agents given or of all.
func (s *Store) WrapUpFigures(ctx context.Context, from, to time.Time, agents []string, all bool) (f WrapUpFigures, err error) {
	took := map[string][]int{}
	_, err = list(ctx, s.read, "measure wrap-ups", func(r row) (struct{}, error) {
		var agent, how string
		var seconds int
		if err := r.Scan(&agent, &how, &seconds); err != nil {
			return struct{}{}, err
		}
		if all || slices.Contains(agents, agent) {
			took[how] = append(took[how], seconds)
		}
		return struct{}{}, nil
	}, `SELECT agent, how, seconds FROM wrapups WHERE saved_at >= $1 AND saved_at < $2`, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return f, err
	}
	f = WrapUpFigures{Accepted: timesOf(took[WrapUpAccepted]), Edited: timesOf(took[WrapUpEdited]), Alone: timesOf(took[WrapUpAlone])}
	if f.Alone.Count >= leastAlone {
		for _, t := range []WrapUpTimes{f.Accepted, f.Edited} {
			f.Saved += int(float64(t.Count) * (f.Alone.Median - t.Median))
		}
	}
	return f, nil
}

func timesOf(seconds []int) WrapUpTimes {
	n := len(seconds)
	if n == 0 {
		return WrapUpTimes{}
	}
	slices.Sort(seconds)
	return WrapUpTimes{Count: n, Median: float64(seconds[(n-1)/2]+seconds[n/2]) / 2}
}
