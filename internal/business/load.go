package business

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/internal/strict"
)

// File is the name of the file that makes a folder a business.
const File = "business.yaml"

// maxFile bounds what is read of one file.
const maxFile = 32 << 20

// Load reads the folder and checks it. The Business is never nil and holds what
// could be read; the Report says what is wrong, the whole folder at once. Only
// [Report.Err] tells whether it is fit to use.
func Load(dir string) (*Business, Report) { return LoadAt(dir, time.Now()) }

// LoadAt is Load on a given day: what has expired depends on it.
func LoadAt(dir string, now time.Time) (*Business, Report) {
	return loadWith(loader{now: now}, dir)
}

// LoadOver is Load of the folder as it would be with other tasks.
func LoadOver(dir string, over Overlay) (*Business, Report) {
	return loadWith(loader{now: time.Now(), over: over}, dir)
}

func loadWith(l loader, dir string) (*Business, Report) {
	l.open = map[string]bool{}
	b := l.folder(dir)
	return b, l.report
}

type loader struct {
	now    time.Time
	over   Overlay // of the folder that was asked for
	report Report
	open   map[string]bool // folders being read: a line may not lead back to its own
	main   string          // the folder that was asked for
	file   string          // one of its files that is as text says; "" for none
	text   []byte
}

func (l *loader) folder(dir string) *Business {
	b := &Business{Dir: dir, Location: time.Local}
	prefix := ""
	if l.main == "" {
		l.main = dir
	} else if rel, err := filepath.Rel(l.main, dir); err == nil {
		prefix = filepath.ToSlash(rel) + "/"
	}
	key, err := filepath.Abs(dir)
	if err != nil {
		key = dir
	}
	l.open[key] = true
	defer delete(l.open, key)

	f := folder{business: b, report: &l.report, prefix: prefix, now: l.now}
	if dir == l.main {
		f.instead, f.text = l.file, l.text
	}
	if prefix == "" {
		f.over = l.over
	}
	lines := f.settings()
	f.linked(l, lines)
	f.knowledge()
	f.sensitive()
	f.judging()
	f.tables()
	f.flows()
	f.intents()
	f.campaigns()
	f.check(lines)
	f.checkScripts()
	return b
}

// folder is one business while it is read.
type folder struct {
	business *Business
	report   *Report
	prefix   string // put before file names: the way from the folder asked for
	now      time.Time
	over     Overlay
	broken   bool   // business.yaml could not be read at all
	instead  string // a file that is as text says, whatever lies there
	text     []byte
}

func (f *folder) in(file string, line int) place { return place{file: f.prefix + file, line: line} }

// read is one of the folder's files.
func (f *folder) read(name string) ([]byte, error) {
	if f.instead == name {
		return f.text, nil
	}
	return readFile(filepath.Join(f.business.Dir, filepath.FromSlash(name)))
}

// settings reads business.yaml.
func (f *folder) settings() strict.Lines {
	b := f.business
	data, err := f.read(File)
	if err != nil {
		code := "unreadable"
		if errors.Is(err, fs.ErrNotExist) {
			code = "no_business"
		}
		f.report.add(Error, f.in(File, 0), code, reason(err))
		f.broken = true
		return strict.Lines{}
	}
	text, ok := decodeText(data)
	if !ok {
		f.report.add(Error, f.in(File, 1), "encoding")
	}
	root, problem := strict.Parse([]byte(text))
	if problem != nil {
		f.strict(File, *problem)
		f.broken = true
		return strict.Lines{}
	}
	problems, lines := root.Decode(b)
	for _, p := range problems {
		f.strict(File, p)
	}
	f.defaults(lines)
	return lines
}

// strict words a problem of the YAML reader.
func (f *folder) strict(file string, p strict.Problem) {
	at := f.in(file, p.Line).at(p.Path)
	switch p.Code {
	case strict.UnknownKey:
		at = at.at(strict.Join(p.Path, p.Value))
		if p.Near != "" {
			f.report.add(Error, at, "unknown_key_near", p.Value, p.Near)
		} else {
			f.report.add(Error, at, "unknown_key", p.Value, strings.Join(p.Known, ", "))
		}
	case strict.Duplicate:
		f.report.add(Error, at, "duplicate_key", p.Value)
	case strict.WrongType, strict.BadValue:
		f.report.add(Error, at, "wrong_value", p.Value, p.Want)
	case strict.Syntax:
		f.report.add(Error, at, "syntax", p.Detail)
	}
}

// defaults fills what a business or a line may leave out.
func (f *folder) defaults(lines strict.Lines) {
	b := f.business
	if b.Language == "" {
		b.Language = "zh"
	}
	if b.Timezone == "" {
		b.Timezone = "Asia/Shanghai"
		if b.Language == "en" {
			b.Timezone = "America/New_York"
		}
	}
	loc, err := time.LoadLocation(b.Timezone)
	if err != nil {
		f.report.add(Error, f.in(File, lines.Of("timezone")).at("timezone"), "timezone", b.Timezone)
		loc = time.Local
	}
	b.Location, b.Hours.location = loc, loc
	b.Limits = b.Limits.Over(DefaultLimits())
	if b.Escalation.Ring == 0 {
		b.Escalation.Ring = 20 * time.Second
	}
	if b.Escalation.Wait == 0 {
		b.Escalation.Wait = time.Minute
	}
	b.queueDefaults()
	for i := range b.Lines {
		l := &b.Lines[i]
		l.Home = b
		l.own = lineOwn{l.Language, l.Voice, l.Rate}
		if l.Language == "" {
			l.Language = b.Language
		}
		if l.Voice == "" {
			l.Voice = b.Voices[l.Language]
		}
		if l.Rate == 0 {
			l.Rate = 1
		}
		l.Limits = l.Limits.Over(b.Limits)
	}
	// A skill may list its agents, an agent its skills; afterwards both say all.
	for i := range b.Agents {
		for _, s := range b.Skills {
			if slices.Contains(s.Agents, b.Agents[i].Name) && !slices.Contains(b.Agents[i].Skills, s.Name) {
				b.Agents[i].Skills = append(b.Agents[i].Skills, s.Name)
			}
		}
	}
}

// linked reads the folders that lines are taken from.
func (f *folder) linked(l *loader, lines strict.Lines) {
	b := f.business
	homes := map[string]*Business{}
	for i := range b.Lines {
		line := &b.Lines[i]
		if line.Business == "" {
			continue
		}
		path := pathOf("lines", i)
		at := f.in(File, lines.Of(path+".business")).at(path + ".business")
		dir := filepath.Join(b.Dir, filepath.FromSlash(line.Business))
		key, err := filepath.Abs(dir)
		if err != nil || l.open[key] {
			f.report.add(Error, at, "business_loop", line.Business)
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
			f.report.add(Error, at, "business_missing", line.Business)
			continue
		}
		home, seen := homes[key]
		if !seen {
			home = l.folder(dir)
			homes[key] = home
		}
		f.take(line, home, at)
	}
}

// take makes line answer as home's line does.
func (f *folder) take(line *Line, home *Business, at place) {
	from, ok := home.LineNamed(line.From)
	if line.From == "" {
		from, ok = Find([]*Business{home}, "")
	}
	if !ok {
		f.report.add(Error, at, "line_missing", line.Business, line.From)
		return
	}
	from.Name, from.Numbers, from.Default = line.Name, line.Numbers, line.Default
	from.Business, from.From, from.OtherLanguages = line.Business, from.Name, line.OtherLanguages
	*line = from
}

// readFile reads a file that a person put there: not a folder, not without end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errTooLarge
	}
	return os.ReadFile(path) //nolint:gosec // a file of the owner's own folder
}

var errTooLarge = errors.New("not a file, or larger than 32 MB")

// reason is an error without the path, which the report names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
