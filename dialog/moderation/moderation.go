// Package moderation finds words and phrases that a caller's turn is handled
// differently for, or that the bot must not say.
//
// # Concepts
//
// There are 13 [Category]s of words that are sensitive, and one of what is said in danger, each a file of entries that an owner can edit: the
// lists shipped here (lists/zh, lists/en), extended or reduced by a business's own
// folder (see [Load]). A [Matcher] finds entries however they are written: with
// spaces or punctuation inserted, traditional or simplified, full or half width,
// capitals, leetspeak, and by other characters that sound the same.
//
// A [Policy] says what follows: on the caller's side by category or entry, on the
// bot's side a sentence is blocked or passes.
//
// # Files
//
// A file is named by its category ("gambling.txt"). One entry a line:
//
//	# a comment
//	澳门赌场
//	~赌博                   by sound, too, whatever characters are written
//	=老虎机                  by these characters only
//	杀…全家                  with up to eight characters between the parts
//	kill yourself | crisis  with a policy of its own on the caller's side
//	-老虎机                  takes an entry of the shipped list out
//
// Entries of three characters and more are found by sound when one character at
// least (of four and more, two) is written as it should be. Latin entries match
// whole words; "*" at the end stands for any ending. allow.txt holds phrases inside
// which nothing is found, policies.txt lines "category | caller's policy" or
// "category | caller's policy | bot's policy".
//
// # Concurrency
//
// A Matcher is read-only and safe for concurrent use.
package moderation

import (
	"cmp"
	"slices"
)

// Category is a kind of sensitive content, and the name of its file.
type Category string

// The categories.
const (
	Politics       Category = "politics"
	Violence       Category = "violence"
	Pornography    Category = "pornography"
	Gambling       Category = "gambling"
	Drugs          Category = "drugs"
	Fraud          Category = "fraud"
	Insults        Category = "insults"
	Discrimination Category = "discrimination"
	SelfHarm       Category = "self-harm"
	Medical        Category = "medical"     // promises of healing
	Advertising    Category = "advertising" // absolute and legally barred claims
	Personal       Category = "personal"    // asks for or gives away secrets and personal data
	Defamation     Category = "defamation"  // of competitors
	Danger         Category = "danger"      // smoke, fire, shocks, burns: nothing bad is said, something bad happens
)

// Categories are all of them.
func Categories() []Category {
	return []Category{
		Politics, Violence, Pornography, Gambling, Drugs, Fraud, Insults, Discrimination, SelfHarm, Medical, Advertising, Personal, Defamation,
		Danger,
	}
}

// Policy is what follows from a hit.
type Policy string

// Policies of the caller's side, the mildest first, then those of the bot's.
const (
	Pass     Policy = "pass"     // nothing follows
	Calm     Policy = "calm"     // not taken up: a calm sentence, back to the matter
	Warn     Policy = "warn"     // say once that the call ends if this goes on
	Transfer Policy = "transfer" // to a person
	End      Policy = "end"      // say goodbye and end the call
	Safety   Policy = "safety"   // what to do first (switch off, unplug, get out), and a person before all others
	Crisis   Policy = "crisis"   // care first: the crisis line's number, and a person

	Block Policy = "block" // the bot says its safe sentence instead
)

// severity orders the policies of the caller's side.
var severity = map[Policy]int{Pass: 0, Calm: 1, Warn: 2, Transfer: 3, End: 4, Safety: 5, Crisis: 6}

// defaults are the policies of the caller's side. Promises, claims and slander are
// the bot's to avoid; a caller may ask about them.
var defaults = map[Category]Policy{
	Politics: Calm, Violence: Transfer, Pornography: Warn, Gambling: Calm, Drugs: Calm, Fraud: Transfer, Insults: Calm,
	Discrimination: Warn, SelfHarm: Crisis, Medical: Pass, Advertising: Pass, Personal: Pass, Defamation: Pass,
	Danger: Safety,
}

// Hit is an entry found in a text.
type Hit struct {
	Category   Category
	Entry      string // as the file has it
	Start, End int    // bytes of the text
	Policy     Policy // on the caller's side
}

// Find returns what is found in text, in order, at most one hit for each place: of
// overlapping ones the longer.
func (m *Matcher) Find(text string) []Hit {
	found := m.scan(text)
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Compare(b.end-b.start, a.end-a.start) })
	var hits []Hit
	for _, f := range found {
		if slices.ContainsFunc(hits, func(h Hit) bool { return f.start < h.End && h.Start < f.end }) {
			continue
		}
		hits = append(hits, m.hit(f))
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(a.Start, b.Start) })
	return hits
}

func (m *Matcher) policy(e *entry) Policy {
	if e.policy != "" {
		return e.policy
	}
	return m.caller[e.category]
}

// Caller is what follows from what a caller said: the severest policy of all hits,
// and the hit that it rests on; Pass without any.
func (m *Matcher) Caller(text string) (Policy, Hit) {
	policy, why := Pass, Hit{}
	for _, f := range m.scan(text) {
		if p := m.policy(&m.entries[f.entry]); severity[p] > severity[policy] {
			policy, why = p, m.hit(f)
		}
	}
	return policy, why
}

// Blocked says whether the bot must not say text, and why.
func (m *Matcher) Blocked(text string) (Hit, bool) {
	for _, f := range m.scan(text) {
		if m.bot[m.entries[f.entry].category] == Block {
			return m.hit(f), true
		}
	}
	return Hit{}, false
}

func (m *Matcher) hit(f match) Hit {
	e := &m.entries[f.entry]
	return Hit{Category: e.category, Entry: e.text, Start: f.start, End: f.end, Policy: m.policy(e)}
}

// Len is the number of entries.
func (m *Matcher) Len() int { return len(m.entries) }
