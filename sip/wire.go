package sip

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// The validating read. sipgo's parsers are fed only what this file has taken apart,
// checked and put into one plain form (no folding, long header names, one value at a
// time), because sipgo refuses some valid messages of RFC 4475 and accepts some
// invalid ones.

const (
	maxHeaders   = 128  // header fields in one message
	maxVia       = 32   // hops, and routes
	maxURILength = 2048 // octets of a Request-URI
	maxSequence  = 1<<31 - 1
)

// field is a header field with its canonical name and unfolded value.
type field struct{ name, value string }

// rawMessage is a message taken apart but not interpreted.
type rawMessage struct {
	start  string
	fields []field
	body   []byte
}

// malformed is a message that must not go further. With status 0 it is dropped,
// else raw is answered with that status.
type malformed struct {
	status int
	reason string // reason phrase, told to the sender
	extra  []field
	raw    *rawMessage
}

func (m *malformed) Error() string {
	if m.status == 0 {
		return "sip message dropped: " + m.reason
	}
	return "sip message refused with " + strconv.Itoa(m.status) + " " + m.reason
}

// canonical maps lower-case names, long and compact (RFC 3261 section 7.3.3), to
// the form written on.
var canonical = map[string]string{
	"v": "Via", "via": "Via", "f": "From", "from": "From", "t": "To", "to": "To",
	"i": "Call-ID", "call-id": "Call-ID", "m": "Contact", "contact": "Contact",
	"cseq": "CSeq", "max-forwards": "Max-Forwards", "route": "Route", "record-route": "Record-Route", "path": "Path",
	"l": "Content-Length", "content-length": "Content-Length", "c": "Content-Type", "content-type": "Content-Type",
	"e": "Content-Encoding", "s": "Subject", "subject": "Subject", "k": "Supported", "supported": "Supported",
	"o": "Event", "event": "Event", "r": "Refer-To", "refer-to": "Refer-To", "b": "Referred-By", "referred-by": "Referred-By",
	"u": "Allow-Events", "x": "Session-Expires", "session-expires": "Session-Expires", "expires": "Expires",
	"require": "Require", "proxy-require": "Proxy-Require", "accept": "Accept", "user-agent": "User-Agent",
	"authorization": "Authorization", "proxy-authorization": "Proxy-Authorization", "allow": "Allow",
	"www-authenticate": "WWW-Authenticate", "proxy-authenticate": "Proxy-Authenticate",
}

// asWritten knows the names of nearly every message that need no canonical form.
func asWritten(name string) bool {
	switch name {
	case "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Type", "Content-Length",
		"Route", "Record-Route", "User-Agent", "Allow", "Supported", "Expires", "Authorization":
		return true
	}
	return false
}

// split takes a message apart. The body is what follows the empty line, whatever
// Content-Length says.
func split(data []byte) (*rawMessage, error) {
	head, body, ok := bytes.Cut(data, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("no empty line ends the header")
	}
	text := string(head)
	raw := &rawMessage{body: body, fields: make([]field, 0, 16)}
	raw.start, text, _ = strings.Cut(text, "\r\n")
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		for text != "" && (text[0] == ' ' || text[0] == '\t') { // RFC 3261 section 7.3.1: folding
			var more string
			more, text, _ = strings.Cut(text, "\r\n")
			line = strings.TrimRight(line, " \t") + " " + strings.TrimLeft(more, " \t")
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.Trim(name, " \t")
		if !ok || !isToken(name) || strings.IndexByte(line, '\r') >= 0 || strings.IndexByte(line, '\n') >= 0 {
			return raw, errors.New("a line that is no header field")
		}
		if !asWritten(name) {
			if long, known := canonical[strings.ToLower(name)]; known {
				name = long
			}
		}
		if len(raw.fields) == maxHeaders {
			return raw, errors.New("too many header fields")
		}
		raw.fields = append(raw.fields, field{name, strings.Trim(value, " \t")})
	}
	return raw, nil
}

// get returns the first value of a header field, by canonical name.
func (r *rawMessage) get(name string) string {
	for _, f := range r.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (r *rawMessage) count(name string) (n int) {
	for _, f := range r.fields {
		if f.name == name {
			n++
		}
	}
	return n
}

// contentLength is the size of the body by its header field, -1 without one.
func (r *rawMessage) contentLength() (int, error) {
	n := -1
	for _, f := range r.fields {
		if f.name != "Content-Length" {
			continue
		}
		v, err := strconv.ParseUint(f.value, 10, 31)
		if err != nil {
			return 0, fmt.Errorf("bad Content-Length %q", clip(f.value))
		}
		if n >= 0 && n != int(v) {
			return 0, errors.New("two values of Content-Length")
		}
		n = int(v)
	}
	return n, nil
}

// read checks one message and has it parsed. The error is a *malformed.
func read(data []byte, parsers sip.HeadersParser) (sip.Message, error) {
	raw, err := split(data)
	if err != nil {
		return nil, refuse(raw, 400, err.Error())
	}
	if err := raw.check(); err != nil {
		return nil, err
	}
	msg, err := raw.message(parsers)
	if err != nil {
		return nil, refuse(raw, 400, err.Error())
	}
	if err := checkParsed(msg); err != nil {
		return nil, refuse(raw, 400, err.Error())
	}
	return msg, nil
}

// refuse makes the error for a message: a bad response, an ACK and what cannot be
// answered are dropped (RFC 3261 sections 8.2.7, 18.1.2 and 18.3).
func refuse(raw *rawMessage, status int, reason string) *malformed {
	m := &malformed{status: status, reason: reason, raw: raw}
	if raw == nil || isResponse(raw.start) || strings.HasPrefix(raw.start, "ACK ") || raw.get("Via") == "" {
		m.status = 0
	}
	return m
}

func isResponse(start string) bool {
	return len(start) >= 4 && strings.EqualFold(start[:4], "SIP/")
}

// check applies what can be said before header fields are parsed.
func (r *rawMessage) check() error {
	length, err := r.contentLength()
	if err != nil {
		return refuse(r, 400, err.Error())
	}
	switch {
	case length > len(r.body): // RFC 3261 section 18.3
		return refuse(r, 400, "Content-Length is larger than the body")
	case length >= 0:
		r.body = r.body[:length]
	}
	if isResponse(r.start) {
		return r.checkResponse()
	}
	return r.checkRequest()
}

func (r *rawMessage) checkResponse() error {
	version, rest, _ := strings.Cut(r.start, " ")
	code, _, _ := strings.Cut(rest, " ")
	if !strings.EqualFold(version, "SIP/2.0") || len(code) != 3 || code < "100" || code > "699" {
		return refuse(r, 0, "bad status line")
	}
	if _, err := strconv.Atoi(code); err != nil {
		return refuse(r, 0, "bad status code")
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if r.get(name) == "" {
			return refuse(r, 0, "response without "+name)
		}
	}
	if _, _, err := parseCSeq(r.get("CSeq")); err != nil {
		return refuse(r, 0, "bad CSeq")
	}
	return nil
}

func (r *rawMessage) checkRequest() error {
	// RFC 3261 section 7.1: exactly two spaces.
	parts := strings.Split(r.start, " ")
	method := parts[0]
	if !isToken(method) || len(parts) < 3 {
		return refuse(r, 0, "not a request")
	}
	version := parts[len(parts)-1]
	if v := strings.TrimPrefix(strings.ToUpper(version), "SIP/"); v != strings.ToUpper(version) && v != "2.0" {
		return refuse(r, 505, "Version Not Supported")
	}
	if len(parts) != 3 || !strings.EqualFold(version, "SIP/2.0") {
		return refuse(r, 400, "Bad Request Line")
	}
	uri := parts[1]
	scheme, _, ok := strings.Cut(uri, ":")
	switch {
	case len(uri) > maxURILength:
		return refuse(r, 414, "Request-URI Too Long")
	case !ok || strings.ContainsAny(uri, "<>\"\t"):
		return refuse(r, 400, "Bad Request-URI")
	case !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") && !strings.EqualFold(scheme, "tel"):
		return refuse(r, 416, "Unsupported URI Scheme")
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if r.get(name) == "" {
			return refuse(r, 400, "Missing "+name)
		}
		if name != "Via" && r.count(name) > 1 {
			return refuse(r, 400, "Repeated "+name)
		}
	}
	for _, name := range []string{"Max-Forwards", "Content-Type", "Expires"} {
		if r.count(name) > 1 {
			return refuse(r, 400, "Repeated "+name)
		}
	}
	_, cseqMethod, err := parseCSeq(r.get("CSeq"))
	if err != nil {
		return refuse(r, 400, err.Error())
	}
	if cseqMethod != method { // RFC 3261 section 8.1.1.5
		return refuse(r, 400, "CSeq names another method")
	}
	if v := r.get("Max-Forwards"); v != "" {
		if n, err := strconv.ParseUint(v, 10, 32); err != nil || n > 255 {
			return refuse(r, 400, "Bad Max-Forwards")
		}
	}
	if v := r.get("Expires"); v != "" {
		if _, err := strconv.ParseUint(v, 10, 32); err != nil {
			return refuse(r, 400, "Bad Expires")
		}
	}
	return nil
}

// parseCSeq reads "314159 INVITE".
func parseCSeq(v string) (uint32, string, error) {
	number, method, ok := strings.Cut(v, " ")
	method = strings.Trim(method, " \t")
	if i := strings.IndexByte(number, '\t'); !ok && i > 0 {
		number, method, ok = number[:i], strings.Trim(number[i:], " \t"), true
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil || n > maxSequence || !isToken(method) {
		return 0, "", bad("CSeq")
	}
	return uint32(n), method, nil
}

// listed header fields may hold several values in one line.
var listed = []string{"Via", "Contact", "Route", "Record-Route"}

// structured fields have white space around separators that means nothing.
var structured = []string{"Via", "Contact", "Route", "Record-Route", "From", "To"}

// message has the header fields parsed, one value at a time, each in the one form
// that sipgo reads correctly.
func (r *rawMessage) message(parsers sip.HeadersParser) (sip.Message, error) {
	msg, err := parseStart(r.start)
	if err != nil {
		return nil, err
	}
	var line []byte // memory of all lines: what is parsed is copied
	parse := func(name, value string) error {
		// One value needs none of what sipgo does for a line; its parsers do not look at
		// the name. What is wrong, or more than one value, goes the long way.
		if one := parsers[sip.HeaderToLower(name)]; one != nil {
			if h, err := one(nil, strings.TrimSpace(value)); err == nil {
				msg.AppendHeader(h)
				return nil
			}
		}
		line = append(append(append(line[:0], name...), ": "...), value...)
		var few [4]sip.Header
		headers, err := parsers.ParseHeader(few[:0], line)
		if err != nil {
			return errBadRequest
		}
		for _, h := range headers {
			msg.AppendHeader(h)
		}
		return nil
	}
	hops := 0
	for _, f := range r.fields {
		value := f.value
		switch {
		case f.name == "Content-Length" || value == "" && slices.Contains(structured, f.name):
			continue
		case f.name == "CSeq":
			number, method, _ := parseCSeq(value) // it was checked
			msg.AppendHeader(&sip.CSeqHeader{SeqNo: number, MethodName: sip.RequestMethod(method)})
			continue
		case f.name == "Call-ID":
			value = strings.Clone(value) // it is kept for longer than the message, whose text it would keep
		case slices.Contains(structured, f.name):
			values := []string{value}
			if strings.IndexByte(value, ',') >= 0 && slices.Contains(listed, f.name) {
				values = splitList(value)
			}
			for _, v := range values {
				if hops++; hops > 2*maxVia {
					return nil, errors.New("too many hops")
				}
				v, err := tidy(f.name, v)
				if err == nil {
					err = parse(f.name, v)
				}
				if err != nil {
					return nil, err
				}
			}
			continue
		case f.name == "Refer-To" || f.name == "Referred-By":
			if value, err = tidy(f.name, value); err != nil {
				return nil, err
			}
		}
		if _, known := parsers[sip.HeaderToLower(f.name)]; !known {
			msg.AppendHeader(sip.NewHeader(f.name, strings.TrimSpace(value)))
			continue
		}
		if err := parse(f.name, value); err != nil {
			return nil, err
		}
	}
	length := sip.ContentLengthHeader(len(r.body))
	msg.AppendHeader(&length)
	if len(r.body) > 0 {
		msg.SetBody(bytes.Clone(r.body))
	}
	return msg, nil
}

var errBadRequest = errors.New("Bad Request") //nolint:staticcheck // it is told to the sender, as the reason phrase

// parseStart reads a first line that was checked.
func parseStart(start string) (sip.Message, error) {
	first, rest, _ := strings.Cut(start, " ")
	second, last, ok := strings.Cut(rest, " ")
	if !ok || strings.IndexByte(start, '\r') >= 0 {
		return nil, errBadRequest
	}
	if isResponse(start) {
		status, err := strconv.Atoi(second)
		if err != nil {
			return nil, errBadRequest
		}
		res := sip.NewResponse(status, last)
		res.SipVersion = first
		return res, nil
	}
	var uri sip.Uri
	if err := sip.ParseUri(second, &uri); err != nil || uri.Wildcard {
		return nil, errBadRequest
	}
	req := sip.NewRequest(sip.RequestMethod(strings.ToUpper(first)), uri)
	req.SipVersion = last
	return req, nil
}

// tidy removes white space around separators outside quotes and brackets, and
// rejects what is not balanced.
func tidy(name, v string) (string, error) {
	if isTidy(name, v) {
		return v, nil
	}
	return tidyUp(name, v)
}

func tidyUp(name, v string) (string, error) {
	var (
		b       strings.Builder
		quoted  bool
		bracket bool
		brackts int
	)
	b.Grow(len(v))
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case quoted:
			b.WriteByte(c)
			if c == '\\' && i+1 < len(v) {
				i++
				b.WriteByte(v[i])
			} else if c == '"' {
				quoted = false
			}
			continue
		case bracket:
			if c == ' ' || c == '\t' || c == '<' || c == '"' {
				return "", bad(name)
			}
			bracket = c != '>'
		case c == '"':
			quoted = true
		case c == ';' && strings.HasSuffix(b.String(), ";"):
			return "", bad(name)
		case c == 0 || c == ',' || c == '?' && name != "Via" && brackts == 0: // RFC 3261 section 20.10
			return "", bad(name)
		case c == '<':
			bracket = true
			if brackts++; brackts > 1 || name == "Via" {
				return "", bad(name)
			}
		case c == ' ' || c == '\t':
			// Keep a single space, and none before or after a separator.
			next := strings.TrimLeft(v[i:], " \t")
			i = len(v) - len(next) - 1
			if next == "" || strings.IndexByte(";=/,>", next[0]) >= 0 && (name == "Via" || brackts > 0 || next[0] == ';' || next[0] == '=') {
				continue
			}
			if s := b.String(); s == "" || strings.IndexByte(";=/", s[len(s)-1]) >= 0 {
				continue
			}
			if name == "Via" && strings.Count(b.String(), "/") == 2 && strings.HasPrefix(next, ":") {
				continue
			}
			c = ' '
		}
		b.WriteByte(c)
	}
	if quoted || bracket {
		return "", bad(name)
	}
	s := b.String()
	if name == "Via" {
		// "SIP/2.0/UDP host:port": white space inside sent-by is allowed around the colon.
		if proto, sentBy, ok := strings.Cut(s, " "); ok {
			s = proto + " " + strings.ReplaceAll(strings.ReplaceAll(sentBy, " :", ":"), ": ", ":")
		}
	}
	if strings.HasSuffix(s, ";") || s == "" {
		return "", bad(name)
	}
	return s, nil
}

// isTidy finds the values that nearly all senders write, in which there is nothing to
// remove or to reject: <sip:user@host>;tag=x, and SIP/2.0/UDP host:port;branch=x.
func isTidy(name, v string) bool {
	if name == "Via" {
		// Its one space stands behind the protocol; the rest must have none.
		i := strings.IndexByte(v, ' ')
		if i <= 0 || i+1 == len(v) || v[i-1] == '/' || strings.IndexByte(":;=/,>", v[i+1]) >= 0 || strings.ContainsAny(v[:i], ":;<>=\",?\x00\t") {
			return false
		}
		v = v[i+1:]
	}
	brackets, last := 0, byte(';')
	for i := range len(v) {
		c := v[i]
		switch {
		case c == '<' && name != "Via" && i == 0, c == '>' && brackets == 1:
			brackets++
		case c == '<', c == '>', c == ' ', c == '\t', c == '"', c == ',', c == '?', c == 0, c == ';' && last == ';':
			return false
		}
		last = c
	}
	return brackets != 1 && last != ';'
}

// splitList splits at commas outside quotes and brackets.
func splitList(v string) []string {
	var (
		out             []string
		quoted, bracket bool
		from            int
	)
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case c == ',' && !bracket:
			out = append(out, strings.Trim(v[from:i], " \t"))
			from = i + 1
		}
	}
	return append(out, strings.Trim(v[from:], " \t"))
}

// checkParsed looks at what sipgo made of it.
func checkParsed(msg sip.Message) error {
	via := msg.Via()
	switch {
	case via == nil || via.Host == "" || !isToken(via.Transport) || strings.ContainsAny(via.Host, " \t<>\""):
		return bad("Via")
	case !strings.EqualFold(via.ProtocolName, "SIP") || via.ProtocolVersion != "2.0" || via.Port < 0 || via.Port > 65535:
		return bad("Via")
	case msg.From() == nil || badAddress(&msg.From().Address):
		return bad("From")
	case msg.To() == nil || badAddress(&msg.To().Address):
		return bad("To")
	case msg.CallID() == nil || strings.ContainsAny(msg.CallID().Value(), " \t,;"):
		return bad("Call-ID")
	case msg.CSeq() == nil:
		return bad("CSeq")
	}
	if req, ok := msg.(*sip.Request); ok && req.Recipient.Raw() == "" {
		if badAddress(&req.Recipient) || len(req.Recipient.Headers) > 0 { // RFC 3261 section 19.1.5
			return bad("Request-URI")
		}
	}
	for _, h := range msg.GetHeaders("Contact") {
		if c, ok := h.(*sip.ContactHeader); ok && !c.Address.Wildcard && badAddress(&c.Address) {
			return bad("Contact")
		}
	}
	return nil
}

func bad(name string) error { return errors.New("bad " + name) }

func badAddress(u *sip.Uri) bool {
	if u.Raw() != "" {
		return false // a scheme that we do not look into
	}
	return u.Host == "" || u.Port < 0 || u.Port > 65535 || strings.ContainsAny(u.Host, " \t<>\",@")
}

// isToken is RFC 3261's token.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-.!%*_+`'~", c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

// reply answers the message by echoing its raw header fields (RFC 3261 section
// 8.2.6), for messages that could not be parsed.
func (m *malformed) reply(f flow, userAgent string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", m.status, m.reason)
	first := true
	for _, h := range m.raw.fields {
		value := strings.Map(noControl, h.value)
		switch h.name {
		case "Via":
			if first { // RFC 3581 section 4
				value += ";received=" + f.remote.Addr().Unmap().String()
				value = strings.Replace(value, ";rport;", ";rport="+strconv.Itoa(int(f.remote.Port()))+";", 1)
				first = false
			}
			fmt.Fprintf(&b, "Via: %s\r\n", value)
		case "From", "Call-ID", "CSeq":
			fmt.Fprintf(&b, "%s: %s\r\n", h.name, value)
		case "To":
			if !strings.Contains(strings.ReplaceAll(value, " ", ""), ";tag=") {
				value += ";tag=" + sip.GenerateTagN(12)
			}
			fmt.Fprintf(&b, "To: %s\r\n", value)
		}
	}
	for _, h := range m.extra {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	fmt.Fprintf(&b, "Server: %s\r\nContent-Length: 0\r\n\r\n", userAgent)
	return b.Bytes()
}

// noControl keeps what no header field may hold out of what is echoed.
func noControl(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// replyTo is where a response to the raw message goes: the source address, at
// sent-by's port unless rport was asked for (RFC 3261 section 18.2.2, RFC 3581).
func (m *malformed) replyTo(f flow) flow {
	if f.carrier.reliable() {
		return f
	}
	value, err := tidy("Via", splitList(m.raw.get("Via"))[0])
	if err != nil {
		return f
	}
	_, sentBy, _ := strings.Cut(value, " ")
	sentBy, params, _ := strings.Cut(sentBy, ";")
	if slices.Contains(strings.Split(params, ";"), "rport") {
		return f
	}
	_, port, _ := strings.Cut(sentBy[strings.LastIndexByte(sentBy, ']')+1:], ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		n = 5060
	}
	return flow{f.carrier, withPort(f.remote, uint16(n))}
}

func clip(s string) string {
	if len(s) > 32 {
		return s[:32]
	}
	return s
}
