package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hotline/dialog/grow"
	"hotline/internal/proposal"
	"hotline/internal/store"
)

// Proposal is a wording that is proposed for a question.
type Proposal struct {
	ID         string    `json:"id"`
	Pair       string    `json:"pair" doc:"the question's id"`
	Question   string    `json:"question"`
	Answer     string    `json:"answer" doc:"what a caller who is understood hears"`
	Wording    string    `json:"wording"`
	Source     string    `json:"source" enum:"calls,model"`
	Why        string    `json:"why" enum:"later,person,label,score,paraphrase" doc:"later: callers who said it were understood when they said it differently"`
	Confidence float64   `json:"confidence" doc:"how likely it is right"`
	Said       int       `json:"said" doc:"turns of callers with it"`
	Alike      int       `json:"alike" doc:"other proposals for the question that are close to it"`
	State      string    `json:"state" enum:"open,approved,refused"`
	At         time.Time `json:"at"`
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	DecidedBy  string    `json:"decided_by,omitempty"`
	PutPair    string    `json:"put_pair,omitempty" doc:"approved: where it went"`
	Put        string    `json:"put,omitempty" doc:"approved: as what"`
}

type proposalListInput struct {
	KnowledgeBusiness
	State  string `query:"state" enum:"open,approved,refused" default:"open"`
	Source string `query:"source" enum:"calls,model"`
	Pair   string `query:"pair" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type proposalList struct {
	Body struct {
		Items      []Proposal     `json:"items" doc:"open ones: the most worthwhile first; others: newest decision first"`
		NextCursor string         `json:"next_cursor"`
		Counts     map[string]int `json:"counts" doc:"of each state"`
		Look       proposal.Look  `json:"look"`
		Model      bool           `json:"model" doc:"a language model can write paraphrases"`
	}
}

type proposalLookOutput struct {
	Body proposal.Look
}

// ProposalDone is what came of a decision.
type ProposalDone struct {
	ID    string `json:"id"`
	State string `json:"state" enum:"open,approved,refused"`
	Error string `json:"error,omitempty" doc:"why it was left as it was"`
	Code  string `json:"code,omitempty" enum:"stands,personal,words,no_pair,stale,not_found,other"`
}

type proposalDoneOutput struct {
	Body struct {
		Items []ProposalDone `json:"items"`
	}
}

// ProposalApproval is one proposal that is approved, as it is or otherwise.
type ProposalApproval struct {
	ID      string `json:"id" minLength:"1" maxLength:"200"`
	Pair    string `json:"pair,omitempty" maxLength:"200" doc:"merge it into this question instead"`
	Wording string `json:"wording,omitempty" maxLength:"200" doc:"put it like this instead"`
}

type proposalApproveInput struct {
	KnowledgeBusiness
	Body struct {
		Items []ProposalApproval `json:"items" minItems:"1" maxItems:"200"`
	}
}

type proposalIDsInput struct {
	KnowledgeBusiness
	Body struct {
		IDs []string `json:"ids" minItems:"1" maxItems:"200"`
	}
}

type proposalParaphraseInput struct {
	KnowledgeBusiness
	Body struct {
		Pair string `json:"pair" minLength:"1" maxLength:"200"`
		N    int    `json:"n,omitempty" minimum:"1" maximum:"20" default:"5"`
	}
}

type proposalParaphraseOutput struct {
	Body struct {
		Added int `json:"added" doc:"new proposals; what the model wrote and did not pass is not counted"`
	}
}

func (s *Server) proposalRoutes() {
	const tag, path = "knowledge", "/knowledge/proposals"
	route(s, operation(http.MethodGet, path, "list-proposals", "Wordings that wait for somebody to approve them", tag), s.listProposals)
	look := operation(http.MethodPost, path+"/look", "look-for-proposals", "Look through the calls for wordings, in the background", tag)
	look.DefaultStatus = http.StatusAccepted
	route(s, look, s.lookForProposals)
	route(s, operation(http.MethodPost, path+"/approve", "approve-proposals", "Put wordings in force, where they are proposed or elsewhere", tag), s.approveProposals)
	route(s, operation(http.MethodPost, path+"/refuse", "refuse-proposals", "Refuse wordings; they are not proposed again", tag),
		s.decideProposals(func(ctx context.Context, d *proposal.Desk, in *proposalIDsInput) ([]proposal.Done, error) {
			return d.Refuse(ctx, in.Business, in.Body.IDs, who(ctx).name)
		}))
	route(s, operation(http.MethodPost, path+"/undo", "undo-proposals", "Take decisions back", tag),
		s.decideProposals(func(ctx context.Context, d *proposal.Desk, in *proposalIDsInput) ([]proposal.Done, error) {
			return d.Undo(ctx, in.Business, in.Body.IDs, who(ctx).name)
		}))
	route(s, operation(http.MethodPost, path+"/paraphrase", "paraphrase-question", "Have the language model propose wordings of a question", tag), s.paraphrase)
}

func (s *Server) proposals() (*proposal.Desk, error) {
	if s.cfg.Proposals == nil {
		return nil, problem(http.StatusNotFound, "not_found", "this server proposes no wordings")
	}
	return s.cfg.Proposals, nil
}

// proposalProblem is what the client learns of an error of the desk.
func proposalProblem(err error) error {
	switch {
	case errors.Is(err, proposal.ErrBusy):
		return problem(http.StatusConflict, "looking", err.Error())
	case errors.Is(err, proposal.ErrNoModel):
		return problem(http.StatusConflict, "no_model", err.Error())
	default:
		return knowledgeProblem(err)
	}
}

func (s *Server) listProposals(ctx context.Context, in *proposalListInput) (*proposalList, error) {
	d, err := s.proposals()
	if err != nil {
		return nil, err
	}
	page, err := d.List(ctx, store.ProposalFilter{Business: in.Business, State: in.State, Source: in.Source, Pair: in.Pair, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, proposalProblem(err)
	}
	out := &proposalList{}
	out.Body.Items, out.Body.NextCursor, out.Body.Model = make([]Proposal, 0, len(page.Items)), page.Next, d.HasModel()
	for _, p := range page.Items {
		v := Proposal{
			ID: p.ID, Pair: p.Pair, Question: p.Pair, Wording: p.Wording, Source: p.Source, Why: p.Why, Confidence: p.Confidence, Said: p.Said, Alike: p.Alike,
			State: p.State, At: p.At, DecidedAt: p.DecidedAt, DecidedBy: p.DecidedBy, PutPair: p.PutPair, Put: p.Put,
		}
		if i, err := s.cfg.Knowledge.Get(in.Business, p.Pair); err == nil {
			v.Question, v.Answer = i.Row.Question, i.Row.Answer
			if i.Row.Spoken != "" {
				v.Answer = i.Row.Spoken
			}
		}
		out.Body.Items = append(out.Body.Items, v)
	}
	if out.Body.Counts, err = d.Counts(ctx, in.Business); err != nil {
		return nil, proposalProblem(err)
	}
	out.Body.Look, err = d.Last(in.Business)
	if out.Body.Look.Unanswered == nil {
		out.Body.Look.Unanswered = []grow.Unanswered{}
	}
	return out, err
}

func (s *Server) lookForProposals(_ context.Context, in *struct{ KnowledgeBusiness }) (*proposalLookOutput, error) {
	d, err := s.proposals()
	if err != nil {
		return nil, err
	}
	if err := d.Ask(in.Business); err != nil {
		return nil, proposalProblem(err)
	}
	out := &proposalLookOutput{}
	out.Body, err = d.Last(in.Business)
	if out.Body.Unanswered == nil {
		out.Body.Unanswered = []grow.Unanswered{}
	}
	return out, err
}

func (s *Server) approveProposals(ctx context.Context, in *proposalApproveInput) (*proposalDoneOutput, error) {
	d, err := s.proposals()
	if err != nil {
		return nil, err
	}
	list := make([]proposal.Approval, 0, len(in.Body.Items))
	for _, i := range in.Body.Items {
		list = append(list, proposal.Approval{ID: i.ID, Pair: i.Pair, Wording: i.Wording})
	}
	done, err := d.Approve(ctx, in.Business, list, who(ctx).name)
	if err != nil {
		return nil, proposalProblem(err)
	}
	return viewDone(done), nil
}

func (s *Server) decideProposals(do func(context.Context, *proposal.Desk, *proposalIDsInput) ([]proposal.Done, error)) func(context.Context, *proposalIDsInput) (*proposalDoneOutput, error) {
	return func(ctx context.Context, in *proposalIDsInput) (*proposalDoneOutput, error) {
		d, err := s.proposals()
		if err != nil {
			return nil, err
		}
		done, err := do(ctx, d, in)
		if err != nil {
			return nil, proposalProblem(err)
		}
		return viewDone(done), nil
	}
}

func viewDone(list []proposal.Done) *proposalDoneOutput {
	out := &proposalDoneOutput{}
	out.Body.Items = make([]ProposalDone, 0, len(list))
	for _, d := range list {
		v := ProposalDone{ID: d.ID, State: d.State}
		if v.State == "" {
			v.State = store.ProposalOpen
		}
		if d.Err != nil {
			v.Error, v.Code = d.Err.Error(), "other"
			for _, c := range []struct {
				err  error
				code string
			}{
				{grow.ErrStands, "stands"},
				{grow.ErrPersonal, "personal"},
				{grow.ErrNoWords, "words"},
				{grow.ErrNoPair, "no_pair"},
				{store.ErrStale, "stale"},
				{store.ErrNotFound, "not_found"},
			} {
				if errors.Is(d.Err, c.err) {
					v.Code = c.code
				}
			}
		}
		out.Body.Items = append(out.Body.Items, v)
	}
	return out
}

func (s *Server) paraphrase(ctx context.Context, in *proposalParaphraseInput) (*proposalParaphraseOutput, error) {
	d, err := s.proposals()
	if err != nil {
		return nil, err
	}
	out := &proposalParaphraseOutput{}
	if out.Body.Added, err = d.Paraphrase(ctx, in.Business, in.Body.Pair, in.Body.N); err != nil {
		return nil, proposalProblem(err)
	}
	return out, nil
}
