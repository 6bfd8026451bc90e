package web

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// ProblemError is an error as RFC 9457 has it, with a code for machines.
type ProblemError struct {
	Status int                 `json:"status"`
	Title  string              `json:"title"`
	Code   string              `json:"code"`
	Detail string              `json:"detail,omitempty"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty"`

	headers http.Header
}

func problem(status int, code, detail string) *ProblemError {
	return &ProblemError{Status: status, Title: http.StatusText(status), Code: code, Detail: detail}
}

func (p *ProblemError) Error() string { return p.Detail }

// GetStatus is for huma.
func (p *ProblemError) GetStatus() int { return p.Status }

// GetHeaders is for huma.
func (p *ProblemError) GetHeaders() http.Header { return p.headers }

// ContentType is for huma.
func (p *ProblemError) ContentType(string) string { return "application/problem+json" }

// asProblem gives the errors that huma makes itself (of validation) a code too, and
// takes the values out of them: one may be a password.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem(e.Status, "invalid", e.Detail)
	switch {
	case e.Status >= http.StatusInternalServerError:
		p.Code, p.Detail = "internal", "something went wrong in the server, its log says what"
	case e.Status == http.StatusRequestEntityTooLarge:
		p.Code = "too_large"
	case e.Status == http.StatusUnsupportedMediaType || e.Status == http.StatusNotAcceptable:
		p.Code = "media_type"
	}
	for _, d := range e.Errors {
		if d != nil && e.Status < http.StatusInternalServerError {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: d.Message, Location: d.Location})
		}
	}
	return p, nil
}

// describeProblem puts the code into the OpenAPI's description of errors.
func describeProblem(api huma.API) {
	if schema := api.OpenAPI().Components.Schemas.Map()["ErrorModel"]; schema != nil {
		schema.Properties["code"] = &huma.Schema{Type: huma.TypeString, Description: "what happened, for machines"}
		delete(schema.Properties, "type")
		delete(schema.Properties, "instance")
	}
}

func writeProblem(w http.ResponseWriter, p *ProblemError) {
	maps.Copy(w.Header(), p.headers)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}

// storeProblem is what the client learns of a store's error; others go to the log
// as an internal error.
func storeProblem(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is none with this id")
	case errors.Is(err, store.ErrCursor):
		return problem(http.StatusBadRequest, "bad_cursor", "the cursor does not belong to this list, begin again without one")
	case errors.Is(err, store.ErrExists):
		return problem(http.StatusConflict, "exists", "the name is taken")
	case errors.Is(err, store.ErrLastAdmin):
		return problem(http.StatusConflict, "last_admin", store.ErrLastAdmin.Error())
	case errors.Is(err, store.ErrTOTPOn):
		return problem(http.StatusConflict, "totp_on", store.ErrTOTPOn.Error())
	case errors.Is(err, store.ErrCode):
		return problem(http.StatusUnprocessableEntity, "wrong_code", store.ErrCode.Error())
	}
	for _, known := range []error{store.ErrPassword, store.ErrRole, store.ErrName, store.ErrScope, store.ErrQuery} {
		if errors.Is(err, known) {
			return problem(http.StatusUnprocessableEntity, "invalid", known.Error())
		}
	}
	return err
}
