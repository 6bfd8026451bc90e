// Package quality judges calls that are over, as quality reviews do: a score sheet of the
// business says what is looked at, rules fill in what can be told from the call's record,
// a reviewer gives the rest and says why, and the agent replies.
//
// A [Sheet] is YAML that its owner writes; without one there is ours. [Score] is pure: the
// same record and sheet give the same findings. A [Reviews] draws the sample of each week,
// the same calls for the same seed however often it is asked, and keeps what people say.
package quality

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/internal/strict"
)

// File is a business's own sheets, in its folder.
const File = "quality.yaml"

// Rule is what is found out by itself.
type Rule string

// The rules. An item without one is the reviewer's.
const (
	Greeting   Rule = "greeting"   // the first sentence greets
	Disclosure Rule = "disclosure" // the caller has heard that he is recorded, or whatever phrases say
	Forbidden  Rule = "forbidden"  // no word of the moderation lists or of words
	DeadAir    Rule = "dead_air"   // nobody was silent for longer than limit
	Overtalk   Rule = "overtalk"   // did not begin to talk over the caller more often than times
	Resolution Rule = "resolution" // what the caller wanted is done
	Says       Rule = "says"       // one of phrases was said
)

// Rules are all of them.
func Rules() []Rule {
	return []Rule{Greeting, Disclosure, Forbidden, DeadAir, Overtalk, Resolution, Says}
}

// SheetItem is one thing that is looked at.
type SheetItem struct {
	ID     string `yaml:"id" json:"id"`
	Title  string `yaml:"title" json:"title"`
	Help   string `yaml:"help" json:"help,omitempty"` // for who reviews
	Points int    `yaml:"points" json:"points"`
	Rule   Rule   `yaml:"rule" json:"rule,omitempty"`
	// Knockout makes the whole review 0 where the item fails.
	Knockout bool `yaml:"knockout" json:"knockout,omitempty"`
	// Phrases, Words, Limit and Times are the rule's.
	Phrases []string      `yaml:"phrases" json:"phrases,omitempty"`
	Words   []string      `yaml:"words" json:"words,omitempty"`
	Limit   time.Duration `yaml:"limit" json:"limit_ns,omitempty"`
	Times   int           `yaml:"times" json:"times,omitempty"`
}

// Sheet is what calls are judged by.
type Sheet struct {
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title"`
	// For is "bot", "agents" or both.
	For []string `yaml:"for" json:"for"`
	// Lines are those whose calls it is for; all without.
	Lines []string `yaml:"lines" json:"lines,omitempty"`
	// Pass is the score from which a call is good. 80.
	Pass  int         `yaml:"pass" json:"pass"`
	Items []SheetItem `yaml:"items" json:"items"`
}

// Sample is how many calls of a week are looked at.
type Sample struct {
	PerAgent int `yaml:"per_agent" json:"per_agent"`
	Bot      int `yaml:"bot" json:"bot"`
	// Seed chooses others for another value.
	Seed int64 `yaml:"seed" json:"seed,omitempty"`
	// Least is how long a call lasts at least to be chosen.
	Least time.Duration `yaml:"least" json:"least_ns,omitempty"`
}

// Sheets are a business's.
type Sheets struct {
	Sample Sample  `yaml:"sample" json:"sample"`
	Sheets []Sheet `yaml:"sheets" json:"sheets"`
}

//go:embed sheets/*.yaml
var shipped embed.FS

// Default is what a business has without a file, in a language.
func Default(language string) Sheets {
	s, problems := Parse(Shipped(language))
	if len(problems) > 0 {
		panic(problems[0].String()) // a test reads them all
	}
	return s
}

// Shipped is the text of Default, which an owner's own begins with.
func Shipped(language string) []byte {
	name := "sheets/zh.yaml"
	if language == "en" {
		name = "sheets/en.yaml"
	}
	data, err := shipped.ReadFile(name)
	if err != nil {
		panic(err) // it is built in
	}
	return data
}

// Read reads a file of sheets as it is: nothing that is left out is filled in, and
// nothing is said of what does not fit.
func Read(data []byte) (s Sheets, problems []strict.Problem) {
	root, problem := strict.Parse(data)
	if problem != nil {
		return s, []strict.Problem{*problem}
	}
	problems, _ = root.Decode(&s)
	return s, problems
}

// Parse reads a file of sheets.
func Parse(data []byte) (s Sheets, problems []strict.Problem) {
	if s, problems = Read(data); len(problems) > 0 {
		return s, problems
	}
	if err := s.check(); err != nil {
		return s, []strict.Problem{{Code: strict.BadValue, Line: 1, Path: "sheets", Detail: err.Error(), Want: "sheets that can be used"}}
	}
	return s, nil
}

// check fills in what is left out, and tells what does not fit.
func (s *Sheets) check() error {
	if s.Sample.PerAgent < 0 || s.Sample.Bot < 0 || s.Sample.PerAgent > 100 || s.Sample.Bot > 1000 {
		return errors.New("sample: up to 100 calls of each agent and 1000 of the bot")
	}
	s.Sample.Least = cmp.Or(s.Sample.Least, 15*time.Second)
	names := map[string]bool{}
	for i := range s.Sheets {
		sheet := &s.Sheets[i]
		if sheet.Name == "" || names[sheet.Name] {
			return fmt.Errorf("sheet %d: each needs a name of its own", i+1)
		}
		names[sheet.Name] = true
		sheet.Title, sheet.Pass = cmp.Or(sheet.Title, sheet.Name), cmp.Or(sheet.Pass, 80)
		if len(sheet.For) == 0 {
			sheet.For = []string{"agents", "bot"}
		}
		for _, f := range sheet.For {
			if f != "bot" && f != "agents" {
				return fmt.Errorf("sheet %s: for: %q is neither bot nor agents", sheet.Name, f)
			}
		}
		if err := sheet.checkItems(); err != nil {
			return fmt.Errorf("sheet %s: %w", sheet.Name, err)
		}
	}
	return nil
}

func (s *Sheet) checkItems() error {
	if len(s.Items) == 0 || len(s.Items) > 60 {
		return errors.New("a sheet has 1 to 60 items")
	}
	ids := map[string]bool{}
	for i := range s.Items {
		it := &s.Items[i]
		switch {
		case it.ID == "" || ids[it.ID]:
			return fmt.Errorf("item %d: each needs an id of its own", i+1)
		case it.Points < 1 || it.Points > 100:
			return fmt.Errorf("item %s: points are 1 to 100", it.ID)
		case it.Rule != "" && !slices.Contains(Rules(), it.Rule):
			return fmt.Errorf("item %s: there is no rule %q; there are %v", it.ID, it.Rule, Rules())
		case it.Rule == Says && len(it.Phrases) == 0:
			return fmt.Errorf("item %s: says needs phrases", it.ID)
		case it.Times < 0 || it.Limit < 0:
			return fmt.Errorf("item %s: limit and times are not negative", it.ID)
		}
		ids[it.ID] = true
		it.Title = cmp.Or(it.Title, it.ID)
		if it.Rule == DeadAir {
			it.Limit = cmp.Or(it.Limit, 8*time.Second)
		}
	}
	return nil
}

// For is the sheet for a call; nil where there is none.
func (s Sheets) For(line string, bot bool) *Sheet {
	who := "agents"
	if bot {
		who = "bot"
	}
	for i, sheet := range s.Sheets {
		if slices.Contains(sheet.For, who) && (len(sheet.Lines) == 0 || slices.Contains(sheet.Lines, line)) {
			return &s.Sheets[i]
		}
	}
	return nil
}
