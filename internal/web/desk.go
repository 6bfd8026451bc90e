package web

import (
	"context"
	"fmt"
	"net/http"

	"hotline/internal/desk"
	"hotline/internal/store"
)

// A Desk is where callers wait and agents work. Its errors are [RefusedError] where the
// client can do something about them.
type Desk interface {
	// Choose sets what an agent does from now on.
	Choose(ctx context.Context, agent, state, reason string) error
	// Has tells whether an agent talks, or is rung, in a call.
	Has(agent, call string) bool
	// Queue are the callers who wait, the next first.
	Queue() []desk.View
	Load() desk.Load
	Share() desk.ShareState
	SetShare(ctx context.Context, mode, by string) error
	Rollout() []desk.RolloutState
	SetRollout(ctx context.Context, line, scene string, bot int, by string) error
}

// A Commander does to a call what its agent, or somebody for him, wants.
type Commander interface {
	Command(ctx context.Context, call string, c Command) error
}

// Command is what is wanted with a call.
type Command struct {
	Do       string `json:"do" enum:"hold,unhold,transfer,consult,complete,cancel,conference,back_to_bot,end" doc:"transfer: the agent leaves when the other answers; consult: he speaks with the other first, then complete, cancel or conference; back_to_bot: the bot does a flow with the caller and returns him"`
	ToAgent  string `json:"to_agent,omitempty" maxLength:"64"`
	ToSkill  string `json:"to_skill,omitempty" maxLength:"64" doc:"with transfer: back into the queue, before others"`
	ToNumber string `json:"to_number,omitempty" maxLength:"128" doc:"outside, by the rules of calls that go out"`
	Flow     string `json:"flow,omitempty" maxLength:"64" doc:"with back_to_bot"`
}

type agentStateInput struct {
	Name string `path:"name" maxLength:"64"`
	Body struct {
		State  string `json:"state" enum:"ready,break,not_ready,offline"`
		Reason string `json:"reason,omitempty" maxLength:"64" doc:"of a break: lunch, training …"`
	}
}

type queueOutput struct {
	Body struct {
		Items    []QueueItem `json:"items" doc:"the next first"`
		LongestS int64       `json:"longest_s" doc:"that one of them has waited"`
		WaitS    int64       `json:"wait_s" doc:"estimated for who comes now"`
		Ready    int         `json:"ready" doc:"agents who could take a call at once"`
		Serving  int         `json:"serving" doc:"agents who take calls"`
	}
}

type shareInput struct {
	Body struct {
		Mode string `json:"mode" enum:"auto,usual,more_bot,more_people" doc:"auto: the rules of business.yaml decide"`
	}
}

type shareOutput struct{ Body desk.ShareState }

type rolloutInput struct {
	Line  string `path:"line" maxLength:"64"`
	Scene string `query:"scene" maxLength:"100" doc:"of questions; all callers of the line without"`
	Body  struct {
		Bot int `json:"bot" minimum:"0" maximum:"100" doc:"of 100 callers, always the same ones"`
	}
}

type rolloutOutput struct {
	Body struct {
		Items []desk.RolloutState `json:"items"`
	}
}

type commandInput struct {
	IDInput

	Body Command
}

func (s *Server) deskRoutes() {
	state := operation(http.MethodPut, "/agents/{name}/state", "set-agent-state", "Set what an agent does: oneself, or anybody for a supervisor", "desk")
	state.Errors = []int{http.StatusForbidden, http.StatusNotFound}
	route(s, state, s.setAgentState)
	phone := operation(http.MethodPost, "/agents/{name}/phone-password", "set-phone-password", "Make a new password for an agent's own telephone; it is told once, and the one before counts no longer", "users")
	phone.Errors = []int{http.StatusNotFound, http.StatusConflict}
	route(s, phone, s.setPhonePassword)
	route(s, operation(http.MethodGet, "/queue", "queue", "Callers who wait for people", "desk"), s.queue)
	route(s, operation(http.MethodGet, "/share", "share", "How the work is divided between bot and people", "desk"), s.share)
	route(s, operation(http.MethodPut, "/share", "set-share", "Divide the work, or have the rules do it", "desk"), s.setShare)
	route(s, operation(http.MethodGet, "/rollout", "rollout", "How many callers of each line meet the bot", "desk"), s.rollout)
	route(s, operation(http.MethodPut, "/rollout/{line}", "set-rollout", "Change how many callers of a line meet the bot", "desk"), s.setRollout)
	command := operation(http.MethodPost, "/calls/{id}/command", "command-call", "Hold, transfer, consult, conference, back to the bot", "desk")
	command.Errors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	route(s, command, s.command)
}

var errNoDesk = problem(http.StatusNotImplemented, "no_desk", "this server has no desk")

func (s *Server) setAgentState(ctx context.Context, in *agentStateInput) (*struct{}, error) {
	if s.cfg.Desk == nil {
		return nil, errNoDesk
	}
	if i := who(ctx); i.role == store.AgentRole && i.agent != in.Name {
		return nil, problem(http.StatusForbidden, "not_yours", "an agent sets his own state only")
	}
	for _, a := range s.agentsElsewhere(ctx) {
		if a.Name == in.Name {
			return nil, problem(http.StatusConflict, "elsewhere", fmt.Sprintf("%s works on the server %q: say it there", in.Name, a.Node))
		}
	}
	return nil, refusal(s.cfg.Desk.Choose(ctx, in.Name, in.Body.State, in.Body.Reason))
}

type phonePasswordInput struct {
	Name string `path:"name" maxLength:"64"`
}

type phonePasswordOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Agent    string `json:"agent" doc:"the user that the telephone registers as"`
		Password string `json:"password"`
	}
}

func (s *Server) setPhonePassword(ctx context.Context, in *phonePasswordInput) (*phonePasswordOutput, error) {
	if s.cfg.PhonePassword == nil {
		return nil, errNoDesk
	}
	password, err := s.cfg.PhonePassword(ctx, in.Name)
	if err != nil {
		return nil, refusal(err)
	}
	out := &phonePasswordOutput{CacheControl: "no-store"}
	out.Body.Agent, out.Body.Password = in.Name, password
	return out, nil
}

func (s *Server) queue(context.Context, *struct{}) (*queueOutput, error) {
	out := &queueOutput{}
	out.Body.Items = []QueueItem{}
	if s.cfg.Desk == nil {
		return out, nil
	}
	load := s.cfg.Desk.Load()
	out.Body.Items, load = s.queueOf(s.cfg.Desk.Queue(), load)
	out.Body.LongestS, out.Body.WaitS = int64(load.Longest.Seconds()), int64(load.Wait.Seconds())
	out.Body.Ready, out.Body.Serving = load.Ready, load.Serving
	return out, nil
}

func (s *Server) share(context.Context, *struct{}) (*shareOutput, error) {
	if s.cfg.Desk == nil {
		return &shareOutput{}, nil // nothing is shared
	}
	return &shareOutput{s.cfg.Desk.Share()}, nil
}

func (s *Server) setShare(ctx context.Context, in *shareInput) (*shareOutput, error) {
	if s.cfg.Desk == nil {
		return nil, errNoDesk
	}
	if err := s.cfg.Desk.SetShare(ctx, in.Body.Mode, who(ctx).name); err != nil {
		return nil, refusal(err)
	}
	return &shareOutput{s.cfg.Desk.Share()}, nil
}

func (s *Server) rollout(context.Context, *struct{}) (*rolloutOutput, error) {
	out := &rolloutOutput{}
	out.Body.Items = []desk.RolloutState{}
	if s.cfg.Desk != nil {
		out.Body.Items = list(s.cfg.Desk.Rollout())
	}
	return out, nil
}

func (s *Server) setRollout(ctx context.Context, in *rolloutInput) (*rolloutOutput, error) {
	if s.cfg.Desk == nil {
		return nil, errNoDesk
	}
	if err := s.cfg.Desk.SetRollout(ctx, in.Line, in.Scene, in.Body.Bot, who(ctx).name); err != nil {
		return nil, refusal(err)
	}
	return s.rollout(ctx, nil)
}

func (s *Server) command(ctx context.Context, in *commandInput) (*struct{}, error) {
	if s.cfg.Command == nil {
		return nil, errNoDesk
	}
	if i := who(ctx); i.role == store.AgentRole && (s.cfg.Desk == nil || !s.cfg.Desk.Has(i.agent, in.ID)) {
		return nil, problem(http.StatusForbidden, "not_yours", "an agent commands the calls that he is in")
	}
	if err := s.here(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, refusal(s.cfg.Command.Command(ctx, in.ID, in.Body))
}
