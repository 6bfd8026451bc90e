package web

import (
	"context"
	"net/http"
	"strings"

	"hotline/internal/business"
	"hotline/internal/quality"
	"hotline/internal/rules"

	"github.com/danielgtaylor/huma/v2"
)

type sheetsOutput struct{ Body rules.SheetPage }

type sheetsSaveInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`

	Body struct {
		Stamp  string              `json:"stamp" maxLength:"64" doc:"of the file that the sheets were made from"`
		Sheets business.SheetRules `json:"sheets"`
	}
}

type wordsInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`
	Subject  string `query:"subject" maxLength:"64" doc:"a category, allow or policies; the first one without"`
}

type wordsOutput struct{ Body rules.WordPage }

type wordsSaveInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`
	Subject  string `query:"subject" maxLength:"64" doc:"a category, allow or policies; the first one without"`

	Body struct {
		Stamp   string   `json:"stamp" maxLength:"64" doc:"of the file that the entries were made from"`
		Entries []string `json:"entries" maxItems:"20000" doc:"all of the business's own"`
	}
}

type wordsUndoInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`
	Subject  string `query:"subject" maxLength:"64" doc:"a category, allow or policies; the first one without"`

	Body struct {
		Version int64 `json:"version" doc:"the last one of this file"`
	}
}

func (s *Server) wordRoutes(with func(huma.Operation, ...int) huma.Operation) {
	route(s, with(operation(http.MethodGet, "/sheets", "sheets", "A business's score sheets, as a form", "rules"), http.StatusNotFound), s.sheets)
	route(s, with(operation(http.MethodPut, "/sheets", "set-sheets", "Change quality.yaml: only what is other is written", "rules"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.setSheets)
	route(s, with(operation(http.MethodPost, "/sheets/undo", "undo-sheets", "Take the last change of the score sheets back", "rules"), http.StatusNotFound, http.StatusConflict), s.undoSheets)
	route(s, with(operation(http.MethodGet, "/words", "words", "A business's sensitive words, and what follows from them", "rules"), http.StatusNotFound), s.words)
	route(s, with(operation(http.MethodPut, "/words", "set-words", "Change a file of moderation/: lines that stay are kept with their comments", "rules"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.setWords)
	route(s, with(operation(http.MethodPost, "/words/undo", "undo-words", "Take the last change of a file of moderation/ back", "rules"), http.StatusNotFound, http.StatusConflict), s.undoWords)
}

func (s *Server) sheets(ctx context.Context, in *rulesInput) (*sheetsOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	shown, err := s.cfg.Rules.ShowSheets(ctx, in.Business)
	if err != nil {
		return nil, ruleProblem(err, nil)
	}
	return &sheetsOutput{shown}, nil
}

func (s *Server) setSheets(ctx context.Context, in *sheetsSaveInput) (*sheetsOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	done, err := s.cfg.Rules.SaveSheets(ctx, in.Business, in.Body.Stamp, in.Body.Sheets, who(ctx).name)
	if err != nil {
		return nil, ruleProblem(err, done.Problems)
	}
	note(ctx, "changed", strings.Join(done.Changed, " "))
	return s.sheets(ctx, &rulesInput{in.Business})
}

func (s *Server) undoSheets(ctx context.Context, in *rulesUndoInput) (*sheetsOutput, error) {
	if err := s.undoSettings(ctx, in.Business, quality.File, in.Body.Version); err != nil {
		return nil, err
	}
	return s.sheets(ctx, &rulesInput{in.Business})
}

func (s *Server) words(ctx context.Context, in *wordsInput) (*wordsOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	shown, err := s.cfg.Rules.ShowWords(ctx, in.Business, in.Subject)
	if err != nil {
		return nil, ruleProblem(err, nil)
	}
	return &wordsOutput{shown}, nil
}

func (s *Server) setWords(ctx context.Context, in *wordsSaveInput) (*wordsOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	done, err := s.cfg.Rules.SaveWords(ctx, in.Business, in.Subject, in.Body.Stamp, in.Body.Entries, who(ctx).name)
	if err != nil {
		return nil, ruleProblem(err, done.Problems)
	}
	note(ctx, "file", business.WordFile(in.Subject))
	note(ctx, "changed", strings.Join(done.Changed, " "))
	return s.words(ctx, &wordsInput{in.Business, in.Subject})
}

func (s *Server) undoWords(ctx context.Context, in *wordsUndoInput) (*wordsOutput, error) {
	if err := s.undoSettings(ctx, in.Business, business.WordFile(in.Subject), in.Body.Version); err != nil {
		return nil, err
	}
	return s.words(ctx, &wordsInput{in.Business, in.Subject})
}
