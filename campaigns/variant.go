package campaigns

import (
	"encoding/binary"
	"hash/fnv"
	"strings"
)

// VariantNamed is the campaign's variant of that name, the first for one it has no more.
func (c Campaign) VariantNamed(name string) Variant {
	for _, v := range c.Variants {
		if v.Name == name {
			return v
		}
	}
	if len(c.Variants) == 0 {
		return Variant{}
	}
	return c.Variants[0]
}

// Assign is the variant of a contact that has none yet: drawn by its number and the
// campaign alone, so that it is the same wherever and whenever it is drawn, and that two
// campaigns draw independently.
func (c Campaign) Assign(contact Contact) string {
	total := 0
	for _, v := range c.Variants {
		total += v.weight()
	}
	if total == 0 {
		return ""
	}
	at := int(draw(c.ID, contact, 0) * float64(total))
	for _, v := range c.Variants {
		if at -= v.weight(); at < 0 {
			return v.Name
		}
	}
	return c.Variants[len(c.Variants)-1].Name
}

// weight of a variant: one with a negative weight is given to nobody any more.
func (v Variant) weight() int {
	switch {
	case v.Weight < 0:
		return 0
	case v.Weight == 0:
		return 1
	}
	return v.Weight
}

// draw is a number in [0, 1) that depends on nothing but its arguments.
func draw(campaign string, contact Contact, salt uint64) float64 {
	h := fnv.New64a()
	var b [8]byte
	write := func(n uint64) {
		binary.BigEndian.PutUint64(b[:], n)
		_, _ = h.Write(b[:])
	}
	_, _ = h.Write([]byte(campaign))
	write(salt)
	if contact.Number != "" {
		_, _ = h.Write([]byte(contact.Number))
	} else {
		write(uint64(contact.ID))
	}
	// FNV's high bits hardly feel the last bytes: mixed as in MurmurHash3.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// Reached is the name of the first goal that a result meets, "" for none.
func (c Campaign) Reached(r Result) string {
	for _, g := range c.Goals {
		if g.Met(r) {
			return g.Name
		}
	}
	return ""
}

// Met tells whether all that the goal asks for holds. One that asks for nothing is never
// met.
func (g Goal) Met(r Result) bool {
	asks := false
	if g.Slot != "" {
		asks = true
		got := strings.TrimSpace(r.Slots[g.Slot])
		if got == "" || g.Value != "" && !strings.EqualFold(got, g.Value) {
			return false
		}
	}
	if g.Transferred {
		asks = true
		if r.Person == "" {
			return false
		}
	}
	if g.Score > 0 {
		asks = true
		if r.Score < g.Score {
			return false
		}
	}
	return asks
}
