// Package webhook tells another system what happens, by HTTP.
//
// # Concepts
//
// What is to be told waits in the store. A [Sender] posts it, signed, and tries again
// later and later where it is not taken (any answer but 2xx); after a day it is dead, and
// stays to be seen and sent again by a person. The address that the name resolves to is
// looked at when it is connected to: this machine and private networks are refused unless
// they are allowed, so that a setting cannot make the server ask its neighbours.
//
// # Concurrency
//
// Sender.Run is the only goroutine; whoever starts it waits for it.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hotline/internal/store"
)

// Queue holds what is to be told.
type Queue interface {
	Deliveries(ctx context.Context, state string, limit int) ([]store.Delivery, error)
	Delivered(ctx context.Context, id string) error
	Undelivered(ctx context.Context, id, why string, next time.Time) error
}

// Config says whom to tell.
type Config struct {
	Queue  Queue
	URL    string
	Secret string // of the signature
	// Allow are networks that may be told though they are private: "10.1.0.0/16",
	// "127.0.0.1".
	Allow []string
	Every time.Duration // how often it looks; 2 s
	Log   *slog.Logger
	Now   func() time.Time
}

// Sender tells.
type Sender struct {
	cfg    Config
	allow  []netip.Prefix
	client *http.Client
}

// ErrAddress is returned for an address that must not be told anything.
var ErrAddress = errors.New("the address is this machine's or a private network's: add it to webhook.allow if it is meant")

const (
	timeout   = 10 * time.Second
	maxAnswer = 64 << 10
	maxTries  = 12
	batch     = 20
	maxWhy    = 200
)

// New checks the settings.
func New(cfg Config) (*Sender, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("webhook: url is not an http or https address")
	}
	if cfg.Secret == "" {
		return nil, errors.New("webhook: set secret, so that whoever is told can know that it was us")
	}
	if cfg.Every <= 0 {
		cfg.Every = 2 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Sender{cfg: cfg}
	for _, text := range cfg.Allow {
		p, err := prefix(text)
		if err != nil {
			return nil, fmt.Errorf("webhook: allow: %w", err)
		}
		s.allow = append(s.allow, p)
	}
	dialer := &net.Dialer{Timeout: timeout, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error { return s.check(address) }}
	s.client = &http.Client{
		Timeout: timeout,
		// No proxy of the environment: what is connected to must be what was checked.
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, MaxIdleConns: 2, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

func prefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no address and no network", text)
	}
	return p.Masked(), nil
}

// check refuses addresses that are not the Internet's and not allowed.
func (s *Sender) check(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	a := at.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(s.allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return nil
	}
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || !a.IsGlobalUnicast() ||
		slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(a) }) {
		return ErrAddress
	}
	return nil
}

// special are networks that are no part of the Internet beside those that Go knows:
// carriers' own (RFC 6598), those that embed IPv4 (RFC 6052, 3056), "this network" and
// the benchmarks' (RFC 6890).
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
	}
}

// Run tells until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	for {
		if err := s.Send(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("webhooks_wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.cfg.Every):
		}
	}
}

// Send tells what is due, once each.
func (s *Sender) Send(ctx context.Context) error {
	list, err := s.cfg.Queue.Deliveries(ctx, store.DeliveryWaiting, batch)
	for _, d := range list {
		failed := s.post(ctx, d)
		if ctx.Err() != nil {
			return err
		}
		if failed == nil {
			err = errors.Join(err, s.cfg.Queue.Delivered(ctx, d.ID))
			continue
		}
		next := s.next(d.Tries + 1)
		s.cfg.Log.Warn("webhook_failed", "kind", d.Kind, "tries", d.Tries+1, "dead", next.IsZero(), "error", failed)
		why := failed.Error()
		if len(why) > maxWhy {
			why = strings.ToValidUTF8(why[:maxWhy], "")
		}
		err = errors.Join(err, s.cfg.Queue.Undelivered(ctx, d.ID, why, next))
	}
	return err
}

// next is when to try again after so many tries: 10 s, 30 s, 90 s … 4 h; zero for never.
func (s *Sender) next(tries int) time.Time {
	if tries >= maxTries {
		return time.Time{}
	}
	wait := 10 * time.Second
	for range tries - 1 {
		wait = min(3*wait, 4*time.Hour)
	}
	return s.cfg.Now().Add(wait)
}

func (s *Sender) post(ctx context.Context, d store.Delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, strings.NewReader(d.Body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(s.cfg.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "hotline")
	req.Header.Set("Idempotency-Key", d.ID)
	req.Header.Set("X-Hotline-Event", d.Kind)
	req.Header.Set("X-Hotline-Timestamp", at)
	req.Header.Set("X-Hotline-Signature", "sha256="+Sign(s.cfg.Secret, at, d.Body))
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may hold a secret
		}
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return nil
}

// Sign is the HMAC-SHA-256, in hex, of a time and a body joined by a dot: whoever is told
// computes it too, and refuses what is older than a few minutes.
func Sign(secret, at, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(at + "." + body)) // never fails
	return hex.EncodeToString(m.Sum(nil))
}
