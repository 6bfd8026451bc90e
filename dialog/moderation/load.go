package moderation

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

//go:embed lists
var shipped embed.FS

// Problem is what is wrong in a file.
type Problem struct {
	File string
	Line int // 0: the file as a whole
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// An entry is one line of a file.
type entry struct {
	category Category
	text     string // without marks and policy
	policy   Policy // "" is the category's
	sound    byte   // '~' by sound alone, '=' never by sound
}

const (
	maxEntry   = 60      // characters of an entry
	maxFile    = 4 << 20 // bytes of a file
	maxEntries = 200_000 // of all files
	allowFile  = "allow" // phrases in which nothing is found
	policyFile = "policies"
)

// The shipped lists as they are, built once: most businesses add nothing to them, and
// a Matcher never changes.
var (
	shippedChinese = sync.OnceValues(func() (*Matcher, []Problem) { return load([]string{"zh", "en"}, nil) })
	shippedEnglish = sync.OnceValues(func() (*Matcher, []Problem) { return load([]string{"en"}, nil) })
)

// Load returns the Matcher of a language ("zh" also reads the English lists, since
// callers mix) from the shipped lists and the files of a business's folder, which
// may be nil. Wrong lines are left out and reported.
func Load(language string, overrides fs.FS) (*Matcher, []Problem) {
	chinese := language == "" || lang.Chinese(language)
	switch {
	case overrides == nil && chinese:
		return shippedChinese()
	case overrides == nil:
		return shippedEnglish()
	case chinese:
		return load([]string{"zh", "en"}, overrides)
	}
	return load([]string{"en"}, overrides)
}

func load(names []string, overrides fs.FS) (*Matcher, []Problem) {
	l := loader{
		byText: map[string]int{},
		caller: maps.Clone(defaults),
		bot:    map[Category]Policy{},
	}
	for _, c := range Categories() {
		l.bot[c] = Block
	}
	l.bot[Danger] = Pass // who tells what to do must name it
	for _, name := range names {
		sub, err := fs.Sub(shipped, "lists/"+name)
		if err != nil {
			l.problems = append(l.problems, Problem{File: name, Text: err.Error()})
			continue
		}
		l.folder(sub)
	}
	if overrides != nil {
		l.folder(overrides)
	}
	entries := slices.DeleteFunc(l.entries, func(e entry) bool { return e.text == "" })
	return build(entries, l.allowed, l.caller, l.bot), l.problems
}

type loader struct {
	entries  []entry
	byText   map[string]int // category and text → entries
	allowed  []string
	caller   map[Category]Policy
	bot      map[Category]Policy
	problems []Problem
}

func (l *loader) report(file string, line int, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// folder reads every *.txt of a folder.
func (l *loader) folder(files fs.FS) {
	list, err := fs.ReadDir(files, ".")
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.report(".", 0, "reading the folder: %v", err)
		}
		return
	}
	for _, f := range list {
		name := f.Name()
		if f.IsDir() || path.Ext(name) != ".txt" {
			continue
		}
		info, err := f.Info()
		if err == nil && info.Size() > maxFile {
			l.report(name, 0, "larger than %d bytes; split it or take entries out", maxFile)
			continue
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			l.report(name, 0, "reading it: %v", err)
			continue
		}
		if !utf8.Valid(data) {
			l.report(name, 0, "not UTF-8; save it as UTF-8")
			continue
		}
		subject := strings.TrimSuffix(name, ".txt")
		if subject != allowFile && subject != policyFile && !slices.Contains(Categories(), Category(subject)) {
			l.report(name, 0, "no category is called %q; there are %s", subject, categoryNames())
			continue
		}
		n := 0
		for line := range strings.SplitSeq(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
			n++
			line = strings.TrimSpace(line)
			if k := strings.Index(line, " #"); k >= 0 {
				line = strings.TrimSpace(line[:k])
			}
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			switch subject {
			case allowFile:
				l.allowed = append(l.allowed, line)
			case policyFile:
				l.policies(name, n, line)
			default:
				l.entry(name, n, Category(subject), line)
			}
		}
	}
}

func categoryNames() string {
	var names []string
	for _, c := range Categories() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// policies reads "category | caller | bot".
func (l *loader) policies(file string, n int, line string) {
	fields := strings.Split(line, "|")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	c := Category(fields[0])
	if !slices.Contains(Categories(), c) {
		l.report(file, n, "no category is called %q; there are %s", c, categoryNames())
		return
	}
	if len(fields) < 2 || len(fields) > 3 {
		l.report(file, n, "write: category | caller's policy, or: category | caller's policy | bot's policy")
		return
	}
	if _, ok := severity[Policy(fields[1])]; !ok {
		l.report(file, n, "%q is no policy for callers; there are pass, calm, warn, transfer, end, safety, crisis", fields[1])
		return
	}
	l.caller[c] = Policy(fields[1])
	if len(fields) == 3 {
		if p := Policy(fields[2]); p != Block && p != Pass {
			l.report(file, n, "%q is no policy for the bot; there are block and pass", p)
			return
		}
		l.bot[c] = Policy(fields[2])
	}
}

func (l *loader) entry(file string, n int, c Category, line string) {
	text, policy, has := strings.Cut(line, "|")
	e := entry{category: c, text: strings.TrimSpace(text)}
	if has {
		e.policy = Policy(strings.TrimSpace(policy))
		if _, ok := severity[e.policy]; !ok {
			l.report(file, n, "%q is no policy; there are pass, calm, warn, transfer, end, safety, crisis", e.policy)
			return
		}
	}
	remove := false
	switch e.text[:min(1, len(e.text))] {
	case "~", "=":
		e.sound = e.text[0]
		e.text = strings.TrimSpace(e.text[1:])
	case "-":
		remove = true
		e.text = strings.TrimSpace(e.text[1:])
	}
	key := string(c) + "\x00" + e.text
	at, known := l.byText[key]
	switch {
	case remove && !known:
		l.report(file, n, "%q is in no list before, nothing to take out", e.text)
	case remove:
		l.entries[at] = entry{}
		delete(l.byText, key)
	case utf8.RuneCountInString(e.text) > maxEntry:
		l.report(file, n, "longer than %d characters", maxEntry)
	case len(l.entries) >= maxEntries:
		l.report(file, n, "more than %d entries", maxEntries)
	default:
		if err := checkEntry(e.text); err != "" {
			l.report(file, n, "%q: %s", e.text, err)
			return
		}
		if known {
			l.entries[at] = e
			return
		}
		l.byText[key] = len(l.entries)
		l.entries = append(l.entries, e)
	}
}

// checkEntry says what is wrong with an entry, "" for nothing.
func checkEntry(text string) string {
	for part := range strings.SplitSeq(text, "…") {
		s := symbols(part)
		switch {
		case len(s) == 0:
			return "no letter in it, or in a part of it"
		case len(s) == 1 && !strings.Contains(text, "…"):
			return "a single character would hit everywhere"
		}
	}
	return ""
}

// Shipped are the entries of the lists that come with hotline, by their file's name
// without ending, for a language; those who speak Chinese mix English in.
func Shipped(language, subject string) []string {
	names := []string{"en"}
	if language == "" || lang.Chinese(language) {
		names = []string{"zh", "en"}
	}
	var out []string
	for _, name := range names {
		data, err := shipped.ReadFile("lists/" + name + "/" + subject + ".txt")
		if err != nil {
			continue // there is none for this language
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
	}
	return out
}

// Policies are what follows from a category on the caller's side and on the bot's.
func (m *Matcher) Policies(c Category) (caller, bot Policy) { return m.caller[c], m.bot[c] }
