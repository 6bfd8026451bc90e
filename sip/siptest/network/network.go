// Package network is a telephone network to try campaigns against: thousands of numbers
// that answer, ring out, are busy, have a voicemail, say no. It speaks SIP and RTP over
// real loopback sockets, and shares nothing with what is tried but G.711's tables.
//
// # Concepts
//
// A [Network] is one carrier's address, to which a trunk points. What a number does is
// its [Manner], drawn from its digits and a seed: the same in each run. What it says is
// made by [Config].Say; what it hears it takes for words where it is loud and for their
// end where it is quiet again, so that it speaks when it is its turn. Each call that came
// is kept as a [Call], to be compared with what the other side has on record.
//
// # Concurrency
//
// A Network may be used by several goroutines. One reads the signalling; each call that is
// answered, or heard before, has one that sends and acts and one that listens. Close ends
// all of them and waits.
package network

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/sip/siptest"
)

// Manner is what a number does when it is called.
type Manner string

// The manners.
const (
	Talks       Manner = "talks"        // answers, hears the bot out, agrees or only takes leave
	Keys        Manner = "keys"         // answers, and agrees by pressing 1
	RingsOut    Manner = "rings_out"    // rings until it is given up
	Busy        Manner = "busy"         // 486
	Declines    Manner = "declines"     // rings a little, 603
	Missing     Manner = "missing"      // 404
	Announces   Manner = "announces"    // the carrier says in early media why not, and refuses
	Voicemail   Manner = "voicemail"    // greets, beeps, records
	Fax         Manner = "fax"          // answers with CED
	HangsUp     Manner = "hangs_up"     // answers and hangs up at once
	SaysNo      Manner = "says_no"      // wants to be called no more
	PressesNo   Manner = "presses_no"   // the same by key 9
	AsksLater   Manner = "asks_later"   // wants to be called at three in the afternoon
	AsksPerson  Manner = "asks_person"  // wants to talk to a person
	WrongPerson Manner = "wrong_person" // somebody else has the number
	Silent      Manner = "silent"       // answers and says nothing
	Screens     Manner = "screens"      // an assistant asks who calls
)

// Manners are all of them.
func Manners() []Manner { return slices.Sorted(maps.Keys(usual)) }

// usual is how often a number is of a manner, of 100.
var usual = map[Manner]int{
	Talks: 24, Keys: 4, RingsOut: 16, Busy: 9, Declines: 5, Missing: 4, Announces: 8, Voicemail: 8, Fax: 1, HangsUp: 4,
	SaysNo: 4, PressesNo: 2, AsksLater: 3, AsksPerson: 2, WrongPerson: 2, Silent: 2, Screens: 2,
}

// Config is how a network behaves. The zero value is one whose people are mute.
type Config struct {
	Seed uint64
	// Mix are the shares of the manners; nil is a usual mix.
	Mix map[Manner]int
	// Manner decides for a number, and the how-manieth call to it, from 1; "" leaves it to
	// the mix. nil: all are left to it.
	Manner func(number string, call int) Manner
	// Language is the numbers': "zh", "en"; nil is "zh" for +86 and else "en".
	Language func(number string) string
	// Say is the sound of a text at 8 kHz; nil: nobody says anything.
	Say func(text string) []int16
	// Ring is about how long it rings before somebody answers; default 600 ms.
	Ring time.Duration
	// Longest is how long anybody stays on the line; default 40 s.
	Longest time.Duration
}

// Call is one call that the network was asked for, in the order of the requests.
type Call struct {
	CallID   string    `json:"call_id"` // SIP's
	Number   string    `json:"number"`
	Manner   Manner    `json:"manner"`
	Nth      int       `json:"nth"` // of the calls to the number
	At       time.Time `json:"at"`  // the INVITE came
	Rang     bool      `json:"rang,omitempty"`
	Status   int       `json:"status,omitempty"` // final
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	By       string    `json:"by,omitempty"` // who ended it: "caller", "callee", "lost"
	Said     []string  `json:"said,omitempty"`
	Keyed    string    `json:"keyed,omitempty"`
	// FirstVoice is from the answer to the first sound of a voice, HeardMS how much of it
	// there was.
	FirstVoiceMS int64 `json:"first_voice_ms,omitempty"`
	HeardMS      int64 `json:"heard_ms,omitempty"`
	// AfterBeepMS is how much a voicemail has recorded; BeforeBeepMS how much was said
	// over its greeting.
	AfterBeepMS  int64 `json:"after_beep_ms,omitempty"`
	BeforeBeepMS int64 `json:"before_beep_ms,omitempty"`
}

// Trouble is how the network fails as a whole.
type Trouble int

// The troubles.
const (
	Well    Trouble = 0
	Mute    Trouble = -1  // nothing is answered
	Refuses Trouble = 503 // any other status refuses each call with it
)

// Network is the carrier and its telephones.
type Network struct {
	cfg   Config
	total int
	conn  *net.UDPConn
	wg    sync.WaitGroup
	shut  chan struct{}

	mu      sync.Mutex // guards what follows
	trouble Trouble
	calls   []*line
	by      map[string]*line // by Call-ID
	nth     map[string]int
	open    int
	most    int
}

// Start opens a network on a loopback port of the kernel's choice, until Close.
func Start(cfg Config) (*Network, error) {
	if cfg.Mix == nil {
		cfg.Mix = usual
	}
	if cfg.Ring <= 0 {
		cfg.Ring = 600 * time.Millisecond
	}
	if cfg.Longest <= 0 {
		cfg.Longest = 40 * time.Second
	}
	if cfg.Say == nil {
		cfg.Say = func(string) []int16 { return nil }
	}
	if cfg.Language == nil {
		cfg.Language = func(number string) string {
			if strings.HasPrefix(number, "+86") {
				return "zh"
			}
			return "en"
		}
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(4 << 20) // as much as the system allows
	n := &Network{cfg: cfg, conn: conn, shut: make(chan struct{}), by: map[string]*line{}, nth: map[string]int{}}
	for _, share := range cfg.Mix {
		n.total += share
	}
	n.wg.Go(n.read)
	return n, nil
}

// Addr is the network's host:port.
func (n *Network) Addr() string { return n.conn.LocalAddr().String() }

// Close ends all calls and waits.
func (n *Network) Close() error {
	close(n.shut)
	err := n.conn.Close()
	n.wg.Wait()
	return err
}

// Fail has the network fail from now on; Well ends it. Calls in progress go on.
func (n *Network) Fail(t Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.trouble = t
}

// Calls are those that came so far, refused ones in a time of trouble too.
func (n *Network) Calls() []Call {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]Call, len(n.calls))
	for i, l := range n.calls {
		out[i] = l.told
		out[i].Said = slices.Clone(l.told.Said)
	}
	return out
}

// Open is how many calls are in progress, and how many there were at most.
func (n *Network) Open() (now, most int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open, n.most
}

// Manner is what a number does at its how-manieth call.
func (n *Network) Manner(number string, call int) Manner {
	if n.cfg.Manner != nil {
		if m := n.cfg.Manner(number, call); m != "" {
			return m
		}
	}
	m := n.pick(n.draw(number, 0))
	// Who was busy or out is back some time.
	if call > 1 && (m == Busy || m == RingsOut) && n.draw(number, call)%2 == 0 {
		return Talks
	}
	if call > 1 && m == AsksLater {
		return Talks
	}
	return m
}

func (n *Network) pick(draw uint64) Manner {
	at := int(draw % uint64(max(1, n.total)))
	for _, m := range slices.Sorted(maps.Keys(n.cfg.Mix)) {
		if at -= n.cfg.Mix[m]; at < 0 {
			return m
		}
	}
	return Talks
}

// draw is a number's lot.
func (n *Network) draw(number string, call int) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s %d", n.cfg.Seed, number, call)
	x := h.Sum64() // its low bits follow the last digit: mixed as murmur's finaliser does
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// NumberOf is the number of a URI or of a To field.
func NumberOf(field string) string {
	user, _, _ := strings.Cut(strings.TrimPrefix(siptest.URI(field), "sip:"), "@")
	user, _, _ = strings.Cut(user, ";")
	return user
}
