package grow

import (
	"errors"
	"fmt"

	"hotline/dialog/knowledge"
)

// Refusals of Guard.Add.
var (
	ErrStands   = errors.New("it stands there already")
	ErrPersonal = errors.New("it holds personal data or a number")
	ErrNoPair   = errors.New("there is no such pair")
	ErrNoWords  = errors.New("it is too short, too long, or has a sign that parts wordings")
)

// Guard refuses wordings that must not be added to a business's pairs, whoever
// accepted them.
type Guard struct {
	standing map[string]string
	ids      map[string]bool
}

// NewGuard knows the wordings of pairs.
func NewGuard(pairs []knowledge.Pair) *Guard {
	g := &Guard{standing: known(pairs), ids: map[string]bool{}}
	for _, p := range pairs {
		g.ids[p.ID] = true
	}
	return g
}

// Add tells whether a wording may be added to a pair, and from then on takes it for
// one of the pair's.
func (g *Guard) Add(pair, wording string) error {
	k := key(wording)
	at, stands := g.standing[k]
	switch {
	case !g.ids[pair]:
		return fmt.Errorf("%s: %w", pair, ErrNoPair)
	case personal(wording):
		return ErrPersonal
	case stands:
		return fmt.Errorf("%s: %w", at, ErrStands)
	case !speaks(wording):
		return ErrNoWords
	}
	g.standing[k] = pair
	return nil
}
