package business

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// field is a row's text in a column.
func (r Row) field(column string) string {
	switch column {
	case "id":
		if r.madeID {
			return ""
		}
		return r.ID
	case "question":
		return r.Question
	case "answer":
		return r.Answer
	case "variants":
		return strings.Join(r.Variants, "|")
	case "category":
		return r.Category
	case "scene":
		return r.Scene
	case "valid_from":
		return r.ValidFrom.String()
	case "valid_to":
		return r.ValidTo.String()
	case "topic":
		return r.Topic
	case "skill":
		return r.Skill
	case "line":
		return strings.Join(r.Lines, "|")
	case "spoken":
		return r.Spoken
	case "follow_up":
		return r.FollowUp
	case "flow":
		return r.Flow
	case "note":
		return r.Note
	}
	return ""
}

// Export writes rows as the CSV that Load reads: UTF-8 with a byte order mark, so
// that spreadsheets see Chinese, headings in language ("zh", "en"), only the
// columns that some row uses. Reading it back gives the same rows.
func Export(w io.Writer, rows []Row, language string) error {
	var names, heads []string
	for _, c := range columns() {
		used := c.name == "question" || c.name == "answer" || c.name == "variants"
		used = used || slices.ContainsFunc(rows, func(r Row) bool { return r.field(c.name) != "" })
		if !used {
			continue
		}
		names = append(names, c.name)
		if language == "zh" {
			heads = append(heads, c.chinese)
		} else {
			heads = append(heads, c.name)
		}
	}
	var b strings.Builder
	b.WriteString("\ufeff")
	line := func(fields []string) {
		for i, f := range fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteCSV(f))
		}
		b.WriteByte('\n')
	}
	line(heads)
	fields := make([]string, len(names))
	for _, r := range rows {
		for i, n := range names {
			fields[i] = escape(r.field(n))
		}
		line(fields)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write knowledge: %w", err)
	}
	return nil
}

func quoteCSV(s string) string {
	if !strings.ContainsAny(s, ",;\t\"\r\n") && strings.TrimSpace(s) == s {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// formula begins what a spreadsheet would run as a formula when it opens the file.
const formula = "=+-@"

// escape keeps a spreadsheet from running a cell; unescape takes it off again.
func escape(s string) string {
	if rest := strings.TrimLeft(s, "'"); rest != "" && strings.ContainsRune(formula, rune(rest[0])) {
		return "'" + s
	}
	return s
}

func unescape(s string) string {
	if rest := strings.TrimLeft(s, "'"); len(rest) < len(s) && rest != "" && strings.ContainsRune(formula, rune(rest[0])) {
		return s[1:]
	}
	return s
}

// Imported counts what an import did.
type Imported struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	// Duplicates are questions left out: they stand elsewhere with the same answer.
	Duplicates int      `json:"duplicates"`
	Files      []string `json:"files"` // written, relative to the folder
}

// ImportFile is where an import puts questions that are new.
const ImportFile = KnowledgeDir + "/imported.csv"

// Import reads a file of questions and answers and merges it into the folder: a row
// replaces that of its id or, without one, that of its question, in the file where it
// stands; the others go to [ImportFile]. Nothing is written if the file has errors;
// the Report tells, of contradictions and repetitions too. near may be nil; see
// [Compare].
func Import(b *Business, file string, near func(Row) (Row, bool)) (Imported, Report, error) {
	var done Imported
	rows, report := ReadKnowledge(file)
	plan := Compare(b, b.Knowledge, rows, &report, near)
	if report.Errors() > 0 {
		return done, report, nil
	}
	touched := map[string][]Row{}
	for _, p := range plan {
		switch p.Kind {
		case PlanAdd:
			done.Added++
			touched[ImportFile] = append(touched[ImportFile], p.Row)
		case PlanChange:
			done.Changed++
			touched[p.Before.File] = append(touched[p.Before.File], p.Row)
		case PlanSame:
			done.Unchanged++
		case PlanDuplicate:
			done.Duplicates++
		}
	}
	for name, rows := range touched {
		if err := WriteRows(b.Dir, name, rows, nil); err != nil {
			return done, report, err
		}
		done.Files = append(done.Files, name)
	}
	slices.Sort(done.Files)
	return done, report, nil
}

// replaceFile writes beside path and moves it there: a crash leaves the old file.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the error that counts is the one returned
		}
	}()
	if err = errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Chmod(f.Name(), 0o640); err != nil { //nolint:gosec // the owner's group edits the folder too
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
