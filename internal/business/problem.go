package business

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Severity says how bad a problem is.
type Severity string

// The severities. An error makes `hotline check` fail: something the owner wrote
// does not work. A warning is advice.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing wrong with a business's folder.
type Problem struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file"`           // relative to the folder
	Line     int      `json:"line,omitempty"` // of the file, from 1
	Row      int      `json:"row,omitempty"`  // of a table, from 1 below its heading
	Field    string   `json:"field,omitempty"`
	Code     string   `json:"code"`
	Message  string   `json:"message"` // in English; see In
	Cure     string   `json:"cure"`

	args []any
}

// In words the problem in a language, "zh" or "en".
func (p Problem) In(language string) (message, cure string) {
	t, ok := catalogue()[p.Code]
	if !ok {
		return p.Message, p.Cure
	}
	if language == "zh" {
		return fill(t.zh, p.args), fill(t.zhCure, p.args)
	}
	return fill(t.en, p.args), fill(t.enCure, p.args)
}

// Place is "file:line".
func (p Problem) Place() string {
	if p.Line > 0 {
		return p.File + ":" + strconv.Itoa(p.Line)
	}
	return p.File
}

// Text is "file:line: field: message — cure" in a language.
func (p Problem) Text(language string) string {
	message, cure := p.In(language)
	parts := []string{p.Place()}
	if p.Field != "" {
		parts = append(parts, p.Field)
	}
	text := strings.Join(append(parts, message), ": ")
	if cure != "" {
		text += " — " + cure
	}
	return text
}

func (p Problem) String() string { return p.Text("en") }

// Report is everything that is wrong with a folder.
type Report struct {
	Problems []Problem `json:"problems"`
}

func (r *Report) add(s Severity, at place, code string, args ...any) {
	p := Problem{Severity: s, File: at.file, Line: at.line, Row: at.row, Field: at.field, Code: code, args: args}
	p.Message, p.Cure = p.In("en")
	r.Problems = append(r.Problems, p)
}

// place is where a problem stands.
type place struct {
	file      string
	line, row int
	field     string
}

func (p place) at(field string) place {
	p.field = field
	return p
}

// Errors counts the errors.
func (r Report) Errors() int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity == Error {
			n++
		}
	}
	return n
}

// Warnings counts the warnings.
func (r Report) Warnings() int { return len(r.Problems) - r.Errors() }

// Err is nil when there are no errors, else the first of them with their number.
func (r Report) Err() error {
	for _, p := range r.Problems {
		if p.Severity == Error {
			if n := r.Errors(); n > 1 {
				return fmt.Errorf("%s (and %d more errors; see hotline check)", p, n-1)
			}
			return fmt.Errorf("%s", p)
		}
	}
	return nil
}

// Write prints the report for people, in a language, errors first, each file in
// its order. base is put before each file's name.
func (r Report) Write(w io.Writer, language, base string) error {
	sorted := slices.Clone(r.Problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		if a.Severity != b.Severity {
			return strings.Compare(string(a.Severity), string(b.Severity))
		}
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	word := map[Severity]string{Error: "error", Warning: "warning"}
	if language == "zh" {
		word = map[Severity]string{Error: "错误", Warning: "提醒"}
	}
	for _, p := range sorted {
		if base != "" {
			p.File = path.Join(base, p.File)
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", word[p.Severity], p.Text(language)); err != nil {
			return err
		}
	}
	return nil
}

// LanguageOf picks the language of messages from LANG and its like ("zh_CN.UTF-8"
// is "zh").
func LanguageOf(lang string) string {
	if strings.HasPrefix(strings.ToLower(lang), "zh") {
		return "zh"
	}
	return "en"
}
