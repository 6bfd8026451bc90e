package main

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/web"
	"hotline/sip"
)

// office is the desk as the web server works it.
type office struct {
	*desk.Desk

	manager   *call.Manager
	registrar *sip.Registrar
}

// Agents implements web.AgentLister.
func (o office) Agents(context.Context) ([]web.Agent, error) {
	var out []web.Agent
	for _, a := range o.Desk.Agents() {
		out = append(out, web.Agent{
			Name: a.Name, DisplayName: a.Title, Skills: append([]string{}, a.Skills...), State: string(a.State), Reason: a.Reason, Since: a.Since, Until: a.Until,
			Calls: append([]string{}, a.Calls...), Contacts: len(o.registrar.Contacts(a.Name)),
		})
	}
	return out, nil
}

// Choose implements web.Desk.
func (o office) Choose(ctx context.Context, agent, state, reason string) error {
	return o.Desk.Choose(ctx, agent, desk.State(state), reason)
}

// Has implements web.Desk.
func (o office) Has(agent, id string) bool { return slices.Contains(o.Involved(id), agent) }

// Share implements web.Desk.
func (office) Share() desk.ShareState {
	return desk.ShareState{Mode: desk.Auto, Level: desk.Usual}
}

// SetShare implements web.Desk.
func (office) SetShare(context.Context, string, string) error { return nil }

// Rollout implements web.Desk.
func (office) Rollout() []desk.RolloutState { return nil }

// SetRollout implements web.Desk.
func (office) SetRollout(context.Context, string, string, int, string) error { return nil }

// Command implements web.Commander.
func (o office) Command(ctx context.Context, id string, c web.Command) error {
	to := call.Destination{Agent: c.ToAgent, Skill: c.ToSkill, Number: c.ToNumber}
	var err error
	switch c.Do {
	case "hold":
		err = o.manager.Hold(ctx, id)
	case "unhold":
		err = o.manager.Unhold(ctx, id)
	case "transfer", "consult":
		err = o.manager.TransferTo(ctx, id, to, c.Do == "consult")
	case "complete":
		err = o.manager.CompleteTransfer(ctx, id)
	case "cancel":
		err = o.manager.CancelTransfer(ctx, id)
	case "conference":
		err = o.manager.Conference(ctx, id, to)
	case "back_to_bot":
		err = o.manager.BackToBot(ctx, id, c.Flow)
	case "end":
		err = o.manager.EndCall(ctx, id)
	}
	if errors.Is(err, call.ErrBusyAgent) {
		return &web.RefusedError{Status: http.StatusConflict, Code: "agent_not_ready", Detail: err.Error()}
	}
	return err
}

func (office) dispositions() []web.Disposition {
	return []web.Disposition{{Code: "solved"}, {Code: "follow_up"}, {Code: "complaint"}, {Code: "exchange", Title: "换货"}}
}
