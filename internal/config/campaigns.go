package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Campaigns is what no campaign can loosen, whoever writes it. Besides, emergency, short
// and premium numbers are never called, a greeting always says that it is a machine, and
// who wants no more calls gets none; nothing sets that.
type Campaigns struct {
	// The outermost hours for calls of campaigns, by the callee's clock: 08:00-21:00, or
	// several. The law of most countries has such.
	Hours []string `yaml:"hours"`
	// Calls to one number on a day of the callee's, of all campaigns together. 0: no
	// limit.
	MaxPerNumberPerDay int `yaml:"max_per_number_per_day"`
	// Calls to one number on seven days in a row, of all campaigns together. 0: no limit.
	MaxPerNumberPerWeek int `yaml:"max_per_number_per_week"`
	// The purposes that need consent on record: service, reminder, survey, marketing.
	// none: no purpose does.
	Consent []string `yaml:"consent"`
	// The purposes that a national do-not-call list bars. none: no purpose.
	National []string `yaml:"national"`
	// National do-not-call lists, CSV or Excel with a column of numbers. Each is read
	// when the server starts and again when the file changes, within a minute; who is no
	// longer in it is taken off. Calls begin once all have been read.
	NationalLists []string `yaml:"national_lists" file:"path"`
	// Beginnings of the numbers that campaigns may call: +86, +8610. Empty: all that
	// outbound.allow lets out.
	Regions []string `yaml:"regions"`
	// Whether the holidays of the line's business hold for its campaigns too, by the
	// callee's calendar: on them nobody is called but in the hours that they name.
	Holidays bool `yaml:"holidays"`
}

// Answers is how it is told who or what answers a call that we made; docs/answer.md.
type Answers struct {
	// How long nothing is heard after the answer until nobody is taken to be there.
	Silence time.Duration `yaml:"silence"`
	// The longest first words that are a person's, whatever they were; who says more at
	// once is a machine with a greeting.
	FirstWords time.Duration `yaml:"first_words"`
	// How much silence behind a bare hello makes it a person's. With less the bot begins
	// sooner, and more often speaks to a greeting that goes on.
	Hello time.Duration `yaml:"hello"`
	// The longest greeting of a voicemail; on one that lasts longer no message is left.
	Greeting time.Duration `yaml:"greeting"`
	// How much silence ends a greeting that no beep follows; then the message begins.
	Quiet time.Duration `yaml:"quiet"`
}

// purposes of campaigns, and the word for none of them.
var purposes = []string{"service", "reminder", "survey", "marketing"}

const noPurpose = "none"

// Purposes are those of a list; "none" is an empty one.
func Purposes(list []string) []string {
	if len(list) == 1 && list[0] == noPurpose {
		return []string{}
	}
	return slices.Clone(list)
}

// checkCampaigns refuses what is wrong in the sections campaigns and answers.
func (l *loader) checkCampaigns(bad func(key, format string, args ...any)) {
	c := l.config.Campaigns
	if len(c.Hours) == 0 {
		bad("campaigns.hours", "is empty; write 08:00-21:00, or 00:00-24:00 where nothing forbids it")
	}
	for _, h := range c.Hours {
		if from, to, err := ClockHours(h); err != nil || to <= from {
			bad("campaigns.hours", "%q is no part of a day; write 08:00-21:00", h)
		}
	}
	for key, n := range map[string]int{"max_per_number_per_day": c.MaxPerNumberPerDay, "max_per_number_per_week": c.MaxPerNumberPerWeek} {
		if n < 0 {
			bad("campaigns."+key, "%d is negative", n)
		}
	}
	for key, list := range map[string][]string{"consent": c.Consent, "national": c.National} {
		if len(list) == 0 {
			bad("campaigns."+key, "is empty; name purposes, or write none")
		}
		for _, p := range list {
			if !slices.Contains(purposes, p) && (p != noPurpose || len(list) > 1) {
				bad("campaigns."+key, "%q is none of %s; write none, alone, for no purpose", p, strings.Join(purposes, ", "))
			}
		}
	}
	for _, r := range c.Regions {
		if len(r) < 2 || r[0] != '+' || strings.Trim(r[1:], "0123456789") != "" {
			bad("campaigns.regions", "%q is no beginning of a number; write +86 or +8610", r)
		}
	}
	a := l.config.Answers
	for _, d := range []struct {
		key         string
		value       time.Duration
		least, most time.Duration
	}{
		{"silence", a.Silence, time.Second, 30 * time.Second},
		{"first_words", a.FirstWords, 500 * time.Millisecond, 10 * time.Second},
		{"hello", a.Hello, 100 * time.Millisecond, 2 * time.Second},
		{"greeting", a.Greeting, 5 * time.Second, 5 * time.Minute},
		{"quiet", a.Quiet, 500 * time.Millisecond, 10 * time.Second},
	} {
		if d.value < d.least || d.value > d.most {
			bad("answers."+d.key, "%s is not within %s and %s", d.value, d.least, d.most)
		}
	}
	if a.Greeting <= a.FirstWords {
		bad("answers.greeting", "%s is not longer than answers.first_words, %s", a.Greeting, a.FirstWords)
	}
}

// Text is what holds for all campaigns, in a few words.
func (c Campaigns) Text() string {
	limit := func(n int) string {
		if n == 0 {
			return "any number of"
		}
		return fmt.Sprint(n)
	}
	regions := "all that may be called"
	if len(c.Regions) > 0 {
		regions = strings.Join(c.Regions, ", ")
	}
	return fmt.Sprintf("hours %s; %s calls a day and %s a week to one number; consent for %s; regions: %s; national lists: %d files",
		strings.Join(c.Hours, ", "), limit(c.MaxPerNumberPerDay), limit(c.MaxPerNumberPerWeek), strings.Join(c.Consent, ", "), regions, len(c.NationalLists))
}
