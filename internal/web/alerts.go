package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"hotline/internal/alert"
	"hotline/internal/event"
	"hotline/internal/store"
)

// Alerts are what goes wrong in calls while they last.
type Alerts interface {
	List() []alert.Alert
	Find(id string) (alert.Alert, error)
	Seen(ctx context.Context, id, by string) (alert.Alert, error)
	Acknowledge(ctx context.Context, id, by string) (alert.Alert, error)
}

type alertsOutput struct {
	Body struct {
		Items []alert.Alert `json:"items" doc:"the newest first"`
		Open  int           `json:"open" doc:"that nobody has acknowledged and that are not over"`
	}
}

type alertInput struct {
	IDInput

	Body struct {
		State string `json:"state" enum:"seen,acknowledged" doc:"acknowledged: somebody takes care of it, or nobody need"`
	}
}

type alertOutput struct{ Body alert.Alert }

func (s *Server) alertRoutes() {
	route(s, operation(http.MethodGet, "/alerts", "list-alerts", "What goes wrong in calls now, and why", "live"), s.listAlerts)
	change := operation(http.MethodPut, "/alerts/{id}", "change-alert", "Say that one has seen an alert, or takes care of it", "live")
	change.Errors = []int{http.StatusNotFound}
	route(s, change, s.changeAlert)
}

// seesAlert tells whether it is of a call that the identity behind ctx sees.
func (s *Server) seesAlert(ctx context.Context, a alert.Alert) bool {
	i := who(ctx)
	if _, all := s.mayListen(i); all || a.Call == "" {
		return true
	}
	return s.mayAct(ctx, a.Call) == nil
}

func (s *Server) listAlerts(ctx context.Context, _ *struct{}) (*alertsOutput, error) {
	out := &alertsOutput{}
	out.Body.Items = []alert.Alert{}
	if s.cfg.Alerts == nil {
		return out, nil
	}
	there, err := s.alertsElsewhere(ctx)
	if err != nil {
		return nil, err
	}
	alerts := append(s.cfg.Alerts.List(), there...)
	if len(there) > 0 {
		slices.SortStableFunc(alerts, func(a, b alert.Alert) int { return b.RaisedAt.Compare(a.RaisedAt) })
	}
	for _, a := range alerts {
		if !s.seesAlert(ctx, a) {
			continue
		}
		out.Body.Items = append(out.Body.Items, a)
		if a.DoneAt.IsZero() && a.OverAt.IsZero() {
			out.Body.Open++
		}
	}
	return out, nil
}

func (s *Server) changeAlert(ctx context.Context, in *alertInput) (*alertOutput, error) {
	gone := problem(http.StatusNotFound, "not_found", alert.ErrNone.Error())
	if s.cfg.Alerts == nil {
		return nil, gone
	}
	a, err := s.cfg.Alerts.Find(in.ID)
	if err != nil {
		return s.changeElsewhere(ctx, in, gone)
	}
	if !s.seesAlert(ctx, a) {
		return nil, gone
	}
	note(ctx, "state", in.Body.State)
	note(ctx, "kind", string(a.Kind))
	change := s.cfg.Alerts.Seen
	if in.Body.State == "acknowledged" {
		change = s.cfg.Alerts.Acknowledge
	}
	a, err = change(ctx, in.ID, who(ctx).name)
	if errors.Is(err, alert.ErrNone) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	return &alertOutput{a}, nil
}

// changeElsewhere changes an alert of another server, which learns of it.
func (s *Server) changeElsewhere(ctx context.Context, in *alertInput, gone error) (*alertOutput, error) {
	there, err := s.alertsElsewhere(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(there, func(a alert.Alert) bool { return a.ID == in.ID })
	if i < 0 || !s.seesAlert(ctx, there[i]) {
		return nil, gone
	}
	note(ctx, "state", in.Body.State)
	note(ctx, "kind", string(there[i].Kind))
	a, err := s.cfg.Store.MarkAlert(ctx, in.ID, who(ctx).name, in.Body.State == "acknowledged")
	if errors.Is(err, store.ErrNotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	s.cfg.Bus.Publish(event.Event{Kind: alert.Changed, At: time.Now(), Call: a.Call, Data: a})
	return &alertOutput{a}, nil
}
