package web

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"hotline/internal/custody"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// reportDays is how far back the page tells who listened to what.
const reportDays = 30

// reportTime bounds looking through the logs and exports of the data folder.
const reportTime = 25 * time.Second

type keptOutput struct {
	Body struct {
		Items   []custody.Kept `json:"items"`
		KeyDays int            `json:"key_days" doc:"after how many days a key is due for rotation; 0: never"`
	}
}

type privacyOutput struct{ Body custody.Report }

type callerInput struct {
	Body struct {
		Number string `json:"number" minLength:"3" maxLength:"64"`
	}
}

type eraseInput struct {
	Body struct {
		Number string `json:"number" minLength:"3" maxLength:"64"`
		Again  string `json:"again" maxLength:"64" doc:"the number once more: it cannot be taken back"`
	}
}

// CallerRows is how much is kept of a caller.
type CallerRows struct {
	Rows       map[string]int `json:"rows" doc:"by table"`
	Recordings int            `json:"recordings"`
}

type callerOutput struct{ Body CallerRows }

func (s *Server) privacyRoutes() {
	route(s, operation(http.MethodGet, "/privacy/kept", "kept", "How long each kind of data is kept, what is due, and the last deletion", "privacy"), s.kept)
	route(s, operation(http.MethodGet, "/privacy/report", "privacy-report", "Personal data unmasked, retention overrun, who listened to what in the last 30 days, keys due for rotation", "privacy"), s.privacyReport)
	route(s, operation(http.MethodPost, "/privacy/caller", "look-for-caller", "How much is kept of who has a number", "privacy"), s.lookForCaller)
	export := operation(http.MethodPost, "/privacy/caller/export", "export-caller", "All that is kept of who has a number, with the recordings, as a zip file", "privacy")
	export.Responses = map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	route(s, export, s.exportCaller)
	route(s, operation(http.MethodPost, "/privacy/caller/erase", "erase-caller", "Delete all that is kept of who has a number, and look whether it is gone", "privacy"), s.eraseCaller)
}

var errNoKeeper = problem(http.StatusNotImplemented, "no_keeper", "this server keeps nothing that could be looked after")

func (s *Server) kept(ctx context.Context, _ *struct{}) (*keptOutput, error) {
	if s.cfg.Keeper == nil {
		return nil, errNoKeeper
	}
	list, err := s.cfg.Keeper.Kept(ctx)
	if err != nil {
		return nil, err
	}
	out := &keptOutput{}
	out.Body.Items, out.Body.KeyDays = list, s.cfg.Keeper.KeyDays
	return out, nil
}

func (s *Server) privacyReport(ctx context.Context, _ *struct{}) (*privacyOutput, error) {
	if s.cfg.Keeper == nil {
		return nil, errNoKeeper
	}
	select { // it reads whole files
	case s.keeping <- struct{}{}:
		defer func() { <-s.keeping }()
	default:
		return nil, problem(http.StatusTooManyRequests, "too_many", "somebody else is looking just now, try again in a moment")
	}
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	r, err := s.cfg.Keeper.Report(ctx, time.Now().AddDate(0, 0, -reportDays))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, problem(http.StatusServiceUnavailable, "too_large", "the logs are too large to be looked through here; run: hotline audit privacy")
	}
	if err != nil {
		return nil, err
	}
	return &privacyOutput{r}, nil
}

// ofNumber says whose data was looked at in the audit trail, without the number.
func (s *Server) ofNumber(ctx context.Context, number string) error {
	hash, err := s.cfg.Store.NumberHash(number)
	if err != nil {
		return problem(http.StatusUnprocessableEntity, "no_number", "this is not a telephone number")
	}
	note(ctx, "caller", hash)
	return nil
}

func (s *Server) lookForCaller(ctx context.Context, in *callerInput) (*callerOutput, error) {
	if s.cfg.Keeper == nil {
		return nil, errNoKeeper
	}
	if err := s.ofNumber(ctx, in.Body.Number); err != nil {
		return nil, err
	}
	data, err := s.cfg.Store.Caller(ctx, in.Body.Number)
	if err != nil {
		return nil, err
	}
	out := &callerOutput{CallerRows{Rows: map[string]int{}, Recordings: len(data.Recordings)}}
	for table, rows := range data.Rows {
		if len(rows) > 0 {
			out.Body.Rows[table] = len(rows)
		}
	}
	return out, nil
}

// exportFolder holds a caller's data while they are sent; it is swept by the next export.
const exportFolder = "export-"

func (s *Server) exportCaller(ctx context.Context, in *callerInput) (*huma.StreamResponse, error) {
	k := s.cfg.Keeper
	if k == nil {
		return nil, errNoKeeper
	}
	if _, err := s.cfg.Store.NumberHash(in.Body.Number); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "no_number", "this is not a telephone number")
	}
	select {
	case s.keeping <- struct{}{}:
	default:
		return nil, problem(http.StatusTooManyRequests, "too_many", "somebody else is exporting just now, try again in a moment")
	}
	release := func() { <-s.keeping }
	old, _ := filepath.Glob(filepath.Join(k.Dir, exportFolder+"*"))
	for _, dir := range old { // the server was killed while it sent one
		_ = os.RemoveAll(dir)
	}
	dir, err := os.MkdirTemp(k.Dir, exportFolder) // 0700
	if err != nil {
		release()
		return nil, err
	}
	done := func() {
		if err := os.RemoveAll(dir); err != nil {
			s.log.ErrorContext(ctx, "an exported file could not be removed", "folder", dir, "error", err)
		}
		release()
	}
	file := filepath.Join(dir, "caller.zip")
	if _, err := custody.Export(ctx, k.Store, k.Sealer, k.Dir, in.Body.Number, file, who(ctx).name); err != nil {
		done()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer done()
		r, w := humago.Unwrap(hctx)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute))
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Disposition", `attachment; filename="caller.zip"`)
		http.ServeFile(w, r, file)
	}}, nil
}

func (s *Server) eraseCaller(ctx context.Context, in *eraseInput) (*callerOutput, error) {
	k := s.cfg.Keeper
	if k == nil {
		return nil, errNoKeeper
	}
	if store.NormalNumber(in.Body.Number) != store.NormalNumber(in.Body.Again) {
		return nil, problem(http.StatusUnprocessableEntity, "not_the_same", "the two numbers are not the same")
	}
	if _, err := s.cfg.Store.NumberHash(in.Body.Number); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "no_number", "this is not a telephone number")
	}
	x, err := custody.Erase(ctx, k.Store, k.Dir, in.Body.Number, who(ctx).name)
	if errors.Is(err, custody.ErrLeft) {
		return nil, problem(http.StatusConflict, "caller_left", err.Error())
	}
	if err != nil {
		return nil, err
	}
	return &callerOutput{CallerRows{Rows: x.Rows, Recordings: x.Recordings}}, nil
}
