package moderation

import "slices"

// automaton is Aho and Corasick's (1975): a trie of all patterns in which every
// node knows where to go on when the next symbol does not fit, so that a text is
// read once whatever the number of patterns. It works on symbols, not bytes:
// characters, syllables or letters, which is why it is our own; the libraries that
// there are take bytes and give back no positions in the original text.
type automaton struct {
	nodes []node
	edges map[edge]int32
}

type edge struct {
	from   int32
	symbol rune
}

type node struct {
	fail     int32 // the longest proper suffix that is a node, too
	output   int32 // the nearest node on the way of fails, itself not, with patterns; −1 for none
	depth    int32
	patterns []pattern
}

func newAutomaton() *automaton {
	return &automaton{nodes: []node{{output: -1}}, edges: map[edge]int32{}}
}

func (a *automaton) size() int { return len(a.nodes) }

// add puts a pattern in; link must follow the last one.
func (a *automaton) add(symbols []rune, p pattern) {
	if len(symbols) == 0 {
		return
	}
	at := int32(0)
	for _, r := range symbols {
		next, ok := a.edges[edge{at, r}]
		if !ok {
			next = int32(len(a.nodes))
			a.edges[edge{at, r}] = next
			a.nodes = append(a.nodes, node{output: -1, depth: a.nodes[at].depth + 1})
		}
		at = next
	}
	a.nodes[at].patterns = append(a.nodes[at].patterns, p)
}

// link computes fail and output, nearest nodes first.
func (a *automaton) link() {
	type step struct {
		edge
		to int32
	}
	steps := make([]step, 0, len(a.edges))
	for e, to := range a.edges {
		steps = append(steps, step{e, to})
	}
	slices.SortFunc(steps, func(x, y step) int { return int(a.nodes[x.to].depth) - int(a.nodes[y.to].depth) })
	for _, s := range steps {
		n := &a.nodes[s.to]
		if s.from == 0 {
			continue
		}
		n.fail = a.step(a.nodes[s.from].fail, s.symbol)
		if f := &a.nodes[n.fail]; len(f.patterns) > 0 {
			n.output = n.fail
		} else {
			n.output = f.output
		}
	}
}

// step is where the automaton goes from a node by a symbol.
func (a *automaton) step(from int32, symbol rune) int32 {
	for {
		if to, ok := a.edges[edge{from, symbol}]; ok {
			return to
		}
		if from == 0 {
			return 0
		}
		from = a.nodes[from].fail
	}
}

// out is the first node with patterns that end in state, −1 for none; next is the
// one after it.
func (a *automaton) out(state int32) int32 {
	if len(a.nodes[state].patterns) > 0 {
		return state
	}
	return a.nodes[state].output
}

func (a *automaton) next(at int32) int32 { return a.nodes[at].output }
