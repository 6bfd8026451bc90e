package number

import (
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// quick reads plain numbers of the plan's country without the library, which takes some
// twenty regular expressions for each: ten microseconds and more of processor, and a file
// may have a million.
//
// The library looks at a number's length, and at its digits by the expressions of its
// metadata. Of the numbers of one length most of those depend on the first few digits
// alone: \d{8} follows. Where that is so for all of them, a number that begins alike is
// read alike, so the library is asked once for each beginning.
type quick struct {
	code    string
	prepare func() *patterns

	mu    sync.RWMutex
	known map[beginning]class // guarded by mu
	zones []string            // of mobile numbers, which are wherever the country is; guarded by mu
}

// beginning is how a number begins. Numbers with and without the country's code differ.
type beginning struct {
	international bool
	length, size  uint8
	digits        uint32
}

type class uint8

const (
	mixed      class = iota + 1 // longer beginnings differ
	unlike                      // the library is asked for each
	subscriber                  // has a normal form
	mobile                      // the same, and may be called at what calls cost
	premium                     // has one, and costs more
	short                       // stays as it is
)

const (
	leastBeginning, mostBeginning = 3, 8
	// maxBeginnings bounds what is remembered: a country has some thousand.
	maxBeginnings = 1 << 16
)

// read is what p.ask gives for dialled; ok false says that it is to be asked.
func (q *quick) read(p Plan, dialled string) (n Number, ok bool) {
	switch c, rest := q.find(p, dialled); c {
	case subscriber, mobile, premium:
		return Number{Text: "+" + q.code + rest, Country: q.code, Home: true, Premium: c == premium}, true
	case short:
		return Number{Text: dialled, Home: true}, true
	default:
		return n, false
	}
}

// mobile tells that a number of normal form is a mobile one of the plan's country, and the
// zones of those; ok false says that the library is to be asked.
func (q *quick) mobile(p Plan, number string) (zones []string, ok bool) {
	if q == nil || !strings.HasPrefix(number, "+") {
		return nil, false
	}
	if c, _ := q.find(p, number); c != mobile {
		return nil, false
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.zones, true
}

// find is what numbers are that begin as dialled does, and dialled without the country's
// code.
func (q *quick) find(p Plan, dialled string) (class, string) {
	rest, international := strings.CutPrefix(dialled, "+"+q.code)
	if len(rest) <= leastBeginning || len(rest) > 15 || rest[0] == '0' || strings.Trim(rest, "0123456789") != "" || !international && strings.HasPrefix(rest, q.code) {
		return unlike, ""
	}
	b := beginning{international: international, length: uint8(len(rest))}
	for i := range min(len(rest), mostBeginning) {
		b.digits, b.size = b.digits*10+uint32(rest[i]-'0'), uint8(i+1)
		if i+1 < leastBeginning {
			continue
		}
		q.mu.RLock()
		c := q.known[b]
		q.mu.RUnlock()
		if c == 0 {
			c = q.learn(p, b, rest, dialled)
		}
		if c != mixed {
			return c, rest
		}
	}
	return unlike, ""
}

// learn tells what numbers are that begin as rest does.
func (q *quick) learn(p Plan, b beginning, rest, dialled string) class {
	c := mixed
	var zones []string
	if q.prepare().alike(rest, int(b.size), b.international) {
		switch n := p.ask(dialled); n {
		case Number{Text: "+" + q.code + rest, Country: q.code, Home: true}:
			c = subscriber
			// A mobile number is a valid one, so how far it is one, and where, is decided by
			// what was looked at.
			parsed, err := phonenumbers.Parse(n.Text, p.region)
			if err == nil && phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE && p.callable(n.Text) {
				c, zones = mobile, Zones(n.Text)
			}
		case Number{Text: "+" + q.code + rest, Country: q.code, Home: true, Premium: true}:
			c = premium
		case Number{Text: dialled, Home: true}:
			c = short
		default:
			c = unlike
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.known) < maxBeginnings {
		q.known[b] = c
	}
	if c == mobile {
		q.zones = zones
	}
	return c
}

// patterns are the expressions by which the library reads a country's numbers.
type patterns struct {
	usable bool
	abroad *syntax.Prog   // what is dialled before another country's code
	trunk  []*syntax.Prog // what is dialled before a number of the country itself
	leads  []*syntax.Prog // by which countries of one code are told apart
	kinds  []*syntax.Prog // of whole numbers
}

// metadata is the library's, which it does not let several goroutines ask for at once.
var metadata = sync.OnceValues(phonenumbers.MetadataCollection)

// patternsOf reads them of the library's metadata: those of all countries that share
// the code.
func patternsOf(region string) *patterns {
	all, err := metadata()
	if err != nil {
		return &patterns{}
	}
	p := &patterns{usable: true}
	country := phonenumbers.GetCountryCodeForRegion(region)
	regions := phonenumbers.GetRegionCodesForCountryCode(country)
	for _, m := range all.GetMetadata() {
		if !slices.Contains(regions, m.GetId()) {
			continue
		}
		if m.GetId() == region {
			p.abroad = p.compile(m.GetInternationalPrefix())
		}
		if m.GetId() == region || m.GetId() == phonenumbers.GetRegionCodeForCountryCode(country) {
			p.trunk = p.add(p.trunk, m.GetNationalPrefixForParsing())
		}
		p.leads = p.add(p.leads, m.GetLeadingDigits())
		for _, d := range []*phonenumbers.PhoneNumberDesc{
			m.GetGeneralDesc(), m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(), m.GetPersonalNumber(),
			m.GetPager(), m.GetUan(), m.GetVoicemail(), m.GetFixedLine(), m.GetMobile(),
		} {
			p.kinds = p.add(p.kinds, d.GetNationalNumberPattern())
		}
	}
	p.usable = p.usable && p.abroad != nil
	return p
}

func (p *patterns) add(list []*syntax.Prog, pattern string) []*syntax.Prog {
	if pattern == "" {
		return list
	}
	return append(list, p.compile(pattern))
}

func (p *patterns) compile(pattern string) *syntax.Prog {
	re, err := syntax.Parse("(?:"+pattern+")", syntax.Perl)
	if err != nil {
		p.usable = false
		return nil
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || slices.ContainsFunc(prog.Inst, func(i syntax.Inst) bool { return i.Op == syntax.InstEmptyWidth }) {
		p.usable = false
		return nil
	}
	return prog
}

// alike tells whether all numbers that are as long as rest and have its first size digits
// are read alike.
func (p *patterns) alike(rest string, size int, international bool) bool {
	if !p.usable {
		return false
	}
	first, left := rest[:size], len(rest)-size
	if !international && leads(p.abroad, first) != never {
		return false
	}
	for _, t := range p.trunk {
		if leads(t, first) != never {
			return false
		}
	}
	for _, l := range p.leads {
		if leads(l, first) == perhaps {
			return false
		}
	}
	for _, k := range p.kinds {
		if !decided(k, first, left) {
			return false
		}
	}
	return true
}

type verdict uint8

const (
	never verdict = iota
	always
	perhaps
)

// leads tells whether an expression matches the beginning of numbers whose first digits
// are these.
func leads(prog *syntax.Prog, first string) verdict {
	at := start(prog)
	for i := 0; ; i++ {
		switch {
		case matches(prog, at):
			return always
		case len(at) == 0:
			return never
		case i == len(first):
			return perhaps
		}
		at = step(prog, at, rune(first[i]))
	}
}

// decided tells whether an expression matches all or none of the whole numbers whose first
// digits are these and are followed by left more.
func decided(prog *syntax.Prog, first string, left int) bool {
	at := start(prog)
	for _, d := range first {
		at = step(prog, at, d)
	}
	// Whatever digit follows must lead to one state.
	for range left {
		if len(at) == 0 {
			return true
		}
		next := step(prog, at, '0')
		for d := '1'; d <= '9'; d++ {
			if !slices.Equal(step(prog, at, d), next) {
				return false
			}
		}
		at = next
	}
	return true
}

// A state of an expression is the instructions that it may be at, in order.
type state []uint32

func start(prog *syntax.Prog) state { return reach(prog, nil, uint32(prog.Start)) }

func step(prog *syntax.Prog, at state, digit rune) (next state) {
	for _, pc := range at {
		if i := &prog.Inst[pc]; i.Op != syntax.InstMatch && i.MatchRune(digit) {
			next = reach(prog, next, i.Out)
		}
	}
	return next
}

// reach adds what is reached from pc without a digit.
func reach(prog *syntax.Prog, at state, pc uint32) state {
	switch i := &prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return reach(prog, reach(prog, at, i.Out), i.Arg)
	case syntax.InstCapture, syntax.InstNop:
		return reach(prog, at, i.Out)
	case syntax.InstFail:
		return at
	default:
		if n, found := slices.BinarySearch(at, pc); !found {
			at = slices.Insert(at, n, pc)
		}
		return at
	}
}

func matches(prog *syntax.Prog, at state) bool {
	return slices.ContainsFunc(at, func(pc uint32) bool { return prog.Inst[pc].Op == syntax.InstMatch })
}
