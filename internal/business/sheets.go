package business

import (
	"hotline/internal/quality"
)

// SheetRules are the score sheets of quality.yaml, as a form holds them.
type SheetRules struct {
	PerAgent int         `json:"per_agent" doc:"calls of each agent that are looked at in a week"`
	Bot      int         `json:"bot" doc:"calls of the bot"`
	Least    int         `json:"least_s" doc:"how long a call lasts at least to be chosen"`
	Sheets   []SheetRule `json:"sheets" maxItems:"20"`
}

// SheetRule is a quality.Sheet; its name does not change.
type SheetRule struct {
	Name  string     `json:"name" maxLength:"64"`
	Title string     `json:"title" maxLength:"100"`
	For   []string   `json:"for" doc:"agents, bot"`
	Lines []string   `json:"lines" doc:"whose calls it is for; empty: all"`
	Pass  int        `json:"pass"`
	Items []SheetRow `json:"items" maxItems:"60"`
}

// SheetRow is a quality.SheetItem; its id does not change.
type SheetRow struct {
	ID       string       `json:"id" maxLength:"64"`
	Title    string       `json:"title" maxLength:"200"`
	Help     string       `json:"help,omitempty" maxLength:"500"`
	Points   int          `json:"points"`
	Rule     quality.Rule `json:"rule,omitempty" doc:"what finds it out; empty: the reviewer"`
	Knockout bool         `json:"knockout,omitempty"`
	Phrases  []string     `json:"phrases"`
	Words    []string     `json:"words"`
	Limit    int          `json:"limit_s,omitempty"`
	Times    int          `json:"times,omitempty"`
}

func sheetRules(s quality.Sheets) SheetRules {
	out := SheetRules{PerAgent: s.Sample.PerAgent, Bot: s.Sample.Bot, Least: whole(s.Sample.Least), Sheets: []SheetRule{}}
	for _, x := range s.Sheets {
		sheet := SheetRule{Name: x.Name, Title: x.Title, For: some(x.For), Lines: some(x.Lines), Pass: x.Pass, Items: []SheetRow{}}
		for _, i := range x.Items {
			sheet.Items = append(sheet.Items, SheetRow{i.ID, i.Title, i.Help, i.Points, i.Rule, i.Knockout, some(i.Phrases), some(i.Words), whole(i.Limit), i.Times})
		}
		out.Sheets = append(out.Sheets, sheet)
	}
	return out
}

func (r SheetRules) settings() []setting {
	out := []setting{{"sample.per_agent", zero(count(r.PerAgent), "0")}, {"sample.bot", zero(count(r.Bot), "0")}, {"sample.least", duration(r.Least)}}
	for i, s := range r.Sheets {
		at := pathOf("sheets", i) + "."
		out = append(out, setting{at + "title", text(s.Title)}, setting{at + "for", listOf(s.For, text)}, setting{at + "lines", listOf(s.Lines, text)}, setting{at + "pass", count(s.Pass)})
		for j, x := range s.Items {
			at := pathOf(at+"items", j) + "."
			out = append(out,
				setting{at + "title", text(x.Title)}, setting{at + "help", text(x.Help)}, setting{at + "points", count(x.Points)}, setting{at + "rule", text(string(x.Rule))},
				setting{at + "knockout", yes(x.Knockout)}, setting{at + "phrases", listOf(x.Phrases, text)}, setting{at + "words", listOf(x.Words, text)},
				setting{at + "limit", duration(x.Limit)}, setting{at + "times", count(x.Times)})
		}
	}
	return out
}

// ReadSheets are the sheets of a quality.yaml, what is left out left out; those of ours in
// a language where there is no file.
func ReadSheets(data []byte, language string) SheetRules {
	if data == nil {
		data = quality.Shipped(language)
	}
	s, _ := quality.Read(data)
	return sheetRules(s)
}

// EditSheets is the text of a folder's quality.yaml with other sheets, as EditRules is of
// business.yaml; without a file it is made of ours.
func EditSheets(dir string, data []byte, want SheetRules) (Edited, error) {
	begin := data
	if data == nil {
		b, _ := Load(dir)
		begin = quality.Shipped(b.Language)
	}
	e := editing{made: string(begin)}
	name := func(s SheetRule) string { return s.Name }
	id := func(x SheetRow) string { return x.ID }
	if err := e.arrange("sheets", "name", names(ReadSheets([]byte(e.made), "").Sheets, name), names(want.Sheets, name)); err != nil {
		return Edited{}, err
	}
	for i, s := range want.Sheets {
		had := ReadSheets([]byte(e.made), "")
		if i >= len(had.Sheets) || had.Sheets[i].Name != s.Name {
			return Edited{}, ErrNotPatched
		}
		if err := e.arrange(pathOf("sheets", i)+".items", "id", names(had.Sheets[i].Items, id), names(s.Items, id)); err != nil {
			return Edited{}, err
		}
	}
	if err := e.put(ReadSheets([]byte(e.made), "").settings(), want.settings()); err != nil {
		return Edited{}, err
	}
	return e.done(dir, quality.File, begin, want.settings(), func(*Business) []setting {
		return ReadSheets([]byte(e.made), "").settings()
	})
}
