package business

import (
	"errors"
	"io/fs"

	"hotline/internal/quality"
)

// judging reads the score sheets of quality reviews; without a file they are ours.
func (f *folder) judging() {
	b := f.business
	b.Quality = quality.Default(b.Language)
	data, err := f.read(quality.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		f.report.add(Error, f.in(quality.File, 0), "unreadable", reason(err))
		return
	}
	text, ok := decodeText(data)
	if !ok {
		f.report.add(Error, f.in(quality.File, 1), "encoding")
	}
	sheets, problems := quality.Parse([]byte(text))
	for _, p := range problems {
		f.strict(quality.File, p)
	}
	if len(problems) == 0 {
		b.Quality = sheets
	}
}
