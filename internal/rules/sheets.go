package rules

import (
	"context"
	"slices"

	"hotline/dialog/moderation"
	"hotline/internal/business"
	"hotline/internal/quality"
)

// SheetPage is a business's score sheets.
type SheetPage struct {
	FormPage

	Sheets business.SheetRules `json:"sheets"`
	Own    bool                `json:"own" doc:"false: there is no quality.yaml yet, and these are ours"`
	Lines  []string            `json:"lines"`
	Kinds  []quality.Rule      `json:"kinds" doc:"what finds an item out by itself"`
}

// ShowSheets shows a business's score sheets.
func (b *Book) ShowSheets(ctx context.Context, key string) (SheetPage, error) {
	p, biz, data, err := b.page(ctx, key, quality.File)
	if err != nil {
		return SheetPage{}, err
	}
	s := SheetPage{FormPage: p, Sheets: business.ReadSheets(data, biz.Language), Own: data != nil, Lines: []string{}, Kinds: quality.Rules()}
	for _, l := range biz.Lines {
		s.Lines = append(s.Lines, l.Name)
	}
	return s, nil
}

// SaveSheets writes changed score sheets into quality.yaml.
func (b *Book) SaveSheets(ctx context.Context, key, stamp string, want business.SheetRules, by string) (EditCheck, error) {
	return b.change(ctx, key, quality.File, stamp, by, func(dir string, data []byte) (business.Edited, error) {
		return business.EditSheets(dir, data, want)
	})
}

// WordPage is one file of a business's sensitive words, with what follows from each
// category.
type WordPage struct {
	FormPage

	Subject  string        `json:"subject"`
	Subjects []WordSubject `json:"subjects"`
	Entries  []string      `json:"entries" doc:"the business's own"`
	Shipped  []string      `json:"shipped" doc:"those that come with hotline"`
}

// WordSubject is a category, or the phrases in which nothing is found ("allow").
type WordSubject struct {
	Name    string            `json:"name"`
	Own     int               `json:"own" doc:"entries of the business"`
	Shipped int               `json:"shipped"`
	Caller  moderation.Policy `json:"caller,omitempty" doc:"what follows when a caller says it"`
	Bot     moderation.Policy `json:"bot,omitempty" doc:"block: the bot does not say it"`
}

// ShowWords shows a file of a business's sensitive words; the first one for "".
func (b *Book) ShowWords(ctx context.Context, key, subject string) (WordPage, error) {
	all := business.WordSubjects()
	if subject == "" {
		subject = all[0]
	}
	if !slices.Contains(all, subject) {
		return WordPage{}, ErrNoFile
	}
	p, biz, data, err := b.page(ctx, key, business.WordFile(subject))
	if err != nil {
		return WordPage{}, err
	}
	w := WordPage{FormPage: p, Subject: subject, Subjects: []WordSubject{}, Entries: business.WordEntries(data), Shipped: some(moderation.Shipped(biz.Language, subject))}
	words := biz.Sensitive(biz.Language)
	for _, name := range all[:len(all)-1] { // policies stand at their categories
		own, err := business.SettingsFile(biz.Dir, business.WordFile(name))
		if err != nil {
			return WordPage{}, err
		}
		s := WordSubject{Name: name, Own: len(business.WordEntries(own)), Shipped: len(moderation.Shipped(biz.Language, name))}
		if words != nil && name != "allow" {
			s.Caller, s.Bot = words.Policies(moderation.Category(name))
		}
		w.Subjects = append(w.Subjects, s)
	}
	return w, nil
}

// SaveWords writes a file of sensitive words with other entries.
func (b *Book) SaveWords(ctx context.Context, key, subject, stamp string, want []string, by string) (EditCheck, error) {
	if !slices.Contains(business.WordSubjects(), subject) {
		return EditCheck{}, ErrNoFile
	}
	return b.change(ctx, key, business.WordFile(subject), stamp, by, func(dir string, data []byte) (business.Edited, error) {
		return business.EditWords(dir, business.WordFile(subject), data, want)
	})
}
