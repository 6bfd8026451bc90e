package business

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// ConsoleFile is where questions that were written in the console go.
const ConsoleFile = KnowledgeDir + "/console.csv"

// WriteRows puts rows into one file of the folder, each in place of that of its id
// or behind the others, and takes those of the ids in drop away. The file stays of
// its kind, and what is not concerned stays as it was, letter by letter where the
// file can be edited so. It is replaced at once or not at all.
func WriteRows(dir, name string, put []Row, drop []string) error {
	file, sheet, _ := strings.Cut(name, "#")
	target := filepath.Join(dir, filepath.FromSlash(file))
	data, err := readFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s before writing it: %w", name, err)
	}
	had, report := parseFile(file, data)
	if data == nil {
		had, report = nil, Report{}
	}
	if err := report.Err(); err != nil {
		// Writing back what was not read whole would lose the rest.
		return fmt.Errorf("%s has errors, correct them first: %w", name, err)
	}
	w := writing{name: file, sheet: sheet, data: data, want: slices.Clone(had)}
	for i, r := range w.want {
		if j := slices.IndexFunc(put, func(p Row) bool { return p.ID == r.ID }); j >= 0 {
			changed := put[j]
			changed.File, changed.Line = r.File, r.Line
			changed.madeID = r.madeID && Fold(r.Question) == Fold(changed.Question)
			w.want[i] = changed
		}
	}
	w.changed = func(r Row) bool { return slices.ContainsFunc(put, func(p Row) bool { return p.ID == r.ID }) }
	w.want = slices.DeleteFunc(w.want, func(r Row) bool { return slices.Contains(drop, r.ID) })
	for _, p := range put {
		if !slices.ContainsFunc(had, func(r Row) bool { return r.ID == p.ID }) {
			p.File, p.Line, p.madeID = name, 0, p.madeID && p.ID == makeID(p.Question)
			w.want = append(w.want, p)
		}
	}
	w.had = had
	out, err := w.make()
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return replaceFile(target, func(to io.Writer) error {
		_, err := to.Write(out)
		return err
	})
}

func parseFile(name string, data []byte) ([]Row, Report) {
	var report Report
	f := folder{business: &Business{Location: time.Local}, report: &report, now: time.Now()}
	return f.parse(name, data), report
}

// writing is one file on its way to its new rows.
type writing struct {
	name, sheet string
	data        []byte
	had, want   []Row
	changed     func(Row) bool
}

func (w writing) make() ([]byte, error) {
	var made []byte
	var err error
	switch strings.ToLower(filepath.Ext(w.name)) {
	case ".xlsx", ".xlsm":
		made, err = w.workbook()
	case ".yaml", ".yml":
		if made = w.spliced(w.yamlItem); !w.right(made) {
			made = w.wholeYAML()
		}
	default:
		if made = w.spliced(w.csvRecord()); !w.right(made) {
			made, err = w.wholeCSV()
		}
	}
	if err == nil && !w.right(made) {
		err = errors.New("the file would not read back as it should; change it by hand")
	}
	return made, err
}

// right reports whether data reads back as the rows that are wanted.
func (w writing) right(data []byte) bool {
	if data == nil {
		return false
	}
	rows, report := parseFile(w.name, data)
	return report.Errors() == 0 && slices.EqualFunc(rows, w.want, func(a, b Row) bool { return a.ID == b.ID && a.Digest() == b.Digest() })
}

// spliced replaces the lines of changed rows and leaves the others alone; nil where
// that cannot be done. item words a row; first is the line that it stood on.
func (w writing) spliced(item func(r Row, first string) (string, bool)) []byte {
	text, ok := decodeText(w.data)
	if !ok || len(w.had) == 0 {
		return nil
	}
	lines := strings.SplitAfter(text, "\n")
	end := "\n"
	if strings.HasSuffix(lines[0], "\r\n") {
		end = "\r\n"
	}
	starts := make([]int, 0, len(w.had)+1)
	for _, r := range w.had {
		if r.Line < 1 || r.Line > len(lines) || len(starts) > 0 && r.Line-1 <= starts[len(starts)-1] {
			return nil
		}
		starts = append(starts, r.Line-1)
	}
	starts = append(starts, len(lines))
	var b strings.Builder
	if bytes.HasPrefix(w.data, []byte("\xef\xbb\xbf")) || !strings.HasPrefix(text, string(w.data[:min(4, len(w.data))])) {
		b.WriteString("\ufeff") // it was there, or what was no UTF-8 becomes it
	}
	b.WriteString(strings.Join(lines[:starts[0]], ""))
	put := func(r Row, first string) bool {
		s, ok := item(r, first)
		if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
			b.WriteString(end)
		}
		b.WriteString(strings.ReplaceAll(s, "\n", end))
		return ok
	}
	next := 0
	for i, r := range w.had {
		own := lines[starts[i]:starts[i+1]]
		kept := len(own) // what follows: empty lines and comments on the next row
		for kept > 1 && (strings.TrimSpace(own[kept-1]) == "" || strings.HasPrefix(strings.TrimSpace(own[kept-1]), "#")) {
			kept--
		}
		if next < len(w.want) && w.want[next].ID == r.ID {
			if w.changed(r) {
				if !put(w.want[next], own[0]) {
					return nil
				}
			} else {
				b.WriteString(strings.Join(own[:kept], ""))
			}
			next++
		}
		b.WriteString(strings.Join(own[kept:], ""))
	}
	for _, r := range w.want[next:] {
		if !put(r, lines[starts[0]]) {
			return nil
		}
	}
	return []byte(b.String())
}

// csvRecord words rows by the headings that the file has.
func (w writing) csvRecord() func(Row, string) (string, bool) {
	text, _ := decodeText(w.data)
	comma := string(separator(text))
	records, _ := readCSV(text)
	return func(r Row, _ string) (string, bool) {
		if len(records) == 0 {
			return "", false
		}
		used := map[string]bool{}
		fields := make([]string, len(records[0].fields))
		for i, h := range records[0].fields {
			if c, ok := headingOf(h); ok {
				used[c] = true
				fields[i] = quoteCSV(escape(r.field(c)))
			}
		}
		for _, c := range columns() {
			if !used[c.name] && r.field(c.name) != "" {
				return "", false
			}
		}
		return strings.Join(fields, comma) + "\n", true
	}
}

func (w writing) wholeCSV() ([]byte, error) {
	language := "zh"
	if text, _ := decodeText(w.data); len(w.data) > 0 {
		head, _, _ := strings.Cut(text, "\n")
		if !strings.Contains(head, "问") {
			language = "en"
		}
	}
	var b bytes.Buffer
	err := Export(&b, w.want, language)
	return b.Bytes(), err
}

// yamlItem words a row as an item of the list in which first stood.
func (w writing) yamlItem(r Row, first string) (string, bool) {
	indent, ok := strings.CutSuffix(first[:len(first)-len(strings.TrimLeft(first, " -"))], "- ")
	if !ok || strings.Trim(indent, " ") != "" {
		return "", false
	}
	return yamlText(r, indent), true
}

func (w writing) wholeYAML() []byte { return []byte(ExportYAML(w.want)) }

// ExportYAML writes rows as the YAML that Load reads.
func ExportYAML(rows []Row) string {
	if len(rows) == 0 {
		return "[]\n"
	}
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(yamlText(r, ""))
	}
	return b.String()
}

func yamlText(r Row, indent string) string {
	var b strings.Builder
	mark := "- "
	add := func(key, value string) {
		b.WriteString(indent + mark + key + ": " + value + "\n")
		mark = "  "
	}
	for _, c := range columns() {
		switch list := map[string][]string{"variants": r.Variants, "line": r.Lines}[c.name]; {
		case r.field(c.name) == "":
		case c.name == "variants" || c.name == "line":
			quoted := make([]string, len(list))
			for i, s := range list {
				quoted[i] = quoteYAML(s)
			}
			add(c.name, "["+strings.Join(quoted, ", ")+"]")
		default:
			add(c.name, quoteYAML(r.field(c.name)))
		}
	}
	return b.String()
}

// quoteYAML writes a string as JSON does, which YAML 1.2 takes for the same.
func quoteYAML(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes, and a builder always takes it
	return strings.TrimSuffix(b.String(), "\n")
}

// workbook changes cells and leaves the rest of the book, its other sheets and looks.
func (w writing) workbook() (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // the library's, on a damaged file
			err = fmt.Errorf("the workbook is damaged: %v", r)
		}
	}()
	if w.data == nil {
		return exportWorkbook(w.want)
	}
	book, err := excelize.OpenReader(bytes.NewReader(w.data), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	sheets := map[string]*bookSheet{}
	sheetOf := func(file string) (*bookSheet, error) {
		_, name, _ := strings.Cut(file, "#")
		if name == "" {
			name = book.GetSheetName(0)
		}
		if sheets[name] != nil {
			return sheets[name], nil
		}
		s, err := openSheet(book, name)
		sheets[name] = s
		return s, err
	}
	var gone []Row
	for _, r := range w.had {
		if !slices.ContainsFunc(w.want, func(x Row) bool { return x.ID == r.ID }) {
			gone = append(gone, r)
		}
	}
	for _, r := range w.want {
		if r.Line > 0 && !w.changed(r) {
			continue
		}
		s, err := sheetOf(r.File)
		if err == nil {
			err = s.put(book, r)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, r := range slices.Backward(gone) {
		s, err := sheetOf(r.File)
		if err == nil {
			err = book.RemoveRow(s.name, r.Line)
		}
		if err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err = book.Write(&b)
	return b.Bytes(), err
}

// bookSheet is a sheet with the columns of its headings.
type bookSheet struct {
	name    string
	head    int // row of the headings, from 1
	columns map[string]int
	width   int
	last    int // last row that is used
}

func openSheet(book *excelize.File, name string) (*bookSheet, error) {
	rows, err := book.GetRows(name, excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, err
	}
	s := &bookSheet{name: name, columns: map[string]int{}, last: len(rows)}
	for i, row := range rows {
		if !hasHeadings(row) {
			continue
		}
		s.head, s.width = i+1, len(row)
		for n, h := range row {
			if c, ok := headingOf(h); ok {
				s.columns[c] = n + 1
			}
		}
		return s, nil
	}
	return nil, fmt.Errorf("the sheet %s has no headings", name)
}

// put writes a row where it stood, or below the others.
func (s *bookSheet) put(book *excelize.File, r Row) error {
	line := r.Line
	if line == 0 {
		s.last++
		line = s.last
	}
	for _, c := range columns() {
		n, ok := s.columns[c.name]
		if !ok {
			if r.field(c.name) == "" {
				continue
			}
			s.width++
			n, s.columns[c.name] = s.width, s.width
			if err := setCell(book, s.name, n, s.head, c.name); err != nil {
				return err
			}
		}
		if err := setCell(book, s.name, n, line, escape(r.field(c.name))); err != nil {
			return err
		}
	}
	return nil
}

func setCell(book *excelize.File, sheet string, column, row int, value string) error {
	cell, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	return book.SetCellStr(sheet, cell, value)
}

// ExportWorkbook writes rows as the Excel workbook that Load reads.
func ExportWorkbook(w io.Writer, rows []Row) error {
	data, err := exportWorkbook(rows)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("write knowledge: %w", err)
	}
	return nil
}

func exportWorkbook(rows []Row) (out []byte, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	s := &bookSheet{name: book.GetSheetName(0), head: 1, columns: map[string]int{}, last: 1}
	for _, c := range []string{"id", "question", "answer", "variants"} {
		s.width++
		s.columns[c] = s.width
		if err := setCell(book, s.name, s.width, 1, c); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		r.Line = 0
		if err := s.put(book, r); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err = book.Write(&b)
	return b.Bytes(), err
}
