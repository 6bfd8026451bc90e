package sip

import (
	"context"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Keys by INFO, as phones and gateways send them that have no telephone-event:
// "Signal=5" and "Duration=160" in application/dtmf-relay, or the bare key in
// application/dtmf.

// OnKey sets who takes the keys that the far end sends by INFO: '0'-'9', '*', '#',
// 'A'-'D'.
func (l *Leg) OnKey(f func(digit byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onKey = f
}

// SendKeyInfo sends a key by INFO and waits until the far end has taken it; a
// *StatusError tells that it does not take keys this way.
func (l *Leg) SendKeyInfo(ctx context.Context, digit byte) error {
	key, ok := infoKey(string(digit))
	if !ok {
		return fmt.Errorf("sip: %q is no key", digit)
	}
	l.mu.Lock()
	state := l.state
	l.mu.Unlock()
	switch state {
	case legConfirmed:
	case legEnded:
		return l.cause()
	default:
		return fmt.Errorf("sip: key %q: the leg is not answered", digit)
	}
	res, err := l.exchange(ctx, sip.INFO, func(req *sip.Request, f flow) {
		req.AppendHeader(l.contact(f))
		ct := sip.ContentTypeHeader("application/dtmf-relay")
		req.AppendHeader(&ct)
		req.SetBody(fmt.Appendf(nil, "Signal=%c\r\nDuration=160\r\n", key))
	})
	switch {
	case err != nil:
		return fmt.Errorf("send key: %w", err)
	case res.StatusCode >= 300:
		return statusOf(res)
	}
	return nil
}

// info takes an INFO: a key, or nothing, as some keep a call alive.
func (l *Leg) info(req *sip.Request, reply func(int, ...field)) {
	if headerOf(req, "Info-Package") != nil { // RFC 6086 section 4.2.2: we take none
		reply(469, field{"Recv-Info", ""})
		return
	}
	kind := ""
	if ct := req.ContentType(); ct != nil {
		kind, _, _ = strings.Cut(strings.ToLower(ct.Value()), ";")
	}
	switch strings.TrimSpace(kind) {
	case "":
		reply(200)
	case "application/dtmf-relay", "application/dtmf":
		key, ok := infoKey(string(req.Body()))
		if !ok {
			reply(400)
			return
		}
		reply(200)
		l.mu.Lock()
		f := l.onKey
		l.mu.Unlock()
		if f != nil && key != flash {
			l.later(func() { f(key) })
		}
	default:
		reply(415, field{"Accept", "application/dtmf-relay, application/dtmf"})
	}
}

const flash = '!' // the hook flash of RFC 4733, which means nothing to us

func infoKey(body string) (byte, bool) {
	value := strings.TrimSpace(body)
	for line := range strings.Lines(body) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.EqualFold(strings.TrimSpace(k), "Signal") {
			value = strings.TrimSpace(v)
			break
		}
	}
	switch value {
	case "10":
		return '*', true
	case "11":
		return '#', true
	case "12", "13", "14", "15":
		return 'A' + value[1] - '2', true
	case "16", "!":
		return flash, true
	}
	if len(value) != 1 || strings.IndexByte("0123456789*#ABCDabcd", value[0]) < 0 {
		return 0, false
	}
	return strings.ToUpper(value)[0], true
}
