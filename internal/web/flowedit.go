package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"hotline/dialog/flow"
	"hotline/internal/business"
	"hotline/internal/event"
	"hotline/internal/flowedit"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// FlowDocument is a task with its text.
type FlowDocument struct {
	business.FlowView
	Text   string   `json:"text"`
	Digest string   `json:"digest" doc:"names the file; a change says what it was made from"`
	On     []string `json:"on" doc:"the lines that it can be tried on"`
}

// FlowDeleted is a task that was taken away and can be brought back.
type FlowDeleted struct {
	Business string    `json:"business"`
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	File     string    `json:"file"`
	Author   string    `json:"author"`
	At       time.Time `json:"at"`
	N        int       `json:"n" doc:"of the version that has its text"`
}

// FlowName says which task is meant.
type FlowName struct {
	Name     string `path:"name" maxLength:"128"`
	Business string `query:"business" maxLength:"128" doc:"where several have a task of the name; the first otherwise"`
}

type flowDocumentOutput struct{ Body FlowDocument }

type flowSaveInput struct {
	FlowName
	Body struct {
		Text   string `json:"text" minLength:"1" maxLength:"262144"`
		Digest string `json:"digest" maxLength:"64" doc:"of the file that the text was made from"`
		Note   string `json:"note,omitempty" maxLength:"500"`
	}
}

type flowCreateInput struct {
	Business string `query:"business" maxLength:"128" doc:"default: the first"`
	Body     struct {
		Name     string `json:"name" minLength:"1" maxLength:"64" doc:"letters, digits, - and _; the file's too"`
		Title    string `json:"title" minLength:"1" maxLength:"100" doc:"what it is about, as it is spoken"`
		Template string `json:"template" enum:"note,lookup,person"`
	}
}

type flowDeleteInput struct {
	FlowName
	Digest string `query:"digest" required:"true" maxLength:"64" doc:"of the file that is meant"`
}

type flowDeleteOutput struct{ Body FlowDeleted }

type flowRestoreInput struct {
	FlowName
	Body struct {
		N      int    `json:"n" minimum:"1" doc:"the version whose text comes back"`
		Digest string `json:"digest,omitempty" maxLength:"64" doc:"of the file that it replaces; none where it was deleted"`
		Note   string `json:"note,omitempty" maxLength:"500"`
	}
}

type flowVersionsOutput struct {
	Body struct {
		Items  []FlowVersion `json:"items" doc:"newest first"`
		Text   string        `json:"text" doc:"what the file says now"`
		Digest string        `json:"digest"`
	}
}

// FlowVersion is one text that a task had.
type FlowVersion struct {
	N      int       `json:"n"`
	State  string    `json:"state" enum:"file,saved,deleted" doc:"file: it was found in the file, whoever wrote it"`
	Text   string    `json:"text"`
	Author string    `json:"author,omitempty"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at"`
}

// FlowText is a text that is not saved.
type FlowText struct {
	Text string `json:"text" minLength:"1" maxLength:"262144"`
}

type flowTextInput struct {
	FlowName
	Body FlowText
}

type flowCheckOutput struct {
	Body struct {
		business.FlowView
		Broken []business.FlowProblem `json:"broken" doc:"errors that the text makes elsewhere in the folder"`
	}
}

type flowTryInput struct {
	FlowName
	Body struct {
		FlowText
		Line   string     `json:"line,omitempty" maxLength:"100"`
		Caller string     `json:"caller,omitempty" maxLength:"40" doc:"the number that rings"`
		At     time.Time  `json:"at,omitzero" doc:"as the first answer said; the conversation is held anew from there"`
		Turns  []FlowTurn `json:"turns,omitempty" maxItems:"40"`
	}
}

// FlowTurn is what the caller does: one of its fields.
type FlowTurn struct {
	Say     string `json:"say,omitempty" maxLength:"500"`
	Keys    string `json:"keys,omitempty" maxLength:"40" pattern:"^[0-9*#]*$"`
	Silence bool   `json:"silence,omitempty"`
}

type flowTryOutput struct {
	Body struct {
		Line  string          `json:"line"`
		At    time.Time       `json:"at"`
		Turns []FlowTurnTried `json:"turns" doc:"the first is the opening"`
	}
}

// FlowTurnTried is how a turn went.
type FlowTurnTried struct {
	Caller      string     `json:"caller"`
	Said        []string   `json:"said"`
	Acts        []FlowAct  `json:"acts" doc:"what would have been done"`
	Flow        string     `json:"flow,omitempty"`
	Step        string     `json:"step,omitempty" doc:"path of the step in the file"`
	Slots       []FlowSlot `json:"slots"`
	Source      string     `json:"source,omitempty"`
	KnowledgeID string     `json:"knowledge_id,omitempty"`
	Question    string     `json:"question,omitempty"`
	Confidence  float64    `json:"confidence,omitempty"`
	Ended       bool       `json:"ended" doc:"the call is over, or with a person"`
}

// FlowAct is something that would have been done.
type FlowAct struct {
	Kind string `json:"kind" enum:"transfer,callback,ticket,sms,review,message,rating,hangup,asked,unasked"`
	Text string `json:"text"`
}

// FlowSlot is what the task knows.
type FlowSlot struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Value string `json:"value"`
}

type flowDialogsOutput struct {
	Body struct {
		Passed int          `json:"passed"`
		Failed int          `json:"failed"`
		Broken int          `json:"broken" doc:"of those that failed, how many go well with the text that is saved"`
		Items  []FlowDialog `json:"items" doc:"those that failed first"`
	}
}

// FlowDialog is how one of the business's own conversations went.
type FlowDialog struct {
	Name   string           `json:"name"`
	File   string           `json:"file"`
	Line   int              `json:"line"`
	Passed bool             `json:"passed"`
	Before bool             `json:"before" doc:"it goes well with the text that is saved"`
	Turns  []FlowDialogTurn `json:"turns,omitempty" doc:"where it failed"`
}

// FlowDialogTurn is one turn of it.
type FlowDialogTurn struct {
	Caller   string   `json:"caller"`
	Said     string   `json:"said"`
	Failures []string `json:"failures,omitempty"`
}

type flowSchemaOutput struct{ Body map[string]any }

func (s *Server) flowEditRoutes() {
	const tag = "flows"
	route(s, operation(http.MethodGet, "/flow-schema", "flow-schema", "The JSON Schema of a task's file", tag), func(context.Context, *struct{}) (*flowSchemaOutput, error) {
		return &flowSchemaOutput{flow.Schema()}, nil
	})
	create := operation(http.MethodPost, "/flows", "create-flow", "Make a task from a template", tag)
	create.DefaultStatus = http.StatusCreated
	route(s, create, s.createFlow)
	route(s, operation(http.MethodPut, "/flows/{name}", "save-flow", "Write a text into a task's file; the next call has it", tag), s.saveFlow)
	route(s, operation(http.MethodDelete, "/flows/{name}", "delete-flow", "Take a task away; it can be restored", tag), s.deleteFlow)
	route(s, operation(http.MethodPost, "/flows/{name}/restore", "restore-flow", "Bring the text of an older version back", tag), s.restoreFlow)
	route(s, operation(http.MethodGet, "/flows/{name}/versions", "list-flow-versions", "Every text that a task had, newest first", tag), s.flowVersions)
	route(s, operation(http.MethodPost, "/flows/{name}/check", "check-flow", "The graph of a text that is not saved, and what is wrong with it", tag), s.checkFlow)
	try := operation(http.MethodPost, "/flows/{name}/try", "try-flow", "Hold a conversation over a text that is not saved; nothing is booked or sent", tag)
	try.Description = "The conversation is held from its beginning each time: send all turns so far and the next one, and `at` as the first answer said."
	route(s, try, s.tryFlow)
	route(s, operation(http.MethodPost, "/flows/{name}/dialogs", "run-flow-dialogs", "Hold the business's own conversations over a text that is not saved", tag), s.runFlowDialogs)
}

// editor is the editor of tasks, or the problem that there is none.
func (s *Server) editor() (*flowedit.Editor, error) {
	if s.cfg.FlowEditor == nil {
		return nil, problem(http.StatusNotFound, "not_found", "this server's flows cannot be changed here")
	}
	return s.cfg.FlowEditor, nil
}

// flowProblem is what the client learns of an error of the editor.
func flowProblem(err error) error {
	var invalid *flowedit.InvalidError
	switch {
	case errors.As(err, &invalid):
		p := problem(http.StatusUnprocessableEntity, "flow_errors", invalid.Error())
		for _, e := range invalid.Problems {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: e.Text("en"), Location: e.Place(), Value: e.Text("zh")})
		}
		return p
	case errors.Is(err, flowedit.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is no such flow")
	case errors.Is(err, business.ErrFlowChanged):
		return problem(http.StatusConflict, "file_changed", "the file has changed since; look at both texts")
	case errors.Is(err, store.ErrStale):
		return problem(http.StatusConflict, "stale", "somebody else has changed it since, load it again")
	case errors.Is(err, flowedit.ErrExists):
		return problem(http.StatusConflict, "exists", err.Error())
	case errors.Is(err, flowedit.ErrName):
		return problem(http.StatusUnprocessableEntity, "flow_name", err.Error())
	case errors.Is(err, flowedit.ErrNoTable):
		return problem(http.StatusUnprocessableEntity, "no_table", err.Error())
	case errors.Is(err, flowedit.ErrLong):
		return problem(http.StatusUnprocessableEntity, "too_long", err.Error())
	case errors.Is(err, flowedit.ErrSystems):
		return problem(http.StatusForbidden, "flow_systems", err.Error())
	case errors.Is(err, flowedit.ErrNoTrial):
		return problem(http.StatusNotFound, "no_trial", err.Error())
	default:
		return err
	}
}

func viewDocument(d flowedit.Document) *flowDocumentOutput {
	return &flowDocumentOutput{FlowDocument{FlowView: d.FlowView, Text: d.Text, Digest: d.Digest, On: append([]string{}, d.On...)}}
}

// flowEdit is who changes which task from what.
func flowEdit(ctx context.Context, of FlowName, digest, remark string) flowedit.Edit {
	i := who(ctx)
	note(ctx, "business", of.Business)
	if remark != "" {
		note(ctx, "note", remark)
	}
	return flowedit.Edit{Business: of.Business, Name: of.Name, By: i.name, Note: remark, Digest: digest, Systems: i.role == store.Admin}
}

// changedFlow answers for a change and tells the consoles.
func (s *Server) changedFlow(ctx context.Context, do func(*flowedit.Editor) (flowedit.Document, error)) (*flowDocumentOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	d, err := do(e)
	if err != nil {
		return nil, flowProblem(err)
	}
	note(ctx, "file", d.File)
	s.tellFlow(d.Business, d.Name)
	return viewDocument(d), nil
}

func (s *Server) tellFlow(of, name string) {
	s.cfg.Bus.Publish(event.Event{Kind: "flow.changed", At: time.Now(), Data: map[string]any{"business": of, "name": name}})
}

func (s *Server) createFlow(ctx context.Context, in *flowCreateInput) (*flowDocumentOutput, error) {
	return s.changedFlow(ctx, func(e *flowedit.Editor) (flowedit.Document, error) {
		return e.Create(ctx, flowEdit(ctx, FlowName{in.Body.Name, in.Business}, "", ""), in.Body.Title, in.Body.Template)
	})
}

func (s *Server) saveFlow(ctx context.Context, in *flowSaveInput) (*flowDocumentOutput, error) {
	return s.changedFlow(ctx, func(e *flowedit.Editor) (flowedit.Document, error) {
		return e.Save(ctx, flowEdit(ctx, in.FlowName, in.Body.Digest, in.Body.Note), in.Body.Text)
	})
}

func (s *Server) restoreFlow(ctx context.Context, in *flowRestoreInput) (*flowDocumentOutput, error) {
	return s.changedFlow(ctx, func(e *flowedit.Editor) (flowedit.Document, error) {
		return e.Restore(ctx, flowEdit(ctx, in.FlowName, in.Body.Digest, in.Body.Note), in.Body.N)
	})
}

func (s *Server) deleteFlow(ctx context.Context, in *flowDeleteInput) (*flowDeleteOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	d, err := e.Delete(ctx, flowEdit(ctx, in.FlowName, in.Digest, ""))
	if err != nil {
		return nil, flowProblem(err)
	}
	note(ctx, "file", d.File)
	s.tellFlow(d.Business, d.Name)
	return &flowDeleteOutput{FlowDeleted(d)}, nil
}

func (s *Server) flowVersions(ctx context.Context, in *struct{ FlowName }) (*flowVersionsOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	list, now, err := e.Versions(ctx, in.Business, in.Name)
	if err != nil {
		return nil, flowProblem(err)
	}
	out := &flowVersionsOutput{}
	out.Body.Items, out.Body.Text, out.Body.Digest = []FlowVersion{}, now.Text, now.Digest
	for _, v := range list {
		out.Body.Items = append(out.Body.Items, FlowVersion{N: v.N, State: v.State, Text: v.Body, Author: v.Author, Note: v.Note, At: v.At})
	}
	return out, nil
}

func (s *Server) checkFlow(ctx context.Context, in *flowTextInput) (*flowCheckOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	free, err := s.readFolders(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	view, broken, err := e.Check(ctx, in.Business, in.Name, in.Body.Text)
	if err != nil {
		return nil, flowProblem(err)
	}
	out := &flowCheckOutput{}
	out.Body.FlowView, out.Body.Broken = view, []business.FlowProblem{}
	for _, p := range broken {
		message, cure := p.In("zh")
		out.Body.Broken = append(out.Body.Broken, business.FlowProblem{Problem: p, MessageZH: message, CureZH: cure})
	}
	return out, nil
}

func (s *Server) tryFlow(ctx context.Context, in *flowTryInput) (*flowTryOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	t := flowedit.Trial{
		Business: in.Business, Name: in.Name, Text: in.Body.Text, Line: in.Body.Line, Caller: in.Body.Caller, At: in.Body.At,
		Systems: who(ctx).role == store.Admin,
	}
	for _, turn := range in.Body.Turns {
		t.Turns = append(t.Turns, flowedit.TrialTurn(turn))
	}
	done, err := e.Try(ctx, t)
	if err != nil {
		return nil, flowProblem(err)
	}
	out := &flowTryOutput{}
	out.Body.Line, out.Body.At, out.Body.Turns = done.Line, done.At, []FlowTurnTried{}
	for _, d := range done.Turns {
		turn := FlowTurnTried{
			Caller: d.Caller, Said: append([]string{}, d.Said...), Acts: []FlowAct{}, Flow: d.Flow, Step: d.Step, Slots: []FlowSlot{},
			Source: d.Source, KnowledgeID: d.KnowledgeID, Question: d.Question, Confidence: d.Confidence, Ended: d.Ended,
		}
		for _, a := range d.Acts {
			turn.Acts = append(turn.Acts, FlowAct(a))
		}
		for _, v := range d.Slots {
			turn.Slots = append(turn.Slots, FlowSlot(v))
		}
		out.Body.Turns = append(out.Body.Turns, turn)
	}
	return out, nil
}

func (s *Server) runFlowDialogs(ctx context.Context, in *flowTextInput) (*flowDialogsOutput, error) {
	e, err := s.editor()
	if err != nil {
		return nil, err
	}
	done, err := e.Dialogs(ctx, in.Business, in.Name, in.Body.Text, who(ctx).role == store.Admin)
	if err != nil {
		return nil, flowProblem(err)
	}
	out := &flowDialogsOutput{}
	out.Body.Items = []FlowDialog{}
	for _, d := range done {
		item := FlowDialog{Name: d.Name, File: d.File, Line: d.Line, Passed: d.Passed, Before: d.Before}
		if d.Passed {
			out.Body.Passed++
		} else {
			out.Body.Failed++
			if d.Before {
				out.Body.Broken++
			}
			for _, t := range d.Done {
				item.Turns = append(item.Turns, FlowDialogTurn{t.Caller, t.Said, t.Failures})
			}
		}
		out.Body.Items = append(out.Body.Items, item)
	}
	rank := func(d FlowDialog) int {
		switch {
		case !d.Passed && d.Before:
			return 0
		case !d.Passed:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out.Body.Items, func(a, b FlowDialog) int { return rank(a) - rank(b) })
	return out, nil
}
