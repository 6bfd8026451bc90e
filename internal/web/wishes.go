package web

import (
	"context"
	"net/http"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
)

// Wish is a promise as the API shows it.
type Wish struct {
	call.Wish
	DoneAt time.Time `json:"done_at,omitzero"`
	DoneBy string    `json:"done_by,omitempty"`
}

func (i *identity) viewWish(w store.Wish) Wish {
	if !i.seesNumbers() {
		w.Number = mask(w.Number)
	}
	return Wish{w.Wish, w.DoneAt, w.DoneBy}
}

type wishesInput struct {
	State  string `query:"state" enum:"open,done"`
	Kind   string `query:"kind" enum:"callback,message,sms,ticket,review" doc:"tickets and reviews of earlier versions only; see /tickets and /reviews"`
	Call   string `query:"call" maxLength:"64"`
	Number string `query:"number" maxLength:"128"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type wishList struct {
	Body struct {
		Items      []Wish `json:"items"`
		NextCursor string `json:"next_cursor"`
		Open       int    `json:"open" doc:"all that are to be done"`
	}
}

type wishOutput struct{ Body Wish }

type wishInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		State string     `json:"state,omitempty" enum:"open,done"`
		At    *time.Time `json:"at,omitempty" doc:"of a callback: when the server rings"`
	}
}

func (s *Server) wishRoutes() {
	route(s, operation(http.MethodGet, "/wishes", "list-wishes", "Callbacks, messages and tickets, newest first", "wishes"), s.listWishes)
	route(s, operation(http.MethodPatch, "/wishes/{id}", "set-wish", "Mark as done, open again, or ring a callback at another moment", "wishes"), s.setWish)
}

func (s *Server) listWishes(ctx context.Context, in *wishesInput) (*wishList, error) {
	page, err := s.cfg.Store.Wishes(ctx, store.WishFilter{
		State: in.State, Kind: in.Kind, Call: in.Call, Number: in.Number, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := &wishList{}
	out.Body.Items, out.Body.NextCursor = make([]Wish, 0, len(page.Items)), page.Next
	for _, w := range page.Items {
		out.Body.Items = append(out.Body.Items, who(ctx).viewWish(w))
	}
	if out.Body.Open, err = s.cfg.Store.OpenWishes(ctx); err != nil {
		return nil, err
	}
	seen := make([]string, len(page.Items))
	for n, w := range page.Items {
		seen[n] = w.ID
	}
	return out, s.saw(ctx, seen)
}

func (s *Server) setWish(ctx context.Context, in *wishInput) (*wishOutput, error) {
	i := who(ctx)
	if in.Body.State == "" && in.Body.At == nil {
		return nil, problem(http.StatusUnprocessableEntity, "nothing_to_change", "say state or at")
	}
	if in.Body.At != nil {
		if err := s.cfg.Store.MoveCallback(ctx, in.ID, *in.Body.At); err != nil {
			return nil, err
		}
	}
	if in.Body.State != "" {
		if err := s.cfg.Store.SetWish(ctx, in.ID, in.Body.State == store.WishDone, i.name); err != nil {
			return nil, err
		}
	}
	w, err := s.cfg.Store.Wish(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	s.cfg.Bus.Publish(event.Event{Kind: "wish.changed", At: time.Now(), Call: w.Call, Data: w})
	return &wishOutput{i.viewWish(w)}, nil
}
