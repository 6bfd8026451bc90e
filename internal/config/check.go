package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// check refuses values that could only fail later, in words of the key.
func (l *loader) check() {
	c := l.config
	bad := func(key, format string, args ...any) {
		l.fail("", key+": "+fmt.Sprintf(format, args...))
	}
	if err := hostPort(c.HTTP.Listen, true); err != nil {
		bad("http.listen", "%q %v; write :PORT or ADDRESS:PORT", c.HTTP.Listen, err)
	}
	if a := c.Log.Profile; a != "" {
		if at, err := netip.ParseAddrPort(a); err != nil || !at.Addr().IsLoopback() {
			bad("log.profile", "%q is no loopback address; whoever reads a profile sees what the server does, write 127.0.0.1:PORT", a)
		}
	}
	l.checkSIP(bad)
	if a := c.SIP.PublicAddr; a != "" {
		if err := publicAddr(a); err != nil {
			bad("sip.public_addr", "%q %v; write the host or host:port that the outside sees", a, err)
		}
	}
	if a := c.RTP.PublicAddr; a != "" && net.ParseIP(a) == nil {
		bad("rtp.public_addr", "%q is not an IP address; sound needs one", a)
	}
	switch {
	case c.RTP.Low < 1024 || c.RTP.High > 65535:
		bad("rtp.low", "ports %d–%d are out of range; take them from 1024–65535", c.RTP.Low, c.RTP.High)
	case c.RTP.Low%2 != 0:
		bad("rtp.low", "%d is odd; sound takes even ports and the next one for its reports", c.RTP.Low)
	case c.RTP.High-c.RTP.Low < 1:
		bad("rtp.high", "%d is not above rtp.low %d; each call takes two ports", c.RTP.High, c.RTP.Low)
	}
	switch p := c.RTP.WebRTCPort; {
	case p < 0 || p > 65535:
		bad("rtp.webrtc_port", "%d is no port; take one from 1024–65535, or 0", p)
	case p >= c.RTP.Low && p <= c.RTP.High:
		bad("rtp.webrtc_port", "%d lies between rtp.low and rtp.high, which telephones use", p)
	}
	if pairs := (c.RTP.High - c.RTP.Low + 1) / 2; c.Call.MaxCalls > pairs && pairs > 0 {
		bad("call.max_calls", "%d calls need %d ports, rtp.low to rtp.high are %d", c.Call.MaxCalls, 2*c.Call.MaxCalls, 2*pairs)
	}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"call.max_calls", c.Call.MaxCalls},
		{"speech.workers", c.Speech.Workers},
		{"speech.threads", c.Speech.Threads},
		{"privacy.recordings", c.Privacy.Recordings},
		{"privacy.transcripts", c.Privacy.Transcripts},
		{"privacy.calls", c.Privacy.Calls},
		{"privacy.tickets", c.Privacy.Tickets},
		{"privacy.audit", c.Privacy.Audit},
		{"privacy.key_age", c.Privacy.KeyAge},
	} {
		if n.value < 0 {
			bad(n.key, "%d is negative", n.value)
		}
	}
	for _, s := range l.settings {
		if d, ok := s.field.Interface().(interface{ Nanoseconds() int64 }); ok && d.Nanoseconds() < 0 {
			bad(s.Key, "a negative length of time")
		}
	}
	if c.Speech.Threads == 0 {
		c.Speech.Threads = 1
	}
	for i, u := range c.Speech.URLs {
		if strings.HasPrefix(u, "ws://") || strings.HasPrefix(u, "wss://") {
			u = strings.Replace(u, "ws", "http", 1) // a FunASR server
		}
		if err := httpURL(u); err != nil {
			bad("speech.urls", "the %d. address %v", i+1, err)
		}
	}
	if u := c.LLM.BaseURL; u != "" {
		if err := httpURL(u); err != nil {
			bad("llm.base_url", "it %v", err)
		}
		if c.LLM.Model == "" {
			bad("llm.model", "is missing; name the model that %s serves", u)
		}
	}
	for i, u := range c.LLM.FallbackURLs {
		if err := httpURL(u); err != nil {
			bad("llm.fallback_urls", "the %d. address %v", i+1, err)
		}
	}
	if c.LLM.BaseURL == "" && len(c.LLM.FallbackURLs) > 0 {
		bad("llm.fallback_urls", "there is nothing to fall back from; set llm.base_url")
	}
	if n := len(c.LLM.FallbackModels); n > 1 && n != len(c.LLM.FallbackURLs) {
		bad("llm.fallback_models", "%d names for %d addresses; name one for each, or one for all", n, len(c.LLM.FallbackURLs))
	}
	if c.LLM.CallRequests < 0 || c.LLM.CallTokens < 0 {
		bad("llm.call_requests", "a call cannot ask less than never; llm.call_tokens neither")
	}
	if u := c.Database.URL.Reveal(); u != "" && !strings.HasPrefix(u, "sqlite:") && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		bad("database.url", "neither sqlite:PATH nor postgres://…")
	}
	l.checkTrunks()
	l.checkOutbound(bad)
	l.checkCampaigns(bad)
	if c.Data.Dir == "" {
		bad("data.dir", "is empty; name a folder")
	}
	if len(c.Business) == 0 {
		bad("business", "no folder; name at least one, examples/retail-zh say")
	}
	oneOf(bad, "rtp.srtp", &c.RTP.SRTP, "optional", "required", "off")
	oneOf(bad, "rtp.key_tones", &c.RTP.KeyTones, "auto", "always", "never")
	if len(c.RTP.Codecs) == 0 {
		bad("rtp.codecs", "no codec; name at least PCMA, which every telephone has")
	}
	for _, name := range c.RTP.Codecs {
		if !knownCodec(name) {
			bad("rtp.codecs", "%q is none of PCMA, PCMU, opus, G722", name)
		}
	}
	for _, p := range []struct {
		key   string
		value int
	}{{"overload.cpu", c.Overload.CPU}, {"overload.memory", c.Overload.Memory}} {
		if p.value < 10 || p.value > 100 {
			bad(p.key, "%d is no share from 10 to 100 percent", p.value)
		}
	}
	if c.Guard.CallsPerSecond < 1 {
		bad("guard.calls_per_second", "%d shuts every stranger out; take at least 1", c.Guard.CallsPerSecond)
	}
	if n := c.Guard.MessagesPerSecond; n != 0 && n < 100 {
		bad("guard.messages_per_second", "%d is too few for telephones to register; take at least 100, or 0 for 2,000 per processor", n)
	}
	if c.Guard.HalfOpen < 1 || c.Guard.HalfOpenAll < 2 {
		bad("guard.half_open", "%d and %d of all shut callers out; take at least 1 and 2", c.Guard.HalfOpen, c.Guard.HalfOpenAll)
	}
	for _, text := range c.Guard.Trusted {
		if _, err := Network(text); err != nil {
			bad("guard.trusted", "%q is neither an address nor a network such as 192.0.2.0/24", text)
		}
	}
	oneOf(bad, "log.level", &c.Log.Level, "debug", "info", "warn", "error")
	oneOf(bad, "log.format", &c.Log.Format, "text", "json")
}

func knownCodec(name string) bool {
	return slices.ContainsFunc([]string{"PCMA", "PCMU", "G722", "opus"}, func(known string) bool { return strings.EqualFold(known, name) })
}

func oneOf(bad func(key, format string, args ...any), key string, value *string, known ...string) {
	*value = strings.ToLower(*value)
	if !slices.Contains(known, *value) {
		bad(key, "%q is none of %s", *value, strings.Join(known, ", "))
	}
}

func hostPort(a string, listen bool) error {
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		return fmt.Errorf("is not host:port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || n == 0 && !listen {
		return fmt.Errorf("has no usable port")
	}
	if strings.ContainsAny(host, " /@") {
		return fmt.Errorf("has no usable host")
	}
	return nil
}

func publicAddr(a string) error {
	if net.ParseIP(a) != nil {
		return nil
	}
	if strings.Contains(a, ":") {
		return hostPort(a, false)
	}
	if strings.ContainsAny(a, " /@") {
		return fmt.Errorf("is not a host")
	}
	return nil
}

// httpURL says what is wrong with an address without repeating it: it may carry a
// password.
func httpURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("is not a URL")
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return fmt.Errorf("has no host")
		}
	case "unix":
		if u.Path == "" && u.Opaque == "" {
			return fmt.Errorf("has no socket path; write unix:/run/hotline/speech.sock")
		}
	default:
		return fmt.Errorf("begins with none of http://, https:// and unix:/")
	}
	return nil
}
