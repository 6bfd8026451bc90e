package dsp

// Frames of an EchoSuppressor, of 20 ms.
const (
	suspected = 100 // kept back at most, while it is not known whether there is an echo
	syllable  = 30  // given back of them when somebody is louder than an echo would be
	catchUp   = 5   // given back in one
)

// Heard is a frame of 20 ms of what comes in.
type Heard struct {
	Samples []int16
	Missing bool // made up in place of one that did not arrive
}

// An EchoSuppressor puts silence in the place of what an EchoGate takes for our own
// sound. In the first second or two of it the gate can only suspect: what it suspects
// is kept back until it knows, and given back if it was the far end after all; where
// somebody becomes louder than an echo meanwhile, the last 600 ms of it at once. For many
// speak in the moment of the answer, over the greeting.
type EchoSuppressor struct {
	gate    EchoGate
	silence []int16
	due     [catchUp]Heard

	// What is kept back, oldest first, in a ring; nil once the gate has made up its mind
	// and all is given back. Of its n frames the first ready may go.
	held            []Heard
	first, n, ready int
}

// NewEchoSuppressor returns an EchoSuppressor for frames of n samples.
func NewEchoSuppressor(n int) *EchoSuppressor {
	s := &EchoSuppressor{gate: *NewEchoGate(), silence: make([]int16, n), held: make([]Heard, suspected)}
	store := make([]int16, suspected*n)
	for i := range s.held {
		s.held[i].Samples = store[i*n : (i+1)*n : (i+1)*n]
	}
	return s
}

// Echo is [EchoGate.Echo].
func (s *EchoSuppressor) Echo() (loss float64, delay int, ok bool) { return s.gate.Echo() }

// Take takes 20 ms of what was sent and of what came in meanwhile. It returns the
// frames that are due, oldest first: one, or none while they are kept back, or some
// while they are given back. They are good until the next Take. only tells whether
// this one is taken for an echo.
func (s *EchoSuppressor) Take(sent []int16, heard Heard) (due []Heard, only bool) {
	only = s.gate.Take(sent, heard.Samples)
	unsure := s.gate.unsure()
	if s.n == 0 && (s.held == nil || !only || !unsure) {
		if !unsure {
			s.held = nil
		}
		if only {
			heard.Samples = s.silence
		}
		s.due[0] = heard
		return s.due[:1], only
	}
	due = s.due[:0]
	if s.n == suspected {
		due = append(due, Heard{s.silence, s.take().Missing})
	}
	s.keep(heard)
	switch {
	case unsure && only:
	case unsure: // somebody, most likely; what was before his first syllable was an echo
		s.hush(s.n - 1 - syllable)
		s.ready = s.n
	case only:
		s.hush(s.n)
		s.ready = s.n
	default:
		s.ready = s.n
	}
	for len(due) < catchUp && s.ready > 0 {
		due = append(due, s.take())
	}
	return due, only
}

func (s *EchoSuppressor) at(i int) *Heard { return &s.held[(s.first+i)%suspected] }

func (s *EchoSuppressor) keep(f Heard) {
	h := s.at(s.n)
	copy(h.Samples, f.Samples)
	h.Missing = f.Missing
	s.n++
}

// hush makes silence of the first n frames, of those that may not go yet.
func (s *EchoSuppressor) hush(n int) {
	for i := s.ready; i < n; i++ {
		clear(s.at(i).Samples)
	}
}

func (s *EchoSuppressor) take() Heard {
	f := *s.at(0)
	s.first = (s.first + 1) % suspected
	s.n--
	s.ready = max(0, s.ready-1)
	return f
}
