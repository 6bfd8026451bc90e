package business

import (
	"slices"
	"strings"
	"time"

	"hotline/dialog/emotion"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
)

// KnowledgeOptions are the business's own words, for the index of a line.
func (l Line) KnowledgeOptions() knowledge.Options {
	return knowledge.Options{
		Language: l.Language, Terms: l.Home.Terms, Goods: l.Home.Goods, Synonyms: l.Home.Synonyms,
		NotOurs: knowledge.NotOurs(l.Home.NotOurs),
	}
}

// Reception is how the line talks with callers who speak another language than any line
// that it names: it says so in theirs, and offers people. pairs yields an empty index.
func (l Line) Reception(language string, pairs func() *knowledge.Index) engine.Config {
	l.Language, l.Menu, l.Topics, l.Survey = language, nil, nil, false
	c := l.EngineConfig(pairs)
	c.Reception = true
	c.Disclosure, c.Greeting, c.Hours = "", "", "" // those are in the line's language
	c.Flows, c.Skills, c.Urgent, c.Routes = nil, nil, nil, engine.Routes{}
	return c
}

// EngineConfig is the line as its dialogue engine takes it; pairs yields the index
// in use.
func (l Line) EngineConfig(pairs func() *knowledge.Index) engine.Config {
	home := l.Home
	c := engine.Config{
		Name: l.Name, Language: l.Language, Pairs: pairs,
		Open:  func(now time.Time, _ string) bool { return home.Hours.Open(now) },
		Hours: home.Hours.Spoken, Skill: home.Escalation.Skill, Skills: map[string]string{},
		Flows:  func() *flow.Set { return home.Flows },
		Urgent: home.Urgent, Survey: l.Survey, Words: home.words[l.Language], Moods: home.moods[l.Language],
		Feelings:   emotion.Thresholds{Angry: home.Feelings.Angry, Sinking: home.Feelings.Sinking, Voice: home.Feelings.Voice},
		Thresholds: engine.Thresholds{Complaint: home.Feelings.Complaint},
		Topics:     l.Topics, Limits: engine.Limits{Silences: l.Limits.Silences}, Phrases: engine.Phrases{},
	}
	var must, greeting []string
	for _, s := range l.Opening() {
		if s.MustHear {
			must = append(must, s.Text)
		} else {
			greeting = append(greeting, s.Text)
		}
	}
	c.Disclosure, c.Greeting = l.joined(must), l.joined(greeting)
	c.Routes.Skills = map[string]string{}
	for name, route := range home.Intents {
		c.Routes.Skills[name] = route.Skill
	}
	c.Titles = map[string]string{}
	for _, s := range home.Skills {
		if s.Title != "" {
			c.Titles[s.Title] = s.Name
		}
		for _, alias := range s.Names {
			c.Titles[alias] = s.Name
		}
		for _, category := range s.Categories {
			c.Skills[category] = s.Name
		}
	}
	if l.Language == home.Language {
		known := engine.DefaultPhrases(l.Language)
		for key, wordings := range home.Phrases {
			if _, ok := known[engine.Key(key)]; ok && len(wordings) > 0 {
				c.Phrases[engine.Key(key)] = slices.Clone(wordings)
			}
		}
	}
	if own := strings.TrimSpace(home.Queue.Voicemail.Greeting[l.Language]); own != "" {
		c.Phrases[engine.KeyTakeMessage] = []string{own}
	}
	for key := '1'; key <= '9'; key++ {
		m, ok := l.Menu[string(key)]
		if !ok {
			continue
		}
		item := engine.MenuItem{Key: string(key), Label: m.Say, Skill: m.Skill, Flow: m.Flow}
		if row, ok := home.RowByID(m.Pair); ok {
			item.Ask = row.Question
		}
		if item.Ask != "" || item.Skill != "" || item.Flow != "" {
			c.Menu = append(c.Menu, item)
		}
	}
	return c
}
