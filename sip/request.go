package sip

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// request takes one well-formed request.
func (s *Server) request(req *sip.Request, f flow) {
	via := req.Via()
	back := s.responseFlow(via, f)
	if !s.passes(req, f, back) {
		return
	}
	switch req.Method {
	case sip.ACK:
		s.ack(req, f)
		return
	case sip.CANCEL:
		s.cancel(req, back)
		return
	case sip.INVITE:
		if tag, _ := req.To().Params.Get("tag"); tag == "" {
			s.invite(req, f, back)
			return
		}
	default:
	}
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	if bad := s.extensions(req); bad != nil {
		s.reply(tx, req, bad.status, bad.reason, bad.extra...)
		return
	}
	if tag, _ := req.To().Params.Get("tag"); tag != "" && req.Method != sip.REGISTER {
		l := s.legOf(req)
		if l == nil && req.Method == sip.SUBSCRIBE {
			s.subscribe(req, tx, s.referralOf(req))
			return
		}
		if l == nil {
			// A NOTIFY that follows a transfer may come after the BYE, and is no news.
			s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
			return
		}
		l.request(req, tx, f)
		return
	}
	if bad := s.exposed(req, f); bad != nil {
		s.reply(tx, req, bad.status, bad.reason, bad.extra...)
		return
	}
	switch req.Method {
	case sip.OPTIONS:
		s.options(req, tx)
	case sip.REGISTER:
		s.register(req, tx, f)
	case sip.BYE, sip.INFO, sip.UPDATE, sip.PRACK:
		s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
	case sip.REFER: // we call for nobody with whom we do not speak
		s.reply(tx, req, 403, reasonPhrase(403))
	case sip.NOTIFY, sip.SUBSCRIBE:
		s.stranger(req, tx)
	case sip.MESSAGE, sip.PUBLISH:
		s.reply(tx, req, 405, "Method Not Allowed", field{"Allow", allowed})
	default:
		s.reply(tx, req, 501, "Not Implemented", field{"Allow", allowed})
	}
}

// responseFlow is where responses go (RFC 3261 section 18.2.2 and RFC 3581): always
// to the address that the request came from, so that nobody can point us at others.
func (s *Server) responseFlow(via *sip.ViaHeader, f flow) flow {
	ip := f.remote.Addr().Unmap().WithZone("").String()
	if _, ok := via.Params.Get("rport"); ok {
		via.Params.Add("rport", strconv.Itoa(int(f.remote.Port())))
		via.Params.Add("received", ip)
		if f.carrier.reliable() {
			return s.returning(via, f)
		}
		return f
	}
	if strings.Trim(via.Host, "[]") != ip {
		via.Params.Add("received", ip)
	}
	if f.carrier.reliable() {
		return s.returning(via, f)
	}
	port := uint16(5060)
	if via.Port > 0 {
		port = uint16(via.Port)
	}
	return flow{f.carrier, withPort(f.remote, port)}
}

func (s *Server) returning(via *sip.ViaHeader, f flow) flow {
	if isWebSocket(f.carrier) {
		return f
	}
	network := f.carrier.network()
	port := cmp.Or(uint16(via.Port), defaultPort(network))
	return flow{returning{f.carrier, s.tp, peer{network, withPort(f.remote, port), strings.Trim(via.Host, "[]")}}, f.remote}
}

// abilities is what we can do, for whoever asks by OPTIONS (RFC 3261 section 11.2).
func (s *Server) abilities() []field {
	return []field{
		{"Allow", allowed},
		{"Accept", "application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag"},
		{"Accept-Encoding", "identity"},
		{"Supported", s.supported},
		{"Allow-Events", "refer"},
	}
}

// stranger answers a NOTIFY or SUBSCRIBE outside a dialog. The only event we know
// belongs to a REFER inside one.
func (s *Server) stranger(req *sip.Request, tx *serverTx) {
	switch name, _ := eventOf(req); {
	case name != "refer": // RFC 6665 section 4.2.1.1; message-summary and the like
		s.reply(tx, req, 489, reasonPhrase(489), field{"Allow-Events", "refer"})
	case req.Method == sip.SUBSCRIBE: // RFC 3515 section 2.4.4
		s.reply(tx, req, 403, reasonPhrase(403))
	default:
		s.reply(tx, req, 481, reasonPhrase(481))
	}
}

func (s *Server) supports(tag string) bool {
	for ours := range strings.SplitSeq(s.supported, ", ") {
		if strings.EqualFold(ours, tag) {
			return true
		}
	}
	return false
}

// extensions refuses what a request requires and we do not have (RFC 3261 section
// 8.2.2.3).
func (s *Server) extensions(req *sip.Request) *malformed {
	var unknown []string
	for _, name := range []string{"Require", "Proxy-Require"} {
		for _, h := range req.GetHeaders(name) {
			for _, tag := range splitList(h.Value()) {
				if req.Method == sip.REGISTER && strings.EqualFold(tag, "path") { // RFC 3327
					continue
				}
				if tag != "" && !s.supports(tag) {
					unknown = append(unknown, tag)
				}
			}
		}
	}
	if len(unknown) > 0 {
		return &malformed{status: 420, reason: "Bad Extension", extra: []field{{"Unsupported", strings.Join(unknown, ", ")}}}
	}
	return nil
}

// response builds a response to req with our To tag, by RFC 3261 section 8.2.6.2. It
// holds header fields of req itself: neither they nor those of a response may be
// changed once they were read.
func (s *Server) response(req *sip.Request, status int, reason, tag string, extra ...field) *sip.Response {
	res := sip.NewResponse(status, reason)
	keeps := func(name string) {
		for _, h := range req.GetHeaders(name) {
			res.AppendHeader(h)
		}
	}
	if req.Method != sip.REGISTER && (status/10 == 18 || status/100 == 2 || req.IsInvite() && status > 100 && status < 200) {
		keeps("Record-Route") // RFC 3261 section 12.1.1
	}
	keeps("Via")
	res.AppendHeader(req.From())
	to := req.To()
	if _, ok := to.Params.Get("tag"); !ok && status > 100 {
		if tag == "" {
			tag = sip.GenerateTagN(12)
		}
		to = &sip.ToHeader{DisplayName: to.DisplayName, Address: to.Address, Params: append(slices.Clip(to.Params), sip.HeaderKV{K: "tag", V: tag})}
	}
	res.AppendHeader(to)
	res.AppendHeader(req.CallID())
	res.AppendHeader(req.CSeq())
	if status == 100 {
		keeps("Timestamp")
	}
	res.SetBody(nil)
	for _, h := range extra {
		res.AppendHeader(sip.NewHeader(h.name, h.value))
	}
	res.AppendHeader(sip.NewHeader("Server", s.cfg.UserAgent))
	return res
}

func (s *Server) reply(tx *serverTx, req *sip.Request, status int, reason string, extra ...field) {
	if _, err := tx.respond(status, render(s.response(req, status, reason, "", extra...))); err != nil {
		s.log.Debug("sip_respond", "method", string(req.Method), "status", status, "error", err)
	}
}

// options answers a question for what we can do; monitors use it to see whether we
// take calls.
func (s *Server) options(req *sip.Request, tx *serverTx) {
	about := s.abilities()
	if wait, ok := s.admission(); !ok {
		s.reply(tx, req, 503, "Service Unavailable", append(about, s.retryIn(wait))...)
		return
	}
	s.reply(tx, req, 200, "OK", about...)
}

// ack takes an ACK: of a refusal it ends the transaction, of a 2xx it is the leg's.
func (s *Server) ack(req *sip.Request, f flow) {
	if tx := s.tx.find(req); tx != nil && tx.ack() {
		return
	}
	if l := s.legOf(req); l != nil {
		s.sentry.know(f.remote.Addr(), time.Now()) // it has read the tag that we gave
		l.acknowledged(req)
	}
}

// cancel answers a CANCEL and ends the INVITE that it belongs to, if that is not
// too late (RFC 3261 section 9.2).
func (s *Server) cancel(req *sip.Request, back flow) {
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	invite := s.tx.find(req)
	if invite == nil {
		s.reply(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	s.reply(tx, req, 200, "OK")
	reason := ""
	if h := req.GetHeader("Reason"); h != nil {
		reason = h.Value()
	}
	invite.cancel(reason)
}

// invite takes an INVITE that begins a call.
func (s *Server) invite(req *sip.Request, f, back flow) {
	tx, fresh := s.tx.receive(req, back)
	if !fresh {
		return
	}
	refuse := func(status int, reason string, extra ...field) {
		s.reply(tx, req, status, reason, extra...)
	}
	if bad := s.extensions(req); bad != nil {
		refuse(bad.status, bad.reason, bad.extra...)
		return
	}
	if bad := s.exposed(req, f); bad != nil {
		refuse(bad.status, bad.reason, bad.extra...)
		return
	}
	if s.cfg.Reliable == ReliableRequired && !lists(req, "Supported", "100rel") && !lists(req, "Require", "100rel") {
		refuse(421, "Extension Required", field{"Require", "100rel"})
		return
	}
	if bad := s.sessionTooShort(req); bad != nil {
		refuse(bad.status, bad.reason, bad.extra...)
		return
	}
	if ct := req.ContentType(); len(req.Body()) > 0 && (ct == nil || !isSDP(ct.Value())) {
		refuse(415, "Unsupported Media Type", field{"Accept", "application/sdp"})
		return
	}
	if !acceptsSDP(req) {
		refuse(406, "Not Acceptable")
		return
	}
	tag, _ := req.From().Params.Get("tag")
	id := req.CallID().Value() + "\x00" + tag + "\x00" + strconv.Itoa(int(req.CSeq().SeqNo))
	s.mu.Lock()
	_, merged := s.invites[id]
	s.mu.Unlock()
	switch {
	case merged: // RFC 3261 section 8.2.2.2
		refuse(482, "Loop Detected")
		return
	case s.handler == nil:
		refuse(480, "Temporarily Unavailable")
		return
	case tx.spare:
		refuse(503, "Service Unavailable", s.retryAfter())
		return
	}
	old, bad := s.replacing(req, f)
	if bad != nil {
		refuse(bad.status, bad.reason)
		return
	}
	if wait, ok := s.admission(); !ok && old == nil { // who takes over adds no call
		s.decline(req, tx, back, wait)
		return
	}
	opening, ok := s.sentry.begin(f.remote.Addr(), time.Now())
	if !ok {
		s.decline(req, tx, back, 0)
		return
	}
	l := s.inboundLeg(req, tx, f, id)
	l.replaces = old
	l.half.Store(opening)
	if !s.addLeg(l) {
		l.halfOver()
		s.decline(req, tx, back, 0)
		return
	}
	tx.setOnCancel(l.cancelled)
	tx.try(func() []byte { return render(s.response(req, 100, "Trying", "")) })
	if !s.spawn(func() { s.handle(l) }) {
		l.finish(ErrServerClosed)
		s.dropLeg(l)
		refuse(503, "Service Unavailable", s.retryAfter())
	}
}

func isSDP(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/sdp")
}

func acceptsSDP(req *sip.Request) bool {
	hs := req.GetHeaders("Accept")
	if len(hs) == 0 {
		return true
	}
	for _, h := range hs {
		for _, v := range splitList(h.Value()) {
			kind, _, _ := strings.Cut(v, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/sdp", "application/*", "*/*":
				return true
			}
		}
	}
	return false
}
