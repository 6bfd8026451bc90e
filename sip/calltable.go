package sip

import (
	"bytes"
	"sync"
	"time"
)

// callTable knows the Call-IDs of the calls and requests in progress, so that their
// messages can be told from others before they are parsed. Who floods the server
// does not know them.
type callTable struct {
	grace time.Duration // how long an ended one is known, for what is sent again

	mu     sync.Mutex // guards what follows
	live   map[string]*callMark
	recent [2]map[string]*callMark // ended within grace, and within the one before
	turned time.Time
}

type callMark struct {
	uses  int
	spent bucket
}

const (
	// maxRecent bounds the calls that ended within grace; of more the earlier are forgotten.
	maxRecent = 32_768
	// callIDWithin is where the Call-ID must be found: it comes before the body.
	callIDWithin = 4096
)

// callRate bounds the messages of one call, far above what a call needs.
var callRate = Rate{PerSecond: 100, Burst: 400}

func newCallTable(grace time.Duration) *callTable {
	return &callTable{grace: grace, live: make(map[string]*callMark)}
}

// add makes a Call-ID known until as many calls of remove.
func (t *callTable) add(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.live[id]
	if m == nil {
		if m = t.ended(id); m == nil {
			m = &callMark{}
		}
		t.live[id] = m
	}
	m.uses++
}

// ended finds one that is not in use any more. The caller holds t.mu.
func (t *callTable) ended(id string) *callMark {
	if m := t.recent[0][id]; m != nil {
		return m
	}
	return t.recent[1][id]
}

func (t *callTable) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.live[id]
	if m == nil {
		return
	}
	if m.uses--; m.uses > 0 {
		return
	}
	delete(t.live, id)
	if now := time.Now(); t.recent[0] == nil || len(t.recent[0]) >= maxRecent || now.Sub(t.turned) > t.grace {
		t.recent[1], t.recent[0], t.turned = t.recent[0], make(map[string]*callMark), now
	}
	t.recent[0][id] = m
}

// spend tells whether a Call-ID is known, and whether its call may have another message.
func (t *callTable) spend(id []byte, now time.Time) (known, within bool) {
	if len(id) == 0 {
		return false, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.live[string(id)]
	if m == nil {
		if m = t.recent[0][string(id)]; m == nil {
			if m = t.recent[1][string(id)]; m == nil {
				return false, false
			}
		}
	}
	return true, m.spent.take(callRate, 1, now)
}

// callIDOf finds the Call-ID of a message that is not parsed; nil without one.
func callIDOf(data []byte) []byte {
	data = data[:min(len(data), callIDWithin)]
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 || end+1 == len(data) {
			return nil
		}
		data = data[end+1:]
		var rest []byte
		switch c := data[0] | 0x20; {
		case c == 'i':
			rest = data[1:]
		case c == 'c' && len(data) > 7 && bytes.EqualFold(data[:7], []byte("call-id")):
			rest = data[7:]
		case data[0] == '\r':
			return nil // the body
		default:
			continue
		}
		rest = bytes.TrimLeft(rest, " \t")
		if len(rest) == 0 || rest[0] != ':' {
			continue
		}
		line, _, ok := bytes.Cut(rest[1:], []byte("\n"))
		if !ok {
			return nil
		}
		return bytes.Trim(line, " \t\r")
	}
}
