package webtest

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
)

// Live begins two calls and lets the first one talk on, a turn for each step, until
// ctx ends: what the console shows as in progress. The other ends when it is hung up.
func (s *Services) Live(ctx context.Context, dataDir string, steps <-chan struct{}) error {
	all := scripts()
	silent := all[1]
	silent.caller = "13355558899"
	waiting, err := s.begin(ctx, dataDir, "01SEEDLIVE0000000000000002", silent, 48*time.Second)
	if err != nil {
		return err
	}
	if err := s.turn(ctx, waiting.turns[0]); err != nil {
		return err
	}
	talking, err := s.begin(ctx, dataDir, "01SEEDLIVE0000000000000001", all[0], 9*time.Second)
	if err != nil {
		return err
	}
	next := 0
	hungUp := waiting.ctx.Done()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hungUp:
			hungUp = nil
			if err := s.end(context.WithoutCancel(ctx), waiting.record); err != nil {
				return err
			}
		case <-steps:
			if next < len(talking.turns) {
				if t := talking.turns[next]; t.Speaker == "agent" && talking.record.Agent == "" {
					talking.record.Agent, talking.record.TransferReason = all[0].agent, all[0].reason
					if err := s.update(ctx, talking.record); err != nil {
						return err
					}
				}
				if err := s.turn(ctx, talking.turns[next]); err != nil && !errors.Is(err, context.Canceled) {
					return err
				}
				next++
			}
		}
	}
}

type liveCall struct {
	record call.Record
	turns  []call.TurnRecord
	ctx    context.Context //nolint:containedctx // ends when the call is hung up
}

func (s *Services) begin(ctx context.Context, dataDir, id string, script script, ago time.Duration) (liveCall, error) {
	turns, _, _ := play(id, script)
	r := call.Record{
		ID: id, SIPCallID: id, Line: script.line, Language: script.language, Direction: "inbound", Caller: script.caller, Called: "8000",
		StartedAt: time.Now().Add(-ago), AnsweredAt: time.Now().Add(-ago), Outcome: call.InProgress, Recording: filepath.Join("spool", id+".wav"),
	}
	if err := WriteRecording(filepath.Join(dataDir, r.Recording), turns, ago, 0); err != nil {
		return liveCall{}, err
	}
	if err := s.Store.Begin(ctx, r); err != nil {
		return liveCall{}, err
	}
	s.publish("call.started", id, r)
	callCtx, hangup := context.WithCancel(ctx)
	s.Begin(id, hangup)
	return liveCall{r, turns, callCtx}, nil
}

func (s *Services) turn(ctx context.Context, t call.TurnRecord) error {
	if err := s.Store.AddTurn(ctx, t); err != nil {
		return err
	}
	s.publish("call.turn", t.Call, t)
	return nil
}

func (s *Services) update(ctx context.Context, r call.Record) error {
	if err := s.Store.Update(ctx, r); err != nil {
		return err
	}
	s.publish("call.updated", r.ID, r)
	return nil
}

func (s *Services) end(ctx context.Context, r call.Record) error {
	r.EndedAt, r.Outcome, r.EndCause = time.Now(), call.Unresolved, "bot_hangup"
	if err := s.Store.End(ctx, r); err != nil {
		return err
	}
	s.publish("call.ended", r.ID, r)
	return nil
}

func (s *Services) publish(kind event.Kind, id string, data any) {
	s.Bus.Publish(event.Event{Kind: kind, At: time.Now(), Call: id, Data: data})
}
