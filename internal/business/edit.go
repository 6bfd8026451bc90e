package business

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"hotline/dialog/knowledge"
)

// Digest names the row's text, not its place: two rows of the same digest say the
// same. The id is not part of it.
func (r Row) Digest() string {
	h := sha256.New()
	for _, c := range columns() {
		if c.name != "id" {
			_, _ = fmt.Fprintf(h, "%s\x00%s\x00", c.name, r.field(c.name))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NewID is the id of a question that has none yet; taken tells of ids in use.
func NewID(question string, taken func(string) bool) string {
	id := makeID(question)
	for n := 2; taken(id); n++ {
		id = fmt.Sprintf("%s-%d", makeID(question), n)
	}
	return id
}

// PairsOf are those of rows that count on the line, with what begins its tasks, as its
// index takes them.
func (l Line) PairsOf(rows []Row) []knowledge.Pair {
	if l.Home == nil {
		return nil
	}
	return Pairs(rowsOn(l.Home.WithStarts(rows), l.RowName()), l.Home.Location)
}

// RowName is how rows call the line: by its name in the folder where they stand.
func (l Line) RowName() string {
	if l.From != "" {
		return l.From
	}
	return l.Name
}

// CheckRow is what `hotline check` says of a row among others of the business, which
// need not hold it yet.
func CheckRow(b *Business, others []Row, row Row) Report {
	var report Report
	c := checkerOf(b, others, &report)
	var names []string
	for _, l := range b.Lines {
		names = append(names, l.Name, l.From)
	}
	c.row(&row, names)
	return report
}

func checkerOf(b *Business, rows []Row, report *Report) checker {
	copied := *b
	copied.Knowledge = rows
	if copied.Location == nil {
		copied.Location = time.Local
	}
	return checker{folder: &folder{business: &copied, report: report, now: time.Now()}}
}

// RowLanguage is the language that the row is answered in.
func RowLanguage(b *Business, row Row) string { return checkerOf(b, nil, &Report{}).languageOf(&row) }

// RowSeconds estimates how long the row's answer takes to say.
func RowSeconds(b *Business, row Row) float64 {
	return Seconds(row.Speech(), RowLanguage(b, row)) / checkerOf(b, nil, &Report{}).rate()
}

// KnowledgeFile is one file of knowledge/ with what is wrong in it.
type KnowledgeFile struct {
	Name   string // relative to the business's folder
	Rows   []Row
	Report Report
}

// ReadKnowledgeDir reads every file of the folder's knowledge/.
func ReadKnowledgeDir(dir string) ([]KnowledgeFile, error) {
	names, err := knowledgeNames(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the knowledge of %s: %w", dir, err)
	}
	out := make([]KnowledgeFile, 0, len(names))
	for _, name := range names {
		k := KnowledgeFile{Name: path.Join(KnowledgeDir, name)}
		f := folder{business: &Business{Dir: dir, Location: time.Local}, report: &k.Report, now: time.Now()}
		k.Rows = f.file(filepath.Join(dir, KnowledgeDir, name), k.Name)
		out = append(out, k)
	}
	return out, nil
}

// KnowledgeStamp changes when a file of the folder's knowledge/ does.
func KnowledgeStamp(dir string) (string, error) {
	names, err := knowledgeNames(dir)
	if err != nil {
		return "", fmt.Errorf("looking at the knowledge of %s: %w", dir, err)
	}
	var b strings.Builder
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, KnowledgeDir, name))
		if err != nil {
			continue // taken away since
		}
		_, _ = fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	return b.String(), nil
}

func knowledgeNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, KnowledgeDir))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		// "~$x.xlsx" is what an open spreadsheet leaves behind.
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "~$") {
			names = append(names, name)
		}
	}
	return names, nil
}

// ParseKnowledge reads questions and answers that came as data; the name tells their
// kind by its ending and stands in the report.
func ParseKnowledge(name string, data []byte) ([]Row, Report) {
	var report Report
	f := folder{business: &Business{Location: time.Local}, report: &report, now: time.Now()}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	rows := f.parse(name, data)
	return rows, report
}
