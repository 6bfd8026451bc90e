package business

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	Added     int      `json:"added"`
	Changed   int      `json:"changed"`
	Unchanged int      `json:"unchanged"`
	Files     []string `json:"files"` // written, relative to the folder
}

// ImportFile is where an import puts questions that are new.
const ImportFile = KnowledgeDir + "/imported.csv"

// Import reads a file of questions and answers and merges it into the folder: a
// row with an id or a question that is known replaces that row in its file, the
// others are added to [ImportFile]. Nothing is written if the file has errors or a
// row to be changed stands in a file that is not CSV; the Report tells.
func Import(dir, file string) (Imported, Report, error) {
	var done Imported
	rows, report := ReadKnowledge(file)
	f := folder{business: &Business{Dir: dir}, report: &report}
	var stored Report
	have := folder{business: &Business{Dir: dir}, report: &stored}
	have.knowledge()
	old := have.business.Knowledge

	byID, byQuestion := map[string]int{}, map[string]int{}
	for i, r := range old {
		byID[r.ID] = i
		byQuestion[Fold(r.Question)] = i
	}
	touched := map[string]bool{}
	for _, r := range rows {
		at := place{file: r.File, line: r.Line}
		if r.Question == "" {
			f.report.add(Error, at.at("question"), "question_empty")
			continue
		}
		if r.Answer == "" && r.Spoken == "" && r.Flow == "" {
			f.report.add(Error, at.at("answer"), "answer_empty")
			continue
		}
		i, known := byID[r.ID]
		if !known {
			i, known = byQuestion[Fold(r.Question)]
		}
		if !known {
			r.File = ImportFile
			byID[r.ID], byQuestion[Fold(r.Question)] = len(old), len(old)
			old = append(old, r)
			touched[ImportFile] = true
			done.Added++
			continue
		}
		if r.madeID {
			r.ID, r.madeID = old[i].ID, old[i].madeID
		}
		r.File, r.Line = old[i].File, old[i].Line
		if same(r, old[i]) {
			done.Unchanged++
			continue
		}
		if !strings.EqualFold(filepath.Ext(r.File), ".csv") {
			f.report.add(Error, at, "import_place", old[i].File)
			continue
		}
		old[i] = r
		touched[r.File] = true
		done.Changed++
	}
	for _, p := range stored.Problems {
		if p.Severity == Error && touched[p.File] {
			// Writing a file back that was not read whole would lose what was not.
			report.Problems = append(report.Problems, p)
		}
	}
	if report.Errors() > 0 {
		return Imported{}, report, nil
	}
	for name := range touched {
		if err := writeBack(dir, name, old); err != nil {
			return done, report, err
		}
		done.Files = append(done.Files, name)
	}
	slices.Sort(done.Files)
	return done, report, nil
}

func same(a, b Row) bool {
	for _, c := range columns() {
		if a.field(c.name) != b.field(c.name) {
			return false
		}
	}
	return true
}

// writeBack replaces one file of the folder by its rows, at once. Headings stay in
// the language they were in.
func writeBack(dir, name string, rows []Row) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	language := "en"
	if data, err := readFile(path); err == nil {
		text, _ := decodeText(data)
		head, _, _ := strings.Cut(text, "\n")
		if strings.Contains(head, "问题") || strings.Contains(head, "标准问") {
			language = "zh"
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s before writing it: %w", name, err)
	}
	var mine []Row
	for _, r := range rows {
		if r.File == name {
			mine = append(mine, r)
		}
	}
	return replaceFile(path, func(w io.Writer) error { return Export(w, mine, language) })
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
