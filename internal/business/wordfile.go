package business

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"hotline/dialog/moderation"
)

// WordSubjects are the files of moderation/ by their names without ending: a category of
// words each, the phrases in which nothing is found, and what follows from a category.
func WordSubjects() []string {
	var out []string
	for _, c := range moderation.Categories() {
		out = append(out, string(c))
	}
	return append(out, "allow", "policies")
}

// WordFile is the file of a subject, relative to the business's folder.
func WordFile(subject string) string { return ModerationDir + "/" + subject + ".txt" }

// WordEntries are the entries of a file of moderation/, in its order.
func WordEntries(data []byte) []string {
	out := []string{}
	for l := range strings.SplitSeq(string(data), "\n") {
		if entry, _ := wordLine(l); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

// wordLine parts an entry from its comment, as package moderation does.
func wordLine(line string) (entry, comment string) {
	line = strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), " \t\r")
	if k := strings.Index(line, " #"); k >= 0 {
		line, comment = line[:k], line[k:]
	}
	if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
		return "", line + comment
	}
	return line, comment
}

// wordKey is what an entry is about: two of the same say something else of it.
func wordKey(entry string) string {
	key, _, _ := strings.Cut(entry, "|")
	return strings.TrimSpace(key)
}

// EditWords is the text of a file of moderation/ with other entries: those that stay keep
// their lines and comments, one that says something else of the same is written in place,
// and new ones come last. It writes nothing.
func EditWords(dir, file string, data []byte, want []string) (Edited, error) {
	rest := []string{}
	for _, w := range want {
		w = strings.TrimSpace(w)
		if entry, comment := wordLine(w); entry != w || comment != "" || strings.ContainsAny(w, "\n\r") {
			return Edited{}, ErrNotPatched
		}
		if !slices.Contains(rest, w) {
			rest = append(rest, w)
		}
	}
	eol := "\n"
	if strings.Contains(string(data), "\r\n") {
		eol = "\r\n"
	}
	var made []string
	e := Edited{}
	for l := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n") {
		entry, comment := wordLine(l)
		if entry == "" {
			made = append(made, l)
			continue
		}
		i := slices.Index(rest, entry)
		if i < 0 {
			i = slices.IndexFunc(rest, func(w string) bool {
				return wordKey(w) == wordKey(entry) && !slices.Contains(WordEntries(data), w)
			})
			e.Changed = append(e.Changed, wordKey(entry))
			if i < 0 {
				continue
			}
			l = rest[i] + comment
		}
		made, rest = append(made, l), slices.Delete(rest, i, i+1)
	}
	if len(made) == 1 && made[0] == "" {
		made = nil
	}
	for _, w := range rest {
		made = append(made, w)
		e.Changed = append(e.Changed, wordKey(w))
	}
	e.Text = data
	if len(e.Changed) > 0 {
		e.Text = []byte(strings.Join(append(made, ""), eol))
	}
	_, e.Report = LoadWith(dir, file, e.Text)
	return e, nil
}

// withFile is a folder in which a file says something else.
type withFile struct {
	fs.FS // may be nil: nothing else is there

	name string
	data []byte
}

// ReadFile implements fs.ReadFileFS.
func (w withFile) ReadFile(name string) ([]byte, error) {
	switch {
	case name == w.name:
		return w.data, nil
	case w.FS == nil:
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(w.FS, name)
}

// ReadDir implements fs.ReadDirFS.
func (w withFile) ReadDir(name string) (list []fs.DirEntry, err error) {
	if w.FS != nil {
		list, err = fs.ReadDir(w.FS, name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return e.Name() == w.name })
	if w.data != nil {
		list = append(list, fs.FileInfoToDirEntry(textInfo{w.name, int64(len(w.data))}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Open implements fs.FS.
func (w withFile) Open(name string) (fs.File, error) {
	if name == w.name || w.FS == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid} // it is read by ReadFile
	}
	return w.FS.Open(name)
}

// textInfo is of a file that is a text.
type textInfo struct {
	name string
	size int64
}

func (i textInfo) Name() string     { return i.name }
func (i textInfo) Size() int64      { return i.size }
func (textInfo) Mode() fs.FileMode  { return 0o600 }
func (textInfo) ModTime() time.Time { return time.Time{} }
func (textInfo) IsDir() bool        { return false }
func (textInfo) Sys() any           { return nil }
