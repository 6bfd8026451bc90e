// Package private finds personal data in what was said and written: telephone
// numbers, identity cards, bank cards, e-mail addresses, postal addresses and
// names, in Chinese and English, in digits as well as dictated ("幺三八零零…",
// "double four", "at example dot com").
//
// # Concepts
//
// [Find] returns where they are; [Mask] replaces them for logs, transcripts and
// language models, and keeps of numbers the last four digits, by which people
// recognise them. What only looks alike stays readable: order numbers, prices,
// dates. Where a number could be either, words before it decide ("订单号",
// "order number").
//
// # Concurrency
//
// All functions are pure and safe for concurrent use.
package private

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is a kind of personal data.
type Kind string

// The kinds.
const (
	Phone    Kind = "phone"
	Identity Kind = "identity" // identity card, social security or insurance number
	Card     Kind = "card"     // bank card
	Email    Kind = "email"
	Address  Kind = "address"
	Name     Kind = "name"
)

// Span is where personal data stand in a text, in bytes.
type Span struct {
	Kind       Kind
	Start, End int
	keep       string // what Mask leaves of it
}

// maxBytes bounds what is looked at in one piece; longer texts are looked at in
// pieces that end at a line's end or a space.
const maxBytes = 16 << 10

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Phone, Identity, Card, Email, Address, Name} }

// Find returns the personal data of a text, in order, without overlap.
func Find(text string) []Span {
	if len(text) <= maxBytes {
		return find(text)
	}
	var spans []Span
	for from := 0; from < len(text); {
		to := min(from+maxBytes, len(text))
		if to < len(text) {
			if k := strings.LastIndexAny(text[from:to], " \n"); k > maxBytes/2 {
				to = from + k + 1
			}
			for to < len(text) && text[to]&0xc0 == 0x80 { // not within a character
				to++
			}
		}
		for _, s := range find(text[from:to]) {
			s.Start += from
			s.End += from
			spans = append(spans, s)
		}
		from = to
	}
	return spans
}

func find(text string) []Span {
	var all []Span
	all = append(all, numbers(text)...)
	all = append(all, emails(text)...)
	all = append(all, addresses(text)...)
	all = append(all, people(text)...)
	// Of two that overlap the longer one stays.
	slices.SortStableFunc(all, func(a, b Span) int { return cmp.Compare(b.End-b.Start, a.End-a.Start) })
	kept := all[:0:0]
	for _, s := range all {
		if !slices.ContainsFunc(kept, func(k Span) bool { return s.Start < k.End && k.Start < s.End }) {
			kept = append(kept, s)
		}
	}
	slices.SortFunc(kept, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	return kept
}

// Mask replaces the personal data of a text. Numbers keep their last four digits
// ("****8000"), other data become their kind in the text's language ("[姓名]",
// "[name]"). Masking twice changes nothing more.
func Mask(text string) string { return MaskBut(text) }

// MaskBut is Mask without the kinds in keep, which stay as they are.
func MaskBut(text string, keep ...Kind) string {
	spans := slices.DeleteFunc(Find(text), func(s Span) bool { return slices.Contains(keep, s.Kind) })
	if len(spans) == 0 {
		return text
	}
	chinese := false
	for _, r := range text {
		if han(r) {
			chinese = true
			break
		}
	}
	var b strings.Builder
	b.Grow(len(text))
	last := 0
	for _, s := range spans {
		b.WriteString(text[last:s.Start])
		if s.keep != "" {
			b.WriteString("****")
			b.WriteString(s.keep)
		} else {
			b.WriteString(placeholder(s.Kind, chinese))
		}
		last = s.End
	}
	b.WriteString(text[last:])
	return b.String()
}

func placeholder(k Kind, chinese bool) string {
	if !chinese {
		return "[" + string(k) + "]"
	}
	switch k {
	case Phone:
		return "[电话]"
	case Identity:
		return "[证件号]"
	case Card:
		return "[卡号]"
	case Email:
		return "[邮箱]"
	case Address:
		return "[地址]"
	case Name:
		return "[姓名]"
	}
	return "[***]"
}
