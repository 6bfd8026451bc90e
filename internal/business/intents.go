package business

import (
	"bytes"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hotline/dialog/intent"
)

// IntentDir is the folder of files text,intent.
const IntentDir = "intents"

// IntentRoute is where callers with an intent are brought.
type IntentRoute struct {
	Skill string `yaml:"skill" json:"skill"`
}

// intents reads intents/*.csv, what callers say by what they want.
func (f *folder) intents() {
	b := f.business
	for _, e := range f.entries(IntentDir, ".csv") {
		name := path.Join(IntentDir, e)
		data, err := readFile(filepath.Join(b.Dir, IntentDir, e))
		if err != nil {
			f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
			continue
		}
		list, err := intent.Read(bytes.NewReader(data), "")
		if err != nil {
			f.report.add(Error, f.in(name, 0), "intent_file", err)
			continue
		}
		b.examples = append(b.examples, list...)
	}
	known := map[string]bool{}
	for _, x := range b.examples {
		known[x.Intent] = true
	}
	skills := b.skillNames()
	for _, name := range slices.Sorted(maps.Keys(b.Intents)) {
		at := f.in(File, 0).at("intents." + name)
		if !known[name] {
			f.report.add(Warning, at, "intent_unknown", name)
		}
		if skill := b.Intents[name].Skill; !slices.Contains(skills, skill) {
			f.report.add(Error, at, "skill_missing", skill, strings.Join(skills, ", "))
		}
	}
}

// IntentExamples are what callers say by what they want, for the recogniser of
// intents; none where the business has no intents folder.
func (b *Business) IntentExamples() []intent.Example { return b.examples }
