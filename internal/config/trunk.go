package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/internal/strict"
)

// Trunk is one carrier. In the environment HOTLINE_TRUNKS lists the names, and each
// trunk's keys follow its name: HOTLINE_TRUNKS_TELECOM_PASSWORD. Keys without a
// variable stand in the file only.
type Trunk struct {
	// Its name: small letters, digits and underscores. The console, logs and
	// metrics show it.
	Name string `yaml:"name"`
	// How the carrier knows us: register (an account that we register) or static
	// (our address).
	Kind string `yaml:"kind"`
	// The carrier's servers, sip:HOST[:PORT][;transport=tcp], the most wanted
	// first. A host without a port is looked up by NAPTR and SRV; when one fails the next
	// is taken.
	Proxy []string `yaml:"proxy"`
	// The domain of the account and of called numbers. Empty: the first server's.
	Domain string `yaml:"domain"`
	// The account.
	User string `yaml:"user"`
	// The name to sign in with, where it is another than the account.
	AuthUser string `yaml:"auth_user"`
	// The account's password.
	Password Secret `yaml:"password"`
	// The name of a variable that holds the password, where it is to be another
	// than the one in this table.
	PasswordEnv string `yaml:"password_env"`
	// How long a registration is asked for. The carrier may give less.
	Expires time.Duration `yaml:"expires"`
	// Addresses and networks that this carrier's calls come from, beside its
	// servers: 203.0.113.0/24, 2001:db8::5. Whoever calls from there is the carrier,
	// so 0.0.0.0/0 is refused.
	Addresses []string `yaml:"addresses"`
	// Which line answers which number: number=line, in the file {"02112345678": hotline}.
	// A number may be written in any form, be the beginning of several, or be * for
	// the rest, but for the numbers of the test lines (9196 to 9198). A line is given by
	// its name or one of its numbers.
	Inbound Table `yaml:"inbound"`
	// Which numbers go out this way; the longest match of all trunks is taken.
	// Without any, no calls go out.
	Outbound []OutboundRule `yaml:"outbound"`
	// The number shown for calls out. Empty: the account.
	CallerNumber string `yaml:"caller_number"`
	// Numbers that may be shown beside it; one that ends in * stands for all that
	// begin so.
	CallerNumbers []string `yaml:"caller_numbers"`
	// Where the carrier wants the caller's number: pai (From and
	// P-Asserted-Identity), from (From alone), account (P-Asserted-Identity, with
	// the account in From) or rpid (From and Remote-Party-ID).
	CallerStyle string `yaml:"caller_style"`
	// Calls at once, in and out. 0: no limit.
	Channels int `yaml:"channels"`
	// Calls out that may begin in a second. 0: no limit.
	CallsPerSecond float64 `yaml:"calls_per_second"`
	// Among trunks whose rules fit alike the lowest is taken first.
	Priority int `yaml:"priority"`
	// The price of a started minute by the beginning of the number: +86=0.1,+1=2.
	// The unit is yours; outbound.max_spend_per_day counts in it.
	Costs Prices `yaml:"costs"`
	// How often the carrier is asked (OPTIONS) whether it is there. 0: never.
	OptionsInterval time.Duration `yaml:"options_interval"`
	// Codecs for this carrier, the most wanted first: PCMA, PCMU, G722, opus. Empty:
	// as usual.
	Codecs []string `yaml:"codecs"`
	// How keys are sent and heard: auto (RFC 4733 where the carrier takes it, as tones
	// where not; INFO is always heard), info (sent by INFO) or inband (as tones in the
	// sound).
	DTMF string `yaml:"dtmf"`
}

// OutboundRule sends numbers to a trunk.
type OutboundRule struct {
	// The beginning of the number in normal form: +8621; 955 for short numbers; ""
	// for any.
	Match string `yaml:"match"`
	// How many characters are taken from its front, the + counted.
	Strip int `yaml:"strip"`
	// What is put in front then.
	Add string `yaml:"add"`
}

// Outbound is the guard against toll fraud: which numbers may be called through
// trunks, how often and for how much. Counts survive a restart.
type Outbound struct {
	// The country whose numbers may be written without a code, by its two letters.
	Country string `yaml:"country"`
	// Beginnings of numbers that may be called: +86, or 110 for a short number.
	// Empty: those that the trunks' outbound rules name. Numbers of other countries
	// must be named with their code (+1), premium numbers with three digits more.
	Allow []string `yaml:"allow"`
	// Beginnings of numbers that may not be called; the longest of allow and deny
	// counts.
	Deny []string `yaml:"deny"`
	// Calls out in a minute. 0: no limit, here as below.
	MaxCallsPerMinute int `yaml:"max_calls_per_minute"`
	// Calls out in a day.
	MaxCallsPerDay int `yaml:"max_calls_per_day"`
	// Minutes of calls out in a day. A call that is in progress when they are used
	// up goes on.
	MaxMinutesPerDay int `yaml:"max_minutes_per_day"`
	// What calls out may cost in a day, in the unit of the trunks' costs.
	MaxSpendPerDay float64 `yaml:"max_spend_per_day"`
	// Calls to one number in an hour.
	MaxSameNumberPerHour int `yaml:"max_same_number_per_hour"`
	// The longest call out; it is ended then.
	MaxCall time.Duration `yaml:"max_call"`
	// When calls out may begin, in the machine's time zone: 08:00-20:30. Empty:
	// always.
	Hours []string `yaml:"hours"`
}

// DefaultTrunk is a trunk of which only the name is known.
func DefaultTrunk() Trunk {
	return Trunk{Kind: "register", Expires: 5 * time.Minute, CallerStyle: "pai", OptionsInterval: 30 * time.Second, DTMF: "auto"}
}

// Table is text by name: "+862112345678=hotline,*=english".
type Table map[string]string

// String is the form that UnmarshalText reads.
func (t Table) String() string {
	var parts []string
	for k, v := range t {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// UnmarshalText reads name=text pairs.
func (t *Table) UnmarshalText(text []byte) error {
	out := Table{}
	for _, f := range fields(string(text), ",") {
		k, v, ok := strings.Cut(f, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		if _, twice := out[k]; twice || !ok || k == "" || v == "" {
			return fmt.Errorf("read %q: write name=value, each name once", f)
		}
		out[k] = v
	}
	*t = out
	return nil
}

// Want implements the wording of errors.
func (*Table) Want() string { return "a list like NUMBER=LINE,NUMBER=LINE" }

// Prices are numbers by name: "+86=0.1,+1=2".
type Prices map[string]float64

// String is the form that UnmarshalText reads.
func (p Prices) String() string {
	t := Table{}
	for k, v := range p {
		t[k] = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return t.String()
}

// UnmarshalText reads name=number pairs.
func (p *Prices) UnmarshalText(text []byte) error {
	var t Table
	if err := t.UnmarshalText(text); err != nil {
		return err
	}
	out := Prices{}
	for k, v := range t {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || n < 0 || n > 1e9 {
			return fmt.Errorf("read %q: it is no price", v)
		}
		out[k] = n
	}
	*p = out
	return nil
}

// Want implements the wording of errors.
func (*Prices) Want() string { return "a list like +86=0.1,+1=2" }

// trunksEnv is the variable that lists the trunks.
const trunksEnv = Prefix + "TRUNKS"

// TrunkSettings are the keys of one trunk that a variable can set.
func (c *Config) TrunkSettings(name string) []Setting {
	i := slices.IndexFunc(c.Trunks, func(t Trunk) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	var out []Setting
	walk(reflect.ValueOf(&c.Trunks[i]).Elem(), "trunks."+name, &out)
	return slices.DeleteFunc(out, func(s Setting) bool { return s.Key == "trunks."+name+".name" || s.rules() })
}

// rules tells a setting that only the file can hold.
func (s Setting) rules() bool {
	t := s.field.Type()
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// readTrunks fills the entries one by one over the defaults; decoded with the rest
// they would start from nothing.
func (l *loader) readTrunks(root *strict.Node, base string) {
	k, ok := take(root, "trunks")
	if !ok || k.Value.Kind == strict.Null {
		return
	}
	items := k.Value.Items
	switch k.Value.Kind {
	case strict.Mapping:
		items = []*strict.Node{k.Value}
	case strict.Sequence:
	default:
		l.fail(l.at(k.Line), "trunks: a list of trunks is wanted, each with a name")
		return
	}
	for i, item := range items {
		t := DefaultTrunk()
		at := fmt.Sprintf("trunks[%d]", i)
		name, _ := find(item, "name")
		if name.Value != nil && name.Value.Text != "" {
			at = "trunks." + name.Value.Text
		}
		var secret Secret
		if k, ok := take(item, "password_file"); ok {
			var err error
			if secret, err = readSecret(under(base, k.Value.Text)); err != nil {
				l.fail(l.at(k.Line), fmt.Sprintf("%s.password_file: %v", at, err))
			}
		}
		if k, ok := find(item, "password"); ok && k.Value.Text != "" {
			take(item, "password")
			own := ""
			if name.Value != nil {
				own = name.Value.Text
			}
			l.fail(l.at(k.Line), at+".password is a secret and must not stand in this file; put it into the variable "+
				trunkEnv(own, "password")+", or into a file of its own named by password_file")
		}
		problems, lines := item.Decode(&t)
		for _, p := range problems {
			p.Path = strings.TrimSuffix(strict.Join(at, p.Path), ".")
			l.fail(l.at(p.Line), p.String())
		}
		if secret != "" {
			t.Password = secret
		}
		l.trunkLines = append(l.trunkLines, trunkLines{name: t.Name, at: at, lines: lines, line: item.Line})
		l.config.Trunks = append(l.config.Trunks, t)
	}
}

// trunkLines tell where a trunk's keys stand in the file.
type trunkLines struct {
	name, at string
	lines    strict.Lines
	line     int
}

func trunkEnv(name, key string) string {
	return Prefix + "TRUNKS_" + strings.ToUpper(cmp.Or(name, "NAME")) + "_" + strings.ToUpper(key)
}

// environTrunks makes the trunks that HOTLINE_TRUNKS names beside those of the file,
// and tells the settings of all of them.
func (l *loader) environTrunks(environ []string) (known []Setting) {
	for _, kv := range environ {
		value, ok := strings.CutPrefix(kv, trunksEnv+"=")
		if !ok {
			continue
		}
		for _, name := range fields(value, ",") {
			if !slices.ContainsFunc(l.config.Trunks, func(t Trunk) bool { return t.Name == name }) {
				t := DefaultTrunk()
				t.Name = name
				l.config.Trunks = append(l.config.Trunks, t)
			}
		}
	}
	for _, t := range l.config.Trunks {
		known = append(known, l.config.TrunkSettings(t.Name)...)
	}
	return known
}

// trunkPasswords fetches those that stand in variables of other names.
func (l *loader) trunkPasswords(environ []string) {
	for i := range l.config.Trunks {
		t := &l.config.Trunks[i]
		if t.PasswordEnv == "" {
			continue
		}
		j := slices.IndexFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, t.PasswordEnv+"=") })
		if j < 0 {
			l.fail("", fmt.Sprintf("trunks.%s.password_env: the variable %s is not set", t.Name, t.PasswordEnv))
			continue
		}
		t.Password = Secret(strings.TrimPrefix(environ[j], t.PasswordEnv+"="))
	}
}

// checkTrunks refuses trunks that could only fail later.
func (l *loader) checkTrunks() {
	seen := map[string]bool{}
	for i := range l.config.Trunks {
		t := &l.config.Trunks[i]
		where := trunkLines{at: "trunks." + cmp.Or(t.Name, strconv.Itoa(i+1))}
		if i < len(l.trunkLines) {
			where = l.trunkLines[i]
		}
		bad := func(key, format string, args ...any) {
			place := ""
			if where.lines != nil {
				line := where.lines.Of(key)
				if _, ok := where.lines[key]; !ok {
					line = where.line
				}
				place = l.at(line)
			}
			l.fail(place, where.at+"."+key+": "+fmt.Sprintf(format, args...))
		}
		switch {
		case t.Name == "":
			bad("name", "is missing")
		case strings.Trim(t.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			bad("name", "%q has other than small letters, digits and underscores", t.Name)
		case seen[t.Name]:
			bad("name", "%q is another trunk's already", t.Name)
		}
		seen[t.Name] = true
		t.check(bad)
	}
}

// TrunkProblem is what is wrong with a key of a trunk.
type TrunkProblem struct{ Key, Text string }

// Problems are what is wrong with a trunk that stands in no file.
func (t *Trunk) Problems() []TrunkProblem {
	var out []TrunkProblem
	t.check(func(key, format string, args ...any) {
		out = append(out, TrunkProblem{key, fmt.Sprintf(format, args...)})
	})
	return out
}

// check refuses what is wrong in one trunk.
func (t *Trunk) check(bad func(key, format string, args ...any)) {
	oneOf(bad, "kind", &t.Kind, "register", "static")
	oneOf(bad, "caller_style", &t.CallerStyle, "pai", "from", "account", "rpid")
	oneOf(bad, "dtmf", &t.DTMF, "auto", "info", "inband")
	if len(t.Proxy) == 0 {
		bad("proxy", "is missing; name the carrier's server, sip:HOST")
	}
	for _, p := range t.Proxy {
		if why := wrongProxy(p); why != "" {
			bad("proxy", "%q %s; write sip:HOST[:PORT][;transport=tcp]", p, why)
		}
	}
	if t.Kind == "register" {
		if t.User == "" {
			bad("user", "is missing; a registration needs the account's name")
		}
		if t.Password == "" {
			bad("password", "is missing; put it into the variable %s, or name a file by password_file", trunkEnv(t.Name, "password"))
		}
	}
	for _, a := range t.Addresses {
		switch p, err := Network(a); {
		case err != nil:
			bad("addresses", "%q is neither an address nor a network such as 203.0.113.0/24", a)
		case p.Bits() < widest(p):
			bad("addresses", "%q is so wide that strangers would be the carrier: their calls would take its lines and be believed who calls; name the carrier's own addresses, or leave it empty, its servers are known", a)
		}
	}
	for i, r := range t.Outbound {
		key := fmt.Sprintf("outbound[%d]", i)
		if strings.Trim(strings.TrimPrefix(r.Match, "+"), "0123456789*#") != "" {
			bad(key+".match", "%q is no beginning of a number in normal form; write +8621, or 955 for short numbers", r.Match)
		}
		if r.Strip < 0 || r.Strip > len(r.Match) {
			bad(key+".strip", "%d is more than the %d characters of match", r.Strip, len(r.Match))
		}
		if strings.Trim(r.Add, "+0123456789*#") != "" {
			bad(key+".add", "%q is no part of a number", r.Add)
		}
	}
	for prefix, price := range t.Costs {
		if price < 0 || strings.Trim(strings.TrimPrefix(prefix, "+"), "0123456789") != "" {
			bad("costs", "%q=%v is no price of numbers; write +86=0.1", prefix, price)
		}
	}
	if t.Channels < 0 {
		bad("channels", "%d is negative", t.Channels)
	}
	if t.CallsPerSecond < 0 {
		bad("calls_per_second", "%v is negative", t.CallsPerSecond)
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"expires", t.Expires}, {"options_interval", t.OptionsInterval}} {
		if d.value < 0 || d.value > 0 && d.value < time.Second || d.key == "expires" && d.value == 0 {
			bad(d.key, "%v is too short", d.value)
		}
	}
	for _, c := range t.Codecs {
		if !knownCodec(c) {
			bad("codecs", "%q is none of PCMA, PCMU, G722, opus", c)
		}
	}
}

// wrongProxy says what is wrong with a carrier's server, "" where nothing is.
func wrongProxy(p string) string {
	rest, encrypted := strings.CutPrefix(strings.ToLower(p), "sips:")
	rest = strings.TrimPrefix(rest, "sip:")
	server, params, _ := strings.Cut(rest, ";")
	host := server
	if strings.ContainsAny(server, "/@<>\"' \t%,?") {
		return "is no server"
	}
	if i := strings.LastIndexByte(server, ':'); i >= 0 && (strings.Count(server, ":") == 1 || strings.HasSuffix(server[:i], "]")) {
		host = server[:i]
		if n, err := strconv.ParseUint(server[i+1:], 10, 16); err != nil || n == 0 {
			return "has no usable port"
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok || strings.Contains(host, ":") {
		if a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); !ok || err != nil || !a.Is6() {
			return "is no server, IPv6 addresses stand in brackets"
		}
	} else if host == "" || strings.ContainsAny(host, "[]") {
		return "is no server"
	}
	for param := range strings.SplitSeq(params, ";") {
		switch name, value, _ := strings.Cut(param, "="); {
		case name != "transport":
		case !slices.Contains([]string{"udp", "tcp", "tls"}, value):
			return "has a transport that is none of udp, tcp, tls"
		case encrypted && value == "udp":
			return "wants TLS (sips:) over udp"
		}
	}
	return ""
}

// widest is how many bits a carrier's network has at least: no carrier has more than
// 10.0.0.0/8, or than fc00::/7.
func widest(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 8
	}
	return 7
}

// Network reads an address or a network.
func Network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// checkOutbound refuses what is wrong in the policy.
func (l *loader) checkOutbound(bad func(key, format string, args ...any)) {
	o := l.config.Outbound
	if len(o.Country) != 2 || strings.ToUpper(o.Country) != o.Country {
		bad("outbound.country", "%q is no country; write two capital letters, CN say", o.Country)
	}
	for key, list := range map[string][]string{"allow": o.Allow, "deny": o.Deny} {
		for _, p := range list {
			if p == "" || strings.Trim(strings.TrimPrefix(p, "+"), "0123456789*#") != "" {
				bad("outbound."+key, "%q is no beginning of a number; write +8621, or 955 for short numbers", p)
			}
		}
	}
	for _, n := range []struct {
		key   string
		value float64
	}{
		{"max_calls_per_minute", float64(o.MaxCallsPerMinute)},
		{"max_calls_per_day", float64(o.MaxCallsPerDay)},
		{"max_minutes_per_day", float64(o.MaxMinutesPerDay)},
		{"max_spend_per_day", o.MaxSpendPerDay},
		{"max_same_number_per_hour", float64(o.MaxSameNumberPerHour)},
	} {
		if n.value < 0 {
			bad("outbound."+n.key, "%v is negative", n.value)
		}
	}
	for _, h := range o.Hours {
		if _, _, err := ClockHours(h); err != nil {
			bad("outbound.hours", "%q is no part of a day; write 08:00-20:30", h)
		}
	}
}

// ClockHours reads "08:00-20:30" as times since midnight.
func ClockHours(text string) (from, to time.Duration, err error) {
	a, b, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, fmt.Errorf("read hours %q: want FROM-TO", text)
	}
	read := func(s string) (time.Duration, error) {
		s = strings.TrimSpace(s)
		if s == "24:00" {
			return 24 * time.Hour, nil
		}
		t, err := time.Parse("15:04", s)
		if err != nil {
			return 0, fmt.Errorf("read hours %q: %w", text, err)
		}
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
	}
	if from, err = read(a); err != nil {
		return 0, 0, err
	}
	to, err = read(b)
	return from, to, err
}
