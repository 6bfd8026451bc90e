package web

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 3261 section 22.4, and all that browsers' SIP libraries know
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/internal/store"
)

const (
	// phoneLife is how long a password of the desk's telephone is good for. The page has
	// it replaced twice meanwhile, so that the end of a session is soon the telephone's.
	phoneLife = 5 * time.Minute
	// phonePasswords are those of one session that are good at a time: the last and, for
	// a registration that is on its way, the one before.
	phonePasswords = 2
	// maxPhonePasswords bounds those of an agent, however many browsers he sits at.
	maxPhonePasswords = 16
)

// Phones are the passwords by which agents' pages register as telephones. Each is
// random, belongs to a session, lives for minutes and in memory only; the registrar
// sees its digest.
type Phones struct {
	// Ended is called for an agent whose session was signed out, whose browsers are to be
	// forgotten; nil: they are when they do not register again.
	Ended func(agent string)

	realm string

	mu    sync.Mutex
	given map[string][]phonePassword // by agent; guarded by mu
}

type phonePassword struct {
	session string // its key in the store
	ha1     string
	until   time.Time
}

// NewPhones returns none yet, for a registrar's realm.
func NewPhones(realm string) *Phones {
	return &Phones{realm: realm, given: map[string][]phonePassword{}}
}

// Issue makes a password for an agent who is signed in by a session.
func (p *Phones) Issue(session, agent string, now time.Time) (password string, until time.Time) {
	password, until = rand.Text(), now.Add(phoneLife)
	sum := md5.Sum([]byte(agent + ":" + p.realm + ":" + password)) //nolint:gosec // see above
	fresh := phonePassword{store.SessionKey(session), hex.EncodeToString(sum[:]), until}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(now)
	kept := []phonePassword{fresh}
	own := 1
	for _, old := range p.given[agent] { // the newest first
		if old.session == fresh.session {
			if own++; own > phonePasswords {
				continue
			}
		}
		if len(kept) < maxPhonePasswords {
			kept = append(kept, old)
		}
	}
	p.given[agent] = kept
	return password, until
}

// expire needs p.mu.
func (p *Phones) expire(now time.Time) {
	for agent, list := range p.given {
		list = slices.DeleteFunc(list, func(c phonePassword) bool { return !now.Before(c.until) })
		if len(list) == 0 {
			delete(p.given, agent)
		} else {
			p.given[agent] = list
		}
	}
}

// sessions are those that a password was given to, each once.
func (p *Phones) sessions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys []string
	for _, list := range p.given {
		for _, c := range list {
			keys = append(keys, c.session)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// revoke ends what sessions were given.
func (p *Phones) revoke(keys ...string) {
	var ended []string
	p.mu.Lock()
	for agent, list := range p.given {
		left := slices.DeleteFunc(list, func(c phonePassword) bool { return slices.Contains(keys, c.session) })
		if len(left) == len(list) {
			continue
		}
		ended = append(ended, agent)
		p.given[agent] = left
	}
	p.mu.Unlock()
	if p.Ended != nil {
		for _, agent := range ended {
			p.Ended(agent)
		}
	}
}

// endPhones ends the telephones of the sessions that are over: signed out, ended by
// somebody, or with the user's rights.
func (s *Server) endPhones(ctx context.Context) error {
	if s.cfg.Phones == nil {
		return nil
	}
	var over []string
	for _, key := range s.cfg.Phones.sessions() {
		open, err := s.cfg.Store.SessionIsOpen(ctx, key)
		if err != nil {
			return err
		}
		if !open {
			over = append(over, key)
		}
	}
	s.cfg.Phones.revoke(over...)
	return nil
}

// endingSessions is handle with the telephones of the sessions that it ended.
func endingSessions[I, O any](s *Server, handle func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, s.endPhones(ctx)
	}
}

// Secret is what a registrar compares an agent's digest with: "HA1:MD5:…" of each
// password that is good now, with spaces between; "" when there is none.
func (p *Phones) Secret(agent string) string {
	now := time.Now()
	var out []string
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.given[agent] {
		if now.Before(c.until) {
			out = append(out, "HA1:MD5:"+c.ha1)
		}
	}
	return strings.Join(out, " ")
}

type phoneOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Agent     string    `json:"agent" doc:"the user part to register"`
		Realm     string    `json:"realm"`
		Password  string    `json:"password" doc:"of this session's telephone; ask for another one before it runs out"`
		ExpiresAt time.Time `json:"expires_at"`
		RenewS    int64     `json:"renew_s" doc:"when to ask again"`
	}
}

func (s *Server) phone(ctx context.Context, _ *struct{}) (*phoneOutput, error) {
	if s.cfg.Phones == nil || s.cfg.SIP == nil {
		return nil, errNoDesk
	}
	i := who(ctx)
	if i.session == "" {
		return nil, problem(http.StatusForbidden, "session_needed", "a telephone in the browser belongs to a session; programs register with the agent's own password")
	}
	if _, err := s.agentOf(ctx, i); err != nil {
		return nil, err
	}
	return s.issue(i.session, i.agent), nil
}

// issue gives a session's page what it registers by.
func (s *Server) issue(session, user string) *phoneOutput {
	out := &phoneOutput{CacheControl: "no-store"}
	b := &out.Body
	b.Agent, b.Realm, b.RenewS = user, s.cfg.Phones.realm, int64(phoneLife.Seconds())/3
	b.Password, b.ExpiresAt = s.cfg.Phones.Issue(session, user, time.Now())
	return out
}

// agentOf is the agent that an identity is.
func (s *Server) agentOf(ctx context.Context, i *identity) (Agent, error) {
	if s.cfg.Agents == nil {
		return Agent{}, errNoDesk
	}
	all, err := s.cfg.Agents.Agents(ctx)
	if err != nil {
		return Agent{}, err
	}
	at := slices.IndexFunc(all, func(a Agent) bool { return a.Name == i.agent })
	if at < 0 {
		return Agent{}, problem(http.StatusConflict, "no_agent", "the user is none of the agents of business.yaml; an administrator can say whom he is among them")
	}
	return all[at], nil
}
