package sip

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

const maxRedirects = 5 // targets tried after the first in one Dial

// detour is another target that a far end has named.
type detour struct {
	target sip.Uri
	proxy  *sip.Uri // 305: the target is to be reached through it
}

// detour tries the next target that a far end has named in a 3xx, one after the
// other in the order of their q (RFC 3261 section 8.1.3.4), and tells whether there
// was one.
func (d *dialing) detour(ctx context.Context, e dialEvent) bool {
	f := e.fork
	limit := min(d.r.Redirects, maxRedirects)
	if limit <= 0 || e.status >= 600 || ctx.Err() != nil {
		return false
	}
	if len(d.tried) == 0 {
		for _, f := range d.forks {
			d.tried = append(d.tried, f.target.String())
		}
	}
	if e.res != nil && e.status/100 == 3 {
		f.next = append(d.detours(e), f.next...)
	}
	for len(f.next) > 0 && len(d.tried)-len(d.forks) < limit {
		next := f.next[0]
		f.next = f.next[1:]
		if !d.unheard(next) {
			continue
		}
		if d.follow(ctx, f, next) {
			return true
		}
	}
	return false
}

// unheard notes a target, and tells whether it is a new one: no loops.
func (d *dialing) unheard(n detour) bool {
	key := n.target.String()
	if n.proxy != nil {
		key += " " + n.proxy.String()
	}
	if slices.Contains(d.tried, key) {
		return false
	}
	d.tried = append(d.tried, key)
	return true
}

// follow calls another target with the same From, To and Call-ID.
func (d *dialing) follow(ctx context.Context, f *fork, n detour) bool {
	way, routes := f.flow, f.routes
	if n.proxy != nil {
		p := n.proxy.Clone()
		p.UriParams.Remove("lr")
		p.UriParams.Add("lr", "")
		routes = []sip.Header{sip.NewHeader("Route", "<"+p.String()+">")}
	}
	if n.proxy != nil || len(d.r.Route) == 0 && d.r.Through == "" { // else the outbound proxy sees to it
		hop := &n.target
		if n.proxy != nil {
			hop = n.proxy
		}
		var err error
		if way, err = d.s.flowFor(ctx, hop, f.flow); err != nil {
			d.s.log.Info("sip_redirect_lost", "call_id", f.callID, "error", err)
			return false
		}
	}
	if n.target.IsEncrypted() && !way.encrypts() {
		d.s.log.Warn("sip_redirect_refused", "call_id", f.callID, "host", n.target.Host)
		return false
	}
	d.mu.Lock()
	f.target, f.flow, f.routes = n.target, way, routes
	f.seq++
	f.tried = 0
	d.mu.Unlock()
	d.s.log.Info("sip_redirected", "call_id", f.callID, "host", n.target.Host)
	return d.invite(f) == nil //nolint:contextcheck // the transaction outlives ctx, to cancel it
}

// detours are the targets of a 3xx that may be called, the most wanted first.
func (d *dialing) detours(e dialEvent) (out []detour) {
	for _, u := range contactsOf(e.res) {
		allowed := strings.EqualFold(u.Host, e.fork.target.Host)
		if d.r.AllowRedirect != nil {
			allowed = d.r.AllowRedirect(u.String())
		}
		if e.fork.target.IsEncrypted() && !u.IsEncrypted() { // RFC 3261 section 8.1.3.4: not without the caller's word
			allowed = false
		}
		if !allowed {
			d.s.log.Warn("sip_redirect_refused", "call_id", e.fork.callID, "host", u.Host)
			continue
		}
		if e.status == 305 {
			out = append(out, detour{target: e.fork.target, proxy: u.Clone()})
		} else {
			out = append(out, detour{target: u})
		}
	}
	return out
}

// contactsOf are the SIP targets of a 3xx, the most wanted first.
func contactsOf(res *sip.Response) (out []sip.Uri) {
	var cs []*sip.ContactHeader
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if ok && !c.Address.Wildcard && c.Address.Raw() == "" && c.Address.Host != "" && len(cs) < 2*maxRedirects {
			cs = append(cs, c)
		}
	}
	slices.SortStableFunc(cs, func(a, b *sip.ContactHeader) int { return cmp.Compare(quality(b), quality(a)) })
	for _, c := range cs {
		u := *c.Address.Clone()
		u.Headers = nil // RFC 3261 section 19.1.5: not theirs to add to our request
		out = append(out, u)
	}
	return out
}
