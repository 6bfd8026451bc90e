package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/internal/config"
	"hotline/internal/desk"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/media"
	"hotline/media/sdp"
	"hotline/sip"
)

// sipConfig turns the settings into the server's.
func sipConfig(c config.Config, log *slog.Logger) (sip.Config, error) {
	secure, err := sipTLS(c, log)
	if err != nil {
		return sip.Config{}, err
	}
	expires := c.SIP.SessionExpires
	if expires == 0 {
		expires = -1
	}
	check := c.SIP.CheckCalls
	if check == 0 {
		check = -1
	}
	return sip.Config{
		SessionExpires: expires, MinSE: c.SIP.MinSession, CheckCalls: check,
		Reliable: sip.Reliable(c.SIP.Reliable), OfferByUpdate: c.SIP.OfferByUpdate,
		Listen: c.SIP.Addresses(), TLS: secure, Origins: c.SIP.Origins,
		PublicAddr: c.SIP.PublicAddr, MediaAddr: rtpAddr(c), LocalNetworks: c.SIP.Local(), TrustedIdentity: c.SIP.Believed(),
		UserAgent: "hotline", Realm: c.SIP.Realm, MaxLegs: 2 * maxCalls(c),
	}, nil
}

// registrarConfig turns the settings into the registrar's.
func registrarConfig(c config.Config) sip.RegistrarConfig {
	ping := c.SIP.Ping
	if ping == 0 {
		ping = -1
	}
	return sip.RegistrarConfig{Realm: c.SIP.Realm, MaxExpires: c.SIP.MaxExpires, Algorithms: c.SIP.Digest, Ping: ping}
}

// maxCalls is the setting, or as many as there are pairs of ports; each call may
// need a second pair for the agent.
func maxCalls(c config.Config) int {
	if c.Call.MaxCalls > 0 {
		return c.Call.MaxCalls
	}
	return max(1, (c.RTP.High-c.RTP.Low+1)/4)
}

// arrival turns an inbound leg into what the call manager takes.
func arrival(l *sip.Leg) call.Arrival {
	caller := l.From().User
	id := l.Identity()
	if strings.EqualFold(caller, "anonymous") {
		caller = id.Asserted.User
	}
	said := call.Signalling{Network: l.Network(), Asserted: id.Asserted.URI, Privacy: id.Privacy, UserToUser: id.UserToUser}
	if id.Anonymous && said.Privacy == "" {
		said.Privacy = "id"
	}
	for _, d := range id.Diversions {
		said.Diversion = append(said.Diversion, cmp.Or(d.Party.User, d.Party.URI))
	}
	a := call.Arrival{
		Leg: l, Caller: caller, Called: l.Called(), Reached: l.LocalIP(), Signalling: said,
		OnUpdate: l.OnUpdate, OnKey: l.OnKey,
	}
	if old := l.Replaces(); old != nil {
		a.Replaces = old.ID()
	}
	return a
}

// passwords answers the registrar from memory.
type passwords struct {
	desk     *web.Phones // of pages
	learning sync.Mutex  // one reading of the database at a time

	mu   sync.RWMutex
	kept map[string]string // of telephones, by agent
}

// Password implements sip.PasswordLookup.
func (p *passwords) Password(user string) (string, bool) {
	p.mu.RLock()
	kept := p.kept[user]
	p.mu.RUnlock()
	secret := strings.TrimSpace(kept + " " + p.desk.Secret(user))
	return secret, secret != ""
}

// passwordsEvery is how often it is looked whether another server on the database has
// given an agent's telephone another password.
const passwordsEvery = 3 * time.Second

// followPasswords keeps to the passwords of the agents' telephones until ctx ends.
func (s *server) followPasswords(ctx context.Context) {
	tick := time.NewTicker(passwordsEvery)
	defer tick.Stop()
	for failing := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.learnPasswords(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the passwords of the agents' telephones cannot be read; those known so far count", "error", err)
		}
		failing = err != nil
	}
}

// learnPasswords reads by what the agents' telephones register. Telephones of agents who
// are gone are forgotten, and those that registered by a password which is another now, but
// for calls in progress; browsers have passwords of their own.
func (s *server) learnPasswords(ctx context.Context) error {
	s.secrets.learning.Lock() // what was read first must not be put in force last
	defer s.secrets.learning.Unlock()
	digests, err := s.db.AgentDigests(ctx, s.cfg.SIP.Realm)
	if err != nil {
		return err
	}
	kept := map[string]string{}
	for _, p := range s.bots.agents() {
		var known []string
		for _, d := range []struct{ algorithm, ha1 string }{{sip.MD5, digests[p.Name].MD5}, {sip.SHA256, digests[p.Name].SHA256}} {
			if d.ha1 != "" {
				known = append(known, "HA1:"+d.algorithm+":"+d.ha1)
			}
		}
		if len(known) > 0 {
			kept[p.Name] = strings.Join(known, " ")
		}
	}
	s.secrets.mu.Lock()
	had := s.secrets.kept
	s.secrets.kept = kept
	s.secrets.mu.Unlock()
	for agent, was := range had {
		switch now, stays := kept[agent]; {
		case !stays:
			s.registrar.Forget(agent, func(sip.Contact) bool { return true })
		case now != was:
			s.registrar.Forget(agent, func(c sip.Contact) bool { return !isBrowser(c) })
		}
	}
	return nil
}

// newPhonePassword gives an agent's own telephone another password.
func (s *server) newPhonePassword(ctx context.Context, agent string) (string, error) {
	if s.cfg.DemoPassword.Reveal() != "" {
		return "", &web.RefusedError{Status: http.StatusConflict, Code: "demo_password", Detail: "demo_password in the settings is the password of all agents' telephones; take it out to give each one of its own"}
	}
	people := s.bots.agents()
	at := slices.IndexFunc(people, func(p desk.Agent) bool { return p.Name == agent })
	if at < 0 {
		return "", &web.RefusedError{Status: http.StatusNotFound, Code: "no_such_agent", Detail: "there is no agent " + strconv.Quote(agent)}
	}
	password := strings.ToLower(rand.Text()[:12])
	a := people[at]
	if err := s.db.PutAgent(ctx, store.Agent{Name: a.Name, DisplayName: a.Title, Skills: a.Skills}, password); err != nil {
		return "", err
	}
	return password, s.learnPasswords(ctx)
}

// isBrowser tells telephones in pages from others.
func isBrowser(c sip.Contact) bool { return c.Network == "ws" || c.Network == "wss" }

// keyTones says when keys are listened for in the sound.
func keyTones(c config.Config) media.KeyTones {
	switch c.RTP.KeyTones {
	case "always":
		return media.TonesAlways
	case "never":
		return media.TonesNever
	default:
		return media.TonesIfNeeded
	}
}

// protection is what becomes of encrypted sound.
func protection(c config.Config) sdp.Protection {
	switch c.RTP.SRTP {
	case "off":
		return sdp.Plain
	case "required":
		return sdp.Required
	default:
		return sdp.Optional
	}
}

// rtpAddr is the address for sound in our session descriptions; invalid means the
// one that the far end reached.
func rtpAddr(c config.Config) netip.Addr {
	a, err := netip.ParseAddr(c.RTP.PublicAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
