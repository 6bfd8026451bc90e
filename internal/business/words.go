package business

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"hotline/dialog/emotion"
	"hotline/dialog/moderation"
)

// ModerationDir is the folder of the owner's own sensitive words.
const ModerationDir = "moderation"

// sensitive reads the words that must not be said, and what tells how callers feel,
// in each language that the business speaks.
func (f *folder) sensitive() {
	b := f.business
	b.words, b.moods = map[string]*moderation.Matcher{}, map[string]*emotion.Recognizer{}
	var own fs.FS
	dir := filepath.Join(b.Dir, ModerationDir)
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		own = os.DirFS(dir)
	}
	if name, ok := strings.CutPrefix(f.instead, ModerationDir+"/"); ok {
		own = withFile{own, name, f.text}
	}
	languages := []string{b.Language, "zh", "en"} // callers may speak one that no line has
	for _, l := range b.Lines {
		languages = append(languages, l.Language)
	}
	for _, language := range languages {
		if b.words[language] != nil || !spoken(language) {
			continue
		}
		m, problems := moderation.Load(language, own)
		for _, p := range problems {
			f.report.add(Error, f.in(path.Join(ModerationDir, p.File), p.Line), "moderation", p.Text)
		}
		b.words[language] = m
		r, err := emotion.New(emotion.Config{Language: language})
		if err != nil { // they are built in
			f.report.add(Error, f.in(File, 0), "moderation", err)
			continue
		}
		b.moods[language] = r
	}
}
