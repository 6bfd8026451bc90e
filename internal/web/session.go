package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"hotline/internal/store"

	"golang.org/x/time/rate"
)

// Me is who is signed in.
type Me struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"display_name,omitempty"`
	Role        store.Role `json:"role" enum:"admin,supervisor,agent,analyst"`
	TOTP        bool       `json:"totp" doc:"logins need a code of the authenticator as well"`
	Agent       string     `json:"agent,omitempty" doc:"whom the user is among the agents"`
	CSRF        string     `json:"csrf,omitempty" doc:"to send as X-CSRF-Token with changes; absent with a token"`
}

type meOutput struct {
	Cookie string `header:"Set-Cookie"`
	Body   Me
}

type loginInput struct {
	client
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"200"`
		Code     string `json:"code,omitempty" maxLength:"32" doc:"of the authenticator, or a recovery code; where it is needed the answer without it is totp_needed"`
	}
}

func (s *Server) sessionRoutes() {
	login := operation(http.MethodPost, "/session", "login", "Sign in", "session")
	login.Security = []map[string][]string{}
	login.MaxBodyBytes = 4 << 10
	route(s, login, s.login)
	route(s, operation(http.MethodGet, "/session", "me", "Who is signed in", "session"),
		func(ctx context.Context, _ *struct{}) (*meOutput, error) {
			i := who(ctx)
			return &meOutput{Body: Me{i.name, i.user.DisplayName, i.role, i.user.TOTP, i.agent, i.csrf}}, nil
		})
	route(s, operation(http.MethodDelete, "/session", "logout", "Sign out", "session"), s.logout)
}

func (s *Server) login(ctx context.Context, in *loginInput) (*meOutput, error) {
	if wait := s.logins.take(in.ip, in.Body.Name, time.Now()); wait > 0 {
		p := problem(http.StatusTooManyRequests, "too_many_logins", "too many attempts, wait a little")
		p.headers = http.Header{"Retry-After": {strconv.Itoa(int(wait.Seconds()) + 1)}}
		return nil, p
	}
	u, err := s.cfg.Store.SignIn(ctx, store.LoginTry{Name: in.Body.Name, Password: in.Body.Password, Code: in.Body.Code, Source: in.ip})
	if err != nil {
		return nil, s.refusedLogin(ctx, in, err)
	}
	if err := s.cfg.Store.AddTrail(ctx, store.TrailEntry{Actor: u.Name, Role: u.Role, Action: "login", Detail: map[string]string{"source": in.ip}}); err != nil {
		return nil, err
	}
	return s.signedIn(ctx, u, in.client)
}

// signedIn begins a session.
func (s *Server) signedIn(ctx context.Context, u store.User, from client) (*meOutput, error) {
	token, session, err := s.cfg.Store.NewSession(ctx, u, store.Origin{Source: from.ip, Program: from.program})
	if err != nil {
		return nil, err
	}
	c := cookie(token, from.secure) //nolint:gosec // Secure is set where the connection is
	c.MaxAge = int(s.cfg.Session.Seconds())
	return &meOutput{c.String(), Me{u.Name, u.DisplayName, u.Role, u.TOTP, u.AgentName(), session.CSRF}}, nil
}

// refusedLogin is what who could not sign in learns. A lock is written down when it
// closes; attempts before it are in the log of who tried what.
func (s *Server) refusedLogin(ctx context.Context, in *loginInput, err error) error {
	var locked *store.LockedError
	if errors.As(err, &locked) {
		if locked.Now {
			if err := s.cfg.Store.AddTrail(ctx, store.TrailEntry{
				Actor: "server", Action: "locked", Detail: map[string]string{"source": in.ip, "until": locked.Until.UTC().Format(time.RFC3339)},
			}); err != nil {
				return err
			}
		}
		p := problem(http.StatusTooManyRequests, "locked", "too many failed logins, wait a little")
		p.headers = http.Header{"Retry-After": {strconv.Itoa(max(1, int(time.Until(locked.Until).Seconds())+1))}}
		return p
	}
	switch {
	case errors.Is(err, store.ErrCodeNeeded):
		return problem(http.StatusUnauthorized, "totp_needed", "a code of your authenticator is needed")
	case errors.Is(err, store.ErrCode):
		return problem(http.StatusUnauthorized, "wrong_code", "the code is wrong or was used already")
	case errors.Is(err, store.ErrLogin):
		return problem(http.StatusUnauthorized, "wrong_login", "the name or the password is wrong")
	default:
		return err
	}
}

type logoutOutput struct {
	Cookie string `header:"Set-Cookie"`
}

func (s *Server) logout(ctx context.Context, in *struct{ client }) (*logoutOutput, error) {
	if token := who(ctx).session; token != "" {
		if err := s.cfg.Store.EndSession(ctx, token); err != nil {
			return nil, err
		}
		if err := s.endPhones(ctx); err != nil {
			return nil, err
		}
	}
	c := cookie("", in.secure) //nolint:gosec // see login
	c.MaxAge = -1
	return &logoutOutput{c.String()}, nil
}

func cookie(value string, secure bool) *http.Cookie {
	//nolint:gosec // on a plain connection, as in the office's own network, a Secure cookie would not be kept
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode}
}

// logins keeps a storm of logins from the calls: by address and name, by address, and in
// all, since each attempt costs a core 30 ms. Guessing ends in the store's lock-out.
type logins struct {
	mu      sync.Mutex
	buckets map[string]*bucket // guarded by mu
}

type bucket struct {
	limit *rate.Limiter
	used  time.Time
}

const maxBuckets = 4096

// take returns how long to wait, 0 to go on.
func (l *logins) take(ip, name string, now time.Time) time.Duration {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.To4() == nil {
		ip = parsed.Mask(net.CIDRMask(64, 128)).String() // one customer has a whole /64
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]*bucket{}
	}
	var wait time.Duration
	for _, b := range []struct {
		key   string
		every time.Duration
		burst int
	}{
		{"pair " + ip + " " + name, 10 * time.Second, 12},
		{"address " + ip, 2 * time.Second, 30},
		{"all", 100 * time.Millisecond, 50},
	} {
		at, ok := l.buckets[b.key]
		if !ok {
			l.forget(now)
			at = &bucket{limit: rate.NewLimiter(rate.Every(b.every), b.burst)}
			l.buckets[b.key] = at
		}
		at.used = now
		r := at.limit.ReserveN(now, 1)
		if d := r.DelayFrom(now); d > 0 {
			r.CancelAt(now)
			wait = max(wait, d)
		}
	}
	return wait
}

// forget keeps the map bounded: first what is idle goes, then anything.
func (l *logins) forget(now time.Time) {
	if len(l.buckets) < maxBuckets {
		return
	}
	for k, b := range l.buckets {
		if k != "all" && now.Sub(b.used) > 2*time.Minute {
			delete(l.buckets, k)
		}
	}
	for k := range l.buckets {
		if len(l.buckets) < maxBuckets/2 {
			return
		}
		if k != "all" {
			delete(l.buckets, k)
		}
	}
}
