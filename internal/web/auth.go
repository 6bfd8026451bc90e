package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"

	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	cookieName = "hotline_session"
	csrfHeader = "X-Csrf-Token"
)

// identity is who makes a request.
type identity struct {
	name    string
	user    store.User
	role    store.Role
	agent   string   // whose calls an agent sees
	scopes  []string // of a token: what it is for; none: all that its role may do
	csrf    string
	session string // the cookie's value, "" with a token
	renew   func(ctx context.Context) error
}

// seesNumbers tells whether whole numbers and recordings' data are shown to it.
func (i *identity) seesNumbers() bool { return work.has(i.role) }

type holderKey struct{}

// holder carries what is learnt of a request between the layers around the mux; a
// new request per layer would hide the mux's pattern from the outer ones.
type holder struct {
	who     *identity
	request *http.Request     // with the mux's values
	detail  map[string]string // for the audit trail
}

// held is the holder behind ctx.
func held(ctx context.Context) *holder {
	if h, ok := ctx.Value(holderKey{}).(*holder); ok {
		return h
	}
	return &holder{}
}

// who is the identity behind ctx. Only routes that are open have none.
func who(ctx context.Context) *identity {
	if h := held(ctx); h.who != nil {
		return h.who
	}
	return &identity{}
}

// isOpen tells which routes need no login.
func isOpen(r *http.Request) bool {
	p := r.URL.Path
	switch {
	case p == "/metrics":
		return isLocal(r)
	case p == "/api/v1/session":
		return r.Method == http.MethodPost
	case strings.HasPrefix(p, "/api/v1/openapi"), strings.HasPrefix(p, "/api/v1/public/"):
		return true
	default:
		return !strings.HasPrefix(p, "/api/")
	}
}

// isLocal tells a request made on this machine from one that a proxy on it passed on.
func isLocal(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	ip := net.ParseIP(clientIP(r))
	return ip != nil && ip.IsLoopback()
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// authenticate finds out who makes the request; nil and a problem if it may not.
func (s *Server) authenticate(r *http.Request) (*identity, *ProblemError) {
	if text := r.Header.Get("Authorization"); text != "" {
		scheme, token, _ := strings.Cut(text, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, unauthorized("use a bearer token or a session")
		}
		return s.byToken(r.Context(), strings.TrimSpace(token))
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, unauthorized("sign in first")
	}
	session, err := s.cfg.Store.Session(r.Context(), cookie.Value)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unauthorized("the session is over, sign in again")
	}
	if err != nil {
		return nil, s.internal(r.Context(), err)
	}
	i := &identity{
		name: session.User.Name, user: session.User, role: session.User.Role, agent: session.User.AgentName(), csrf: session.CSRF, session: cookie.Value,
		renew: func(ctx context.Context) error { _, err := s.cfg.Store.Session(ctx, cookie.Value); return err },
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead &&
		subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(session.CSRF)) != 1 {
		return nil, problem(http.StatusForbidden, "csrf", "the X-CSRF-Token header is missing or wrong")
	}
	return i, nil
}

func (s *Server) byToken(ctx context.Context, token string) (*identity, *ProblemError) {
	if s.cfg.Token != "" {
		// Hashing first makes the lengths equal.
		a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.cfg.Token))
		if subtle.ConstantTimeCompare(a[:], b[:]) == 1 {
			return &identity{name: "HOTLINE_API_TOKEN", role: store.Admin, renew: func(context.Context) error { return nil }}, nil
		}
	}
	t, err := s.cfg.Store.Token(ctx, token)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unauthorized("the token is wrong, revoked or has run out")
	}
	if err != nil {
		return nil, s.internal(ctx, err)
	}
	return &identity{
		name: "token " + t.Name, role: t.Role, agent: t.Name, scopes: t.Scopes,
		renew: func(ctx context.Context) error { _, err := s.cfg.Store.Token(ctx, token); return err },
	}, nil
}

func unauthorized(detail string) *ProblemError {
	p := problem(http.StatusUnauthorized, "login_needed", detail)
	p.headers = http.Header{"Www-Authenticate": {"Bearer"}}
	return p
}

// internal logs err and returns what the client learns of it.
func (s *Server) internal(ctx context.Context, err error) *ProblemError {
	if errors.Is(ctx.Err(), context.Canceled) { // who asked has turned to another page: no fault of the server
		const clientClosedRequest = 499 // nginx's; nobody reads it but the log
		return problem(clientClosedRequest, "client_gone", "the request was given up")
	}
	s.log.ErrorContext(ctx, "request_failed", "error", err)
	if store.Full(err) {
		return problem(http.StatusInsufficientStorage, "disk_full", s.cfg.DataDir)
	}
	var at *fs.PathError
	if errors.As(err, &at) { // the operator can do something about it, and his log may be elsewhere
		switch folder := filepath.Dir(at.Path); {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
			return problem(http.StatusInternalServerError, "no_access", folder)
		case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
			return problem(http.StatusInsufficientStorage, "disk_full", folder)
		}
	}
	return problem(http.StatusInternalServerError, "internal", "something went wrong in the server, its log says what")
}

// route registers an operation of the API for those whom the access table names, and
// has the audit trail say what it says there. An error that is not a ProblemError is
// logged, and the client learns only that there was one.
func route[I, O any](s *Server, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	rule, ok := s.access[op.OperationID]
	if !ok {
		s.unruled = append(s.unruled, op.OperationID)
		return
	}
	delete(s.access, op.OperationID) // an operation has one route
	// Before the request is looked into: who may not do it learns nothing of its form.
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if p := rule.refuses(who(ctx.Context()), op.Method); p != nil {
			_, w := humago.Unwrap(ctx)
			writeProblem(w, p)
			return
		}
		next(ctx)
	})
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			err = s.audited(ctx, rule, op)
		}
		if err == nil {
			return out, nil
		}
		var p *ProblemError
		if errors.As(storeProblem(err), &p) {
			return nil, p
		}
		return nil, s.internal(ctx, err)
	})
}

func operation(method, path, id, summary, tag string) huma.Operation {
	return huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: id, Summary: summary, Tags: []string{tag}}
}

// mask hides the middle of a number, as people are used to see it: 138****8000.
func mask(number string) string {
	n := store.NormalNumber(number)
	r := []rune(n)
	switch {
	case strings.Trim(n, "0123456789") != "" && len(r) > 1: // a name
		return string(r[:1]) + "***"
	case len(r) >= 11:
		return string(r[:3]) + "****" + string(r[len(r)-4:])
	case len(r) >= 7:
		return string(r[:len(r)-6]) + "****" + string(r[len(r)-2:])
	default:
		return n // an extension or a service number is nobody's
	}
}
