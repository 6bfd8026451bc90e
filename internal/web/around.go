package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"hotline/internal/store"
)

// securityPolicy lets the console load its own files and nothing else, not even styles
// that stand in a page: scripts set those of elements one by one.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// around is what every request passes: log, panic, headers, limits, login.
func (s *Server) around(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		h := &holder{}
		r = r.WithContext(context.WithValue(r.Context(), holderKey{}, h))
		h.request = r
		rec := &recorder{ResponseWriter: w}
		defer s.finish(r, h, rec, began)
		header := w.Header()
		header.Set("Content-Security-Policy", securityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			header.Set("Cache-Control", "private, no-store")
		}
		// The deadline bounds a client that does not read; routes that stream move it.
		_ = http.NewResponseController(w).SetWriteDeadline(began.Add(requestTime))
		body := int64(maxBody)
		if r.URL.Path == importPath {
			body = maxImport
		}
		if strings.HasPrefix(r.URL.Path, "/api/v1/tickets/") && strings.HasSuffix(r.URL.Path, "/files") {
			body = store.TicketFileSize
		}
		switch {
		case isContactsFile(r):
			body = maxContacts
			until := began.Add(contactsTime)
			_ = http.NewResponseController(w).SetWriteDeadline(until)
			_ = http.NewResponseController(w).SetReadDeadline(until)
		case r.URL.Path == "/api/v1/campaigns/contacts/look", r.URL.Path == "/api/v1/suppressions/import", r.URL.Path == "/api/v1/consents/import":
			body = maxLooked
		}
		r.Body = http.MaxBytesReader(w, r.Body, body)
		if !isOpen(r) {
			var p *ProblemError
			if h.who, p = s.authenticate(r); p != nil {
				writeProblem(rec, p)
				return
			}
		}
		mux.ServeHTTP(rec, r)
	})
}

// finish is deferred: it answers for a handler that panicked, and logs.
func (s *Server) finish(r *http.Request, h *holder, rec *recorder, began time.Time) {
	p := recover()
	if p != nil && p != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
		s.log.ErrorContext(r.Context(), "request_panicked", "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
		if rec.status == 0 {
			writeProblem(rec, problem(http.StatusInternalServerError, "internal", "something went wrong in the server, its log says what"))
		}
	}
	s.note(r, h, rec, time.Since(began))
	if p == http.ErrAbortHandler { //nolint:errorlint // see above
		panic(p) // net/http cuts the connection, so that a part is not taken for the whole
	}
}

// note logs a request by its route; a path or a query may hold personal data.
func (s *Server) note(r *http.Request, h *holder, rec *recorder, took time.Duration) {
	pattern := r.Pattern
	if pattern == "" {
		pattern = "none"
	}
	if s.requests != nil {
		s.requests.WithLabelValues(pattern, strconv.Itoa(rec.status)).Observe(took.Seconds())
	}
	level := slog.LevelDebug
	switch {
	case rec.status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		level = slog.LevelInfo
	}
	name := ""
	if h.who != nil {
		name = h.who.name
	}
	s.log.Log(r.Context(), level, "request", "route", pattern, "status", rec.status, "ms", took.Milliseconds(), "bytes", rec.bytes, "user", name)
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
