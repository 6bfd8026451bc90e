package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/internal/business"
	"hotline/internal/event"
	"hotline/internal/kb"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxImport bounds an uploaded file of questions and answers.
const maxImport = 20 << 20

const importPath = "/api/v1/knowledge/import"

// KnowledgeText is what a question says and when it counts.
type KnowledgeText struct {
	Question  string   `json:"question" minLength:"1" maxLength:"500"`
	Variants  []string `json:"variants,omitempty" maxItems:"500" doc:"other wordings"`
	Answer    string   `json:"answer,omitempty" maxLength:"8000"`
	Spoken    string   `json:"spoken,omitempty" maxLength:"4000" doc:"said in place of the answer"`
	Category  string   `json:"category,omitempty" maxLength:"100"`
	Scene     string   `json:"scene,omitempty" maxLength:"100"`
	ValidFrom string   `json:"valid_from,omitempty" maxLength:"20" doc:"the first day, 2026-10-01"`
	ValidTo   string   `json:"valid_to,omitempty" maxLength:"20" doc:"the last day"`
	Topic     string   `json:"topic,omitempty" maxLength:"100" doc:"its name in: do you mean A or B?"`
	Skill     string   `json:"skill,omitempty" maxLength:"100" doc:"who knows more"`
	Lines     []string `json:"lines,omitempty" maxItems:"100" doc:"where it counts; none: everywhere"`
	FollowUp  string   `json:"follow_up,omitempty" maxLength:"500" doc:"a question put behind the answer, or the id of one"`
	Flow      string   `json:"flow,omitempty" maxLength:"100" doc:"the task that it begins"`
	Note      string   `json:"note,omitempty" maxLength:"2000" doc:"for those who keep it"`
}

func textOf(r business.Row) KnowledgeText {
	return KnowledgeText{
		Question: r.Question, Variants: r.Variants, Answer: r.Answer, Spoken: r.Spoken, Category: r.Category, Scene: r.Scene,
		ValidFrom: r.ValidFrom.String(), ValidTo: r.ValidTo.String(), Topic: r.Topic, Skill: r.Skill, Lines: r.Lines,
		FollowUp: r.FollowUp, Flow: r.Flow, Note: r.Note,
	}
}

func (t KnowledgeText) row(id string) (business.Row, error) {
	r := business.Row{
		ID: id, Question: strings.TrimSpace(t.Question), Answer: strings.TrimSpace(t.Answer), Spoken: strings.TrimSpace(t.Spoken),
		Category: strings.TrimSpace(t.Category), Scene: strings.TrimSpace(t.Scene), Topic: strings.TrimSpace(t.Topic), Skill: t.Skill,
		Lines: t.Lines, FollowUp: strings.TrimSpace(t.FollowUp), Flow: t.Flow, Note: strings.TrimSpace(t.Note),
	}
	for _, v := range t.Variants {
		// A bar divides wordings in the files.
		for p := range strings.FieldsFuncSeq(v, func(c rune) bool { return strings.ContainsRune("|｜\r\n", c) }) {
			if p = strings.TrimSpace(p); p != "" && !slices.Contains(r.Variants, p) {
				r.Variants = append(r.Variants, p)
			}
		}
	}
	for _, day := range []struct {
		text string
		to   *business.Date
	}{{t.ValidFrom, &r.ValidFrom}, {t.ValidTo, &r.ValidTo}} {
		if day.text == "" {
			continue
		}
		d, err := business.ParseDate(day.text)
		if err != nil {
			return r, problem(http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("%q is no day, write 2026-10-01", day.text))
		}
		*day.to = d
	}
	return r, nil
}

// Knowledge is a question as the API shows it.
type Knowledge struct {
	ID       string `json:"id"`
	Business string `json:"business"`
	KnowledgeText
	State     string         `json:"state" enum:"draft,review,published,withdrawn" doc:"of the newest text"`
	Version   int            `json:"version" doc:"the newest; 0: only the file's text"`
	Author    string         `json:"author,omitempty"`
	At        time.Time      `json:"at,omitzero"`
	Remark    string         `json:"remark,omitempty" doc:"of the author"`
	Live      bool           `json:"live" doc:"callers are answered"`
	Unwritten bool           `json:"unwritten" doc:"published, and not in the file yet"`
	Conflict  bool           `json:"conflict" doc:"the file has changed since; what was published stays in force until somebody decides"`
	InForce   *KnowledgeText `json:"in_force,omitempty" doc:"what callers hear, where it is not the newest"`
	FileText  *KnowledgeText `json:"file_text,omitempty" doc:"of a conflict: what the file says"`
	Place     string         `json:"place" doc:"file and line"`
}

func viewKnowledge(i kb.Item) Knowledge {
	k := Knowledge{
		ID: i.Row.ID, Business: i.Business, KnowledgeText: textOf(i.Row), State: i.State, Version: i.Version, Author: i.Author, At: i.At,
		Remark: i.Note, Live: i.Live, Unwritten: i.Unwritten, Conflict: i.Conflict, Place: i.Place(),
	}
	if i.InForce != nil && i.InForce.Digest() != i.Row.Digest() {
		t := textOf(*i.InForce)
		k.InForce = &t
	}
	if i.Conflict && i.File != nil {
		t := textOf(*i.File)
		k.FileText = &t
	}
	return k
}

// KnowledgeProblem is an error or advice, in both languages.
type KnowledgeProblem struct {
	Severity string `json:"severity" enum:"error,warning"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Field    string `json:"field,omitempty"`
	Code     string `json:"code"`
	English  string `json:"en"`
	Chinese  string `json:"zh"`
}

func viewProblems(r business.Report) []KnowledgeProblem {
	out := make([]KnowledgeProblem, 0, len(r.Problems))
	word := func(p business.Problem, language, dash string) string {
		message, cure := p.In(language)
		if cure == "" {
			return message
		}
		return message + dash + cure
	}
	for _, p := range r.Problems {
		out = append(out, KnowledgeProblem{
			Severity: string(p.Severity), File: p.File, Line: p.Line, Field: p.Field, Code: p.Code,
			English: word(p, "en", ": "), Chinese: word(p, "zh", "："),
		})
	}
	return out
}

// KnowledgeBusiness says whose questions are meant.
type KnowledgeBusiness struct {
	Business string `query:"business" maxLength:"200" doc:"name of the folder; default: the first"`
}

type knowledgeListInput struct {
	KnowledgeBusiness
	Q        string `query:"q" maxLength:"200" doc:"in question, wordings, answer or id"`
	Scene    string `query:"scene" maxLength:"100"`
	Category string `query:"category" maxLength:"100"`
	State    string `query:"state" enum:"draft,review,published,withdrawn,conflict,unwritten"`
	Line     string `query:"line" maxLength:"100"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor   string `query:"cursor" maxLength:"512"`
}

type knowledgeList struct {
	Body struct {
		Items      []Knowledge `json:"items"`
		NextCursor string      `json:"next_cursor"`
		Total      int         `json:"total"`
		Facets     kb.Facets   `json:"facets"`
	}
}

// KnowledgeItemInput says which question is meant.
type KnowledgeItemInput struct {
	KnowledgeBusiness
	ID string `path:"id" maxLength:"200"`
}

type knowledgeOutput struct{ Body Knowledge }

// knowledgeDetail is a question with what is to be said of its text.
type knowledgeDetail struct {
	Body struct {
		Knowledge
		Seconds  float64            `json:"seconds" doc:"that the answer takes to say, estimated"`
		Problems []KnowledgeProblem `json:"problems"`
	}
}

type knowledgeCreateInput struct {
	KnowledgeBusiness
	Body struct {
		KnowledgeText
		ID     string `json:"id,omitempty" maxLength:"100" pattern:"^[\\p{L}\\p{N}._-]*$"`
		Remark string `json:"remark,omitempty" maxLength:"500"`
	}
}

// KnowledgeChange is what becomes another; what is left out stays.
type KnowledgeChange struct {
	Question  *string   `json:"question,omitempty" minLength:"1" maxLength:"500"`
	Variants  *[]string `json:"variants,omitempty" maxItems:"500"`
	Answer    *string   `json:"answer,omitempty" maxLength:"8000"`
	Spoken    *string   `json:"spoken,omitempty" maxLength:"4000"`
	Category  *string   `json:"category,omitempty" maxLength:"100"`
	Scene     *string   `json:"scene,omitempty" maxLength:"100"`
	ValidFrom *string   `json:"valid_from,omitempty" maxLength:"20"`
	ValidTo   *string   `json:"valid_to,omitempty" maxLength:"20"`
	Topic     *string   `json:"topic,omitempty" maxLength:"100"`
	Skill     *string   `json:"skill,omitempty" maxLength:"100"`
	Lines     *[]string `json:"lines,omitempty" maxItems:"100"`
	FollowUp  *string   `json:"follow_up,omitempty" maxLength:"500"`
	Flow      *string   `json:"flow,omitempty" maxLength:"100"`
	Note      *string   `json:"note,omitempty" maxLength:"2000"`
}

// over puts the change over a text.
func (c KnowledgeChange) over(t KnowledgeText) KnowledgeText {
	for _, f := range []struct{ from, to *string }{
		{c.Question, &t.Question},
		{c.Answer, &t.Answer},
		{c.Spoken, &t.Spoken},
		{c.Category, &t.Category},
		{c.Scene, &t.Scene},
		{c.ValidFrom, &t.ValidFrom},
		{c.ValidTo, &t.ValidTo},
		{c.Topic, &t.Topic},
		{c.Skill, &t.Skill},
		{c.FollowUp, &t.FollowUp},
		{c.Flow, &t.Flow},
		{c.Note, &t.Note},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Variants != nil {
		t.Variants = *c.Variants
	}
	if c.Lines != nil {
		t.Lines = *c.Lines
	}
	return t
}

type knowledgeChangeInput struct {
	KnowledgeItemInput
	Body struct {
		KnowledgeChange
		Version int    `json:"version" minimum:"0" doc:"that the change was made from"`
		Remark  string `json:"remark,omitempty" maxLength:"500"`
	}
}

type knowledgeMoveInput struct {
	KnowledgeItemInput
	Body struct {
		Version int    `json:"version" minimum:"0" doc:"that is meant"`
		Remark  string `json:"remark,omitempty" maxLength:"500"`
		Over    bool   `json:"over,omitempty" doc:"publish: although the file has changed since"`
		Restore int    `json:"restore,omitempty" minimum:"0" doc:"restore: the version whose text comes back"`
		Publish bool   `json:"publish,omitempty" doc:"restore: put it in force at once"`
		Take    string `json:"take,omitempty" enum:"file,console" doc:"resolve: whose text counts"`
	}
}

func (in *knowledgeMoveInput) edit(ctx context.Context) kb.Edit {
	return kb.Edit{By: who(ctx).name, Note: in.Body.Remark, Version: in.Body.Version}
}

// KnowledgeVersion is one version of a question.
type KnowledgeVersion struct {
	N      int           `json:"n"`
	State  string        `json:"state" enum:"file,draft,review,published,withdrawn"`
	Author string        `json:"author"`
	At     time.Time     `json:"at,omitzero"`
	Remark string        `json:"remark,omitempty"`
	Text   KnowledgeText `json:"text"`
}

type knowledgeVersions struct {
	Body struct {
		Items []KnowledgeVersion `json:"items" doc:"newest first"`
	}
}

type knowledgeCheckInput struct {
	KnowledgeBusiness
	Body struct {
		KnowledgeText
		ID string `json:"id,omitempty" maxLength:"200"`
	}
}

type knowledgeCheckOutput struct {
	Body struct {
		Seconds  float64            `json:"seconds"`
		Problems []KnowledgeProblem `json:"problems"`
	}
}

type knowledgeSearchInput struct {
	KnowledgeBusiness
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"500"`
		Line string `json:"line,omitempty" maxLength:"100"`
		N    int    `json:"n,omitempty" minimum:"1" maximum:"20" default:"5"`
	}
}

type knowledgeSearchOutput struct {
	Body struct {
		Line       string             `json:"line"`
		Candidates []dialog.Candidate `json:"candidates"`
		None       float64            `json:"none" doc:"the chance that it means none of them"`
		Answer     string             `json:"answer,omitempty" doc:"of the best, as it is spoken"`
	}
}

type knowledgeImportInput struct {
	KnowledgeBusiness
	Name    string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"of the file; its ending tells the kind: .csv, .tsv, .xlsx, .yaml"`
	DryRun  bool   `query:"dry_run" default:"true" doc:"only tell what would be done"`
	Publish bool   `query:"publish" doc:"put it in force at once; otherwise rows become drafts"`
	RawBody []byte `contentType:"application/octet-stream"`
}

type knowledgeImportOutput struct {
	Body struct {
		Done       bool               `json:"done"`
		Added      int                `json:"added"`
		Changed    int                `json:"changed"`
		Unchanged  int                `json:"unchanged"`
		Duplicates int                `json:"duplicates" doc:"left out: they stand elsewhere with the same answer"`
		Rows       []importedRow      `json:"rows" doc:"those added and changed, at most 500"`
		Problems   []KnowledgeProblem `json:"problems" doc:"at most 500; with an error nothing is imported"`
		Errors     int                `json:"errors"`
	}
}

type importedRow struct {
	Line   int            `json:"line" doc:"of the file"`
	Kind   string         `json:"kind" enum:"added,changed,duplicate"`
	ID     string         `json:"id"`
	Text   KnowledgeText  `json:"text"`
	Before *KnowledgeText `json:"before,omitempty"`
}

type knowledgeExportInput struct {
	KnowledgeBusiness
	Format string `query:"format" enum:"csv,xlsx,yaml" default:"csv"`
}

type knowledgeWriteOutput struct{ Body kb.Written }

func (s *Server) knowledgeRoutes() {
	const tag = "knowledge"
	route(s, operation(http.MethodGet, "/knowledge", "list-knowledge", "Questions and answers, in the order of their files", tag), s.listKnowledge)
	create := operation(http.MethodPost, "/knowledge", "create-knowledge", "Draft a new question", tag)
	create.DefaultStatus = http.StatusCreated
	route(s, create, s.createKnowledge)
	route(s, operation(http.MethodGet, "/knowledge/{id}", "get-knowledge", "One question, with advice on its text", tag), s.getKnowledge)
	route(s, operation(http.MethodPatch, "/knowledge/{id}", "change-knowledge", "Keep a change as a draft", tag), s.changeKnowledge)
	route(s, operation(http.MethodGet, "/knowledge/{id}/versions", "list-knowledge-versions", "Every version, newest first", tag), s.knowledgeVersions)
	route(s, operation(http.MethodPost, "/knowledge/check", "check-knowledge", "Advice on a text that is not kept yet", tag), s.checkKnowledge)
	route(s, operation(http.MethodPost, "/knowledge/search", "search-knowledge", "What a line takes a sentence for", tag), s.searchKnowledge)
	route(s, operation(http.MethodGet, "/knowledge/export", "export-knowledge", "What is in force, as CSV, Excel or YAML", tag), s.exportKnowledge)
	route(s, operation(http.MethodPost, "/knowledge/write", "write-knowledge", "Write what was published into the files of the folder", tag), s.writeKnowledge)
	load := operation(http.MethodPost, "/knowledge/import", "import-knowledge", "Import a file, or tell what that would do", tag)
	load.MaxBodyBytes, load.BodyReadTimeout = maxImport, requestTime
	route(s, load, s.importKnowledge)
	for name, move := range map[string]struct {
		summary string
		do      func(context.Context, *kb.Base, *knowledgeMoveInput) (kb.Item, error)
	}{
		"submit": {"Ask for a draft to be looked through", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Submit(ctx, in.Business, in.ID, in.edit(ctx))
		}},
		"reject": {"Send it back", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Reject(ctx, in.Business, in.ID, in.edit(ctx))
		}},
		"publish": {"Put the newest text in force", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Publish(ctx, in.Business, in.ID, in.Body.Over, in.edit(ctx))
		}},
		"withdraw": {"Take a question out of force", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Withdraw(ctx, in.Business, in.ID, in.edit(ctx))
		}},
		"discard": {"Forget a draft", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Discard(ctx, in.Business, in.ID, in.edit(ctx))
		}},
		"restore": {"Bring the text of an older version back", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Restore(ctx, in.Business, in.ID, in.Body.Restore, in.Body.Publish, in.edit(ctx))
		}},
		"resolve": {"Decide between the file and what was published", func(ctx context.Context, b *kb.Base, in *knowledgeMoveInput) (kb.Item, error) {
			return b.Resolve(ctx, in.Business, in.ID, in.Body.Take != "console", in.edit(ctx))
		}},
	} {
		op := operation(http.MethodPost, "/knowledge/{id}/"+name, name+"-knowledge", move.summary, tag)
		route(s, op, func(ctx context.Context, in *knowledgeMoveInput) (*knowledgeOutput, error) {
			return s.changed(func(b *kb.Base) (kb.Item, error) { return move.do(ctx, b, in) })
		})
	}
}

// knowledge is the base, or the problem that there is none.
func (s *Server) knowledge() (*kb.Base, error) {
	if s.cfg.Knowledge == nil {
		return nil, problem(http.StatusNotFound, "not_found", "this server has no knowledge")
	}
	return s.cfg.Knowledge, nil
}

// changed answers for a change and tells the consoles.
func (s *Server) changed(do func(*kb.Base) (kb.Item, error)) (*knowledgeOutput, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	item, err := do(b)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	k := viewKnowledge(item)
	s.cfg.Bus.Publish(event.Event{Kind: "knowledge.changed", At: time.Now(), Data: map[string]any{"business": k.Business, "id": k.ID, "state": k.State, "version": k.Version}})
	return &knowledgeOutput{k}, nil
}

// knowledgeProblem is what the client learns of an error of the base.
func knowledgeProblem(err error) error {
	var invalid *kb.InvalidError
	switch {
	case errors.As(err, &invalid):
		p := problem(http.StatusUnprocessableEntity, "invalid", "the question breaks a rule")
		for _, e := range invalid.Report.Problems {
			if e.Severity == business.Error {
				p.Detail = e.Text("en")
				p.Errors = append(p.Errors, &huma.ErrorDetail{Message: e.Text("en"), Location: "body." + e.Field})
			}
		}
		return p
	case errors.Is(err, kb.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is none with this id")
	case errors.Is(err, store.ErrStale):
		return problem(http.StatusConflict, "stale", "somebody else has changed it since, load it again")
	case errors.Is(err, kb.ErrConflict):
		return problem(http.StatusConflict, "file_changed", "its file has changed since; look at both texts, then publish with over")
	case errors.Is(err, kb.ErrState):
		return problem(http.StatusConflict, "state", err.Error())
	default:
		return err
	}
}

func (s *Server) listKnowledge(_ context.Context, in *knowledgeListInput) (*knowledgeList, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	page, err := b.List(kb.Filter{
		Business: in.Business, Text: in.Q, Scene: in.Scene, Category: in.Category, State: in.State, Line: in.Line, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	out := &knowledgeList{}
	out.Body.Items, out.Body.NextCursor, out.Body.Total = make([]Knowledge, 0, len(page.Items)), page.Next, page.Total
	for _, i := range page.Items {
		out.Body.Items = append(out.Body.Items, viewKnowledge(i))
	}
	out.Body.Facets, err = b.Facets(in.Business)
	return out, err
}

func (s *Server) createKnowledge(ctx context.Context, in *knowledgeCreateInput) (*knowledgeOutput, error) {
	row, err := in.Body.row(in.Body.ID)
	if err != nil {
		return nil, err
	}
	return s.changed(func(b *kb.Base) (kb.Item, error) {
		return b.Create(ctx, in.Business, row, kb.Edit{By: who(ctx).name, Note: in.Body.Remark})
	})
}

func (s *Server) getKnowledge(_ context.Context, in *KnowledgeItemInput) (*knowledgeDetail, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	item, err := b.Get(in.Business, in.ID)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	report, seconds, err := b.Advice(in.Business, item.Row)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	out := &knowledgeDetail{}
	out.Body.Knowledge, out.Body.Seconds, out.Body.Problems = viewKnowledge(item), seconds, viewProblems(report)
	return out, nil
}

func (s *Server) changeKnowledge(ctx context.Context, in *knowledgeChangeInput) (*knowledgeOutput, error) {
	return s.changed(func(b *kb.Base) (kb.Item, error) {
		item, err := b.Get(in.Business, in.ID)
		if err != nil {
			return kb.Item{}, err
		}
		// Of a text that changes meanwhile the version does not fit any more.
		row, err := in.Body.over(textOf(item.Row)).row(in.ID)
		if err != nil {
			return kb.Item{}, err
		}
		return b.Save(ctx, in.Business, row, kb.Edit{By: who(ctx).name, Note: in.Body.Remark, Version: in.Body.Version})
	})
}

func (s *Server) knowledgeVersions(ctx context.Context, in *KnowledgeItemInput) (*knowledgeVersions, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	list, err := b.Versions(ctx, in.Business, in.ID)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	out := &knowledgeVersions{}
	out.Body.Items = make([]KnowledgeVersion, 0, len(list))
	for _, v := range list {
		out.Body.Items = append(out.Body.Items, KnowledgeVersion{N: v.N, State: v.State, Author: v.Author, At: v.At, Remark: v.Note, Text: textOf(kb.Text(v))})
	}
	return out, nil
}

func (s *Server) checkKnowledge(_ context.Context, in *knowledgeCheckInput) (*knowledgeCheckOutput, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	row, err := in.Body.row(in.Body.ID)
	if err != nil {
		return nil, err
	}
	report, seconds, err := b.Advice(in.Business, row)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	out := &knowledgeCheckOutput{}
	out.Body.Seconds, out.Body.Problems = seconds, viewProblems(report)
	return out, nil
}

func (s *Server) searchKnowledge(ctx context.Context, in *knowledgeSearchInput) (*knowledgeSearchOutput, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	tried, err := b.Try(ctx, in.Business, in.Body.Line, in.Body.Text, in.Body.N)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	out := &knowledgeSearchOutput{}
	out.Body.Line, out.Body.None, out.Body.Candidates = tried.Line, tried.None, make([]dialog.Candidate, 0, len(tried.Matches))
	for i := range tried.Matches {
		out.Body.Candidates = append(out.Body.Candidates, tried.Matches[i].Candidate())
	}
	if len(tried.Matches) > 0 {
		out.Body.Answer = tried.Matches[0].Pair.Say()
	}
	return out, nil
}

func (s *Server) importKnowledge(ctx context.Context, in *knowledgeImportInput) (*knowledgeImportOutput, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	made, err := b.Import(ctx, in.Business, in.Name, in.RawBody, in.DryRun, in.Publish, kb.Edit{By: who(ctx).name, Note: in.Name})
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	note(ctx, "file", in.Name)
	if !made.Done {
		note(ctx, "dry_run", "true")
	}
	const most = 500
	out := &knowledgeImportOutput{}
	o := &out.Body
	o.Done, o.Errors, o.Rows = made.Done, made.Report.Errors(), []importedRow{}
	slices.SortStableFunc(made.Report.Problems, func(a, b business.Problem) int {
		return cmp.Or(strings.Compare(string(a.Severity), string(b.Severity)), cmp.Compare(a.Line, b.Line))
	})
	o.Problems = viewProblems(made.Report)
	o.Problems = o.Problems[:min(most, len(o.Problems))]
	for _, p := range made.Plan {
		switch p.Kind {
		case business.PlanAdd:
			o.Added++
		case business.PlanChange:
			o.Changed++
		case business.PlanSame:
			o.Unchanged++
			continue
		case business.PlanDuplicate:
			o.Duplicates++
		}
		if len(o.Rows) == most {
			continue
		}
		r := importedRow{Line: p.Row.Line, Kind: p.Kind, ID: p.Row.ID, Text: textOf(p.Row)}
		if p.Kind == business.PlanChange {
			t := textOf(p.Before)
			r.Before = &t
		}
		o.Rows = append(o.Rows, r)
	}
	if made.Done {
		s.cfg.Bus.Publish(event.Event{Kind: "knowledge.changed", At: time.Now(), Data: map[string]any{"business": in.Business, "state": "imported"}})
	}
	return out, nil
}

func (s *Server) exportKnowledge(_ context.Context, in *knowledgeExportInput) (*huma.StreamResponse, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	var data strings.Builder // what can go wrong does so before the headers
	if err := b.Export(&data, in.Business, in.Format); err != nil {
		return nil, knowledgeProblem(err)
	}
	kind := map[string]string{
		"csv": "text/csv; charset=utf-8", "yaml": "application/yaml; charset=utf-8",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}[in.Format]
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="knowledge.`+in.Format+`"`)
		_, _ = w.Write([]byte(data.String()))
	}}, nil
}

func (s *Server) writeKnowledge(ctx context.Context, in *struct{ KnowledgeBusiness }) (*knowledgeWriteOutput, error) {
	b, err := s.knowledge()
	if err != nil {
		return nil, err
	}
	done, err := b.Write(ctx, in.Business, who(ctx).name)
	if err != nil {
		return nil, knowledgeProblem(err)
	}
	s.cfg.Bus.Publish(event.Event{Kind: "knowledge.changed", At: time.Now(), Data: map[string]any{"business": in.Business, "state": "written"}})
	return &knowledgeWriteOutput{done}, nil
}
