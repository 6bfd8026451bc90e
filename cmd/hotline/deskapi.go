package main

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/web"
)

// deskAPI is the desk as the API works it.
type deskAPI struct{ server *server }

// Choose implements web.Desk.
func (d deskAPI) Choose(ctx context.Context, agent, state, reason string) error {
	err := d.server.desk.Choose(ctx, agent, desk.State(state), reason)
	switch {
	case errors.Is(err, desk.ErrNoAgent):
		return &web.RefusedError{Status: http.StatusNotFound, Code: "no_such_agent", Detail: err.Error()}
	case errors.Is(err, desk.ErrState):
		return &web.RefusedError{Code: "no_such_state", Detail: err.Error()}
	}
	return err
}

// Has implements web.Desk.
func (d deskAPI) Has(agent, id string) bool {
	return agent != "" && slices.Contains(d.server.desk.Involved(id), agent)
}

// Queue implements web.Desk.
func (d deskAPI) Queue() []desk.View { return d.server.desk.Queue() }

// Load implements web.Desk.
func (d deskAPI) Load() desk.Load { return d.server.desk.Load() }

// Share implements web.Desk.
func (d deskAPI) Share() desk.ShareState { return d.server.share.State() }

// SetShare implements web.Desk.
func (d deskAPI) SetShare(ctx context.Context, mode, by string) error {
	err := d.server.share.Set(ctx, mode, by)
	if errors.Is(err, desk.ErrLevel) {
		return &web.RefusedError{Code: "no_such_mode", Detail: err.Error()}
	}
	return err
}

// Rollout implements web.Desk.
func (d deskAPI) Rollout() []desk.RolloutState { return d.server.rollout.Lines() }

// SetRollout implements web.Desk.
func (d deskAPI) SetRollout(ctx context.Context, line, scene string, bot int, by string) error {
	err := d.server.rollout.Set(ctx, line, scene, bot, by)
	switch {
	case errors.Is(err, desk.ErrNoLine):
		return &web.RefusedError{Status: http.StatusNotFound, Code: "no_such_line", Detail: err.Error()}
	case errors.Is(err, desk.ErrPercent):
		return &web.RefusedError{Code: "bad_percent", Detail: err.Error()}
	}
	return err
}

// Command implements web.Commander.
func (d deskAPI) Command(ctx context.Context, id string, c web.Command) error {
	m := d.server.manager
	to := call.Destination{Agent: c.ToAgent, Skill: c.ToSkill, Number: c.ToNumber}
	var err error
	switch c.Do {
	case "hold":
		err = m.Hold(ctx, id)
	case "unhold":
		err = m.Unhold(ctx, id)
	case "transfer", "consult":
		err = m.TransferTo(ctx, id, to, c.Do == "consult")
	case "complete":
		err = m.CompleteTransfer(ctx, id)
	case "cancel":
		err = m.CancelTransfer(ctx, id)
	case "conference":
		err = m.Conference(ctx, id, to)
	case "back_to_bot":
		err = m.BackToBot(ctx, id, c.Flow)
	case "end":
		err = m.EndCall(ctx, id)
	default:
		return &web.RefusedError{Code: "no_such_command", Detail: "there is no command " + c.Do}
	}
	return commandRefused(err)
}

// commandRefused tells the client why nothing was done.
func commandRefused(err error) error {
	var refused *call.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refusedError(err)
	case errors.Is(err, call.ErrNoCall):
		return &web.RefusedError{Status: http.StatusNotFound, Code: "not_in_progress", Detail: err.Error()}
	case errors.Is(err, call.ErrDestination):
		return &web.RefusedError{Code: "bad_destination", Detail: err.Error()}
	}
	for code, known := range map[string]error{
		"no_agent_talks": call.ErrNoAgentTalks, "on_hold": call.ErrOnHold, "not_on_hold": call.ErrNotOnHold, "guest": call.ErrGuest,
		"no_guest": call.ErrNoGuest, "agent_not_ready": call.ErrBusyAgent, "nobody_ready": call.ErrNobodyReady, "no_bot": call.ErrNoBot,
		"with_bot": call.ErrWithBot,
	} {
		if errors.Is(err, known) {
			return &web.RefusedError{Status: http.StatusConflict, Code: code, Detail: err.Error()}
		}
	}
	return err
}

// teams are the agents of each team.
func (bs *bots) teams() map[string][]string {
	out := map[string][]string{}
	for _, a := range bs.agents() {
		if a.Team != "" {
			out[a.Team] = append(out[a.Team], a.Name)
		}
	}
	return out
}
