package web

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// note adds to what the audit trail will say of the request behind ctx.
func note(ctx context.Context, key, value string) {
	h := held(ctx)
	if h.detail == nil {
		h.detail = map[string]string{}
	}
	h.detail[key] = value
}

// audited writes an operation that was done into the audit trail, as its rule says. A
// read that cannot be written down does not happen.
func (s *Server) audited(ctx context.Context, r rule, op huma.Operation) error {
	switch {
	case r.audit == never, r.audit == changes && reads(op.Method):
		return nil
	}
	i, h := who(ctx), held(ctx)
	e := store.TrailEntry{Actor: i.name, Role: i.role, Action: op.OperationID, Subject: subject(h.request), Detail: maps.Clone(h.detail)}
	export := strings.HasPrefix(op.OperationID, "export-") // each takes data out of the house
	if reads(op.Method) && !export && !s.seen.first(i.name, op.OperationID, e.Subject, time.Now(), again(h.request)) {
		return nil
	}
	if export {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		asked := h.request.URL.Query()
		for _, personal := range []string{"number", "q"} { // it would outlive its erasure
			if asked.Has(personal) {
				asked.Set(personal, "…")
			}
		}
		e.Detail["query"] = asked.Encode()
	}
	return s.cfg.Store.AddTrail(ctx, e)
}

const (
	// A page that is open reads a call again whenever something happens in it.
	pageFor = time.Minute
	// A player asks for the pieces of a recording, a list is read over and over.
	seenFor = time.Hour
)

// again is for how long a read of the same is taken for the same read: each time that a
// recording is played from its beginning, or a page is opened, is one.
func again(r *http.Request) time.Duration {
	if r == nil {
		return pageFor
	}
	switch from := r.Header.Get("Range"); {
	case from == "":
		return pageFor
	case strings.HasPrefix(from, "bytes=0-"):
		return 0
	default:
		return seenFor
	}
}

// subject is what an operation was done to, by its path.
func subject(r *http.Request) string {
	if r == nil {
		return ""
	}
	for _, name := range []string{"id", "name", "number"} {
		if v := r.PathValue(name); v != "" {
			return v
		}
	}
	return ""
}

// saw has the audit trail say whose numbers an identity was shown unmasked: what it has
// not seen in the hour before.
func (s *Server) saw(ctx context.Context, ids []string) error {
	i := who(ctx)
	if !i.seesNumbers() {
		return nil
	}
	now := time.Now()
	var fresh []string
	for _, id := range ids {
		if s.seen.first(i.name, "numbers", id, now, seenFor) {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	e := store.TrailEntry{Actor: i.name, Role: i.role, Action: "numbers"}
	if len(fresh) == 1 {
		e.Subject = fresh[0]
	} else {
		e.Detail = map[string]string{"count": strconv.Itoa(len(fresh)), "ids": strings.Join(fresh, " ")}
	}
	return s.cfg.Store.AddTrail(ctx, e)
}

// seen remembers for a while what was written down, so that a player that asks for a
// recording in pieces, or a list that is read again and again, is one row.
type seen struct {
	mu sync.Mutex
	at map[[3]string]time.Time // guarded by mu
}

const maxSeen = 50_000

// first tells whether this has not been seen for so long.
func (s *seen) first(who, what, subject string, now time.Time, long time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := [3]string{who, what, subject}
	if at, ok := s.at[k]; ok && now.Sub(at) < long {
		return false
	}
	if s.at == nil {
		s.at = map[[3]string]time.Time{}
	}
	if len(s.at) >= maxSeen {
		maps.DeleteFunc(s.at, func(_ [3]string, at time.Time) bool { return now.Sub(at) >= seenFor })
		if len(s.at) >= maxSeen {
			clear(s.at) // more rows are better than more memory
		}
	}
	s.at[k] = now
	return true
}

type trailInput struct {
	Actor   string    `query:"actor" maxLength:"80"`
	Action  string    `query:"action" maxLength:"64"`
	Subject string    `query:"subject" maxLength:"128"`
	From    time.Time `query:"from" format:"date-time"`
	To      time.Time `query:"to" format:"date-time"`
	Limit   int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor  string    `query:"cursor" maxLength:"64"`
}

type trailOutput struct {
	Body struct {
		Items      []store.TrailEntry `json:"items"`
		NextCursor string             `json:"next_cursor"`
		Actions    []string           `json:"actions" doc:"all that may be filtered by"`
	}
}

type checkTrailOutput struct {
	Body struct {
		Rows     int64     `json:"rows"`
		First    time.Time `json:"first,omitzero"`
		Head     string    `json:"head" doc:"of the newest row: kept elsewhere, it proves the trail up to there"`
		BrokenAt int64     `json:"broken_at" doc:"the first row that does not fit; 0: none"`
		Broken   string    `json:"broken,omitempty"`
	}
}

func (s *Server) trailRoutes() {
	list := operation(http.MethodGet, "/audit/trail", "audit-trail", "Who did and saw what, newest first", "system")
	list.Description = "Every change by the API or the console, every login, every read of a recording, a call or an unmasked number " +
		"(once an hour for each person and subject), exports, deletions, keys. Rows are only added and each covers the one before it."
	actions := sortedKeys(accessTable())
	route(s, list, func(ctx context.Context, in *trailInput) (*trailOutput, error) {
		page, err := s.cfg.Store.Trail(ctx, store.TrailFilter{
			Actor: in.Actor, Action: in.Action, Subject: in.Subject, From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
		})
		if err != nil {
			return nil, err
		}
		out := &trailOutput{}
		out.Body.Items, out.Body.NextCursor, out.Body.Actions = append([]store.TrailEntry{}, page.Items...), page.Next, actions
		return out, nil
	})
	route(s, operation(http.MethodGet, "/audit/check", "check-trail", "Whether a row of the audit trail was changed or taken out", "system"),
		func(ctx context.Context, _ *struct{}) (*checkTrailOutput, error) {
			state, err := s.cfg.Store.CheckTrail(ctx)
			if err != nil {
				return nil, err
			}
			out := &checkTrailOutput{}
			out.Body.Rows, out.Body.First, out.Body.Head = state.Rows, state.First, state.Head
			out.Body.BrokenAt, out.Body.Broken = state.BrokenAt, state.BrokenText
			return out, nil
		})
}
