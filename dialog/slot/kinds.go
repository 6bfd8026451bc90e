package slot

import (
	"time"
)

type option struct{}
type yesNo struct{}

func newYesNo(string) yesNo { return yesNo{} }
func newOptions([]Option) ([]option, error) { return nil, nil }

func (t *utterance) selfCorrected(bool) []*utterance { return []*utterance{t} }
func (s *Slot) codes(t *utterance) []Value { return nil }
func (s *Slot) phones(t *utterance) []Value { return nil }
func (s *Slot) dates(t *utterance, now time.Time) []Value { return nil }
func (s *Slot) times(t *utterance) []Value { return nil }
func (s *Slot) dateTimes(t *utterance, now time.Time) []Value { return nil }
func (s *Slot) amounts(t *utterance) []Value { return nil }
func (s *Slot) quantities(t *utterance) []Value { return nil }
func (s *Slot) names(t *utterance) []Value { return nil }
func (s *Slot) addresses(t *utterance) []Value { return nil }
func (s *Slot) yesNo(t *utterance) []Value { return nil }
func (s *Slot) choices(t *utterance) []Value { return nil }
func (s *Slot) correct(Value, *utterance, time.Time) (Value, bool) { return Value{}, false }

// Keys reads a keypad entry: digits, with * as the decimal point or separator where
// that makes sense. Dates are MMDD (DDMM where days come first) or YYYYMMDD, a
// choice is its number in the order offered, 1 is yes and 2 is no.
func (s *Slot) Keys(keys string, now time.Time) (Value, bool) { return Value{}, false }

// Correct applies what the caller says to mend old: a whole new value, a part of one
// by place (最后一位是8, "the last four are 4417") or one thing for another (是3不是4,
// "not fifteen, fifty"). It is false when text holds no correction that fits.
func (s *Slot) Correct(old Value, text string, now time.Time) (Value, bool) { return Value{}, false }

// Join appends to old, usually Partial, what the caller adds in a further turn: the
// next group of a code, the time to a day, more of an address. It is false when text
// has nothing to add or the whole would be too long.
func (s *Slot) Join(old Value, text string, now time.Time) (Value, bool) { return Value{}, false }

// Say returns the value in words for the ear. Find understands them again.
func (s *Slot) Say(v Value) string { return v.Canonical }

// SayAt is Say with dates near now said as people do: tomorrow, 下周三.
func (s *Slot) SayAt(v Value, now time.Time) string { return v.Canonical }

// Unfinished tells whether the text looks as if the value goes on, so that the end
// of the turn should wait: 我的订单号是二零二…, "one three eight", "the fifth of".
func (s *Slot) Unfinished(text string) bool { return false }
