package stand

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// block is a setting of the top level with all that is indented below it.
func block(key string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + key + `:.*\n((?:[ \t#].*)?\n)*`)
}

var number = regexp.MustCompile(`(?m)^(\s+rate:) .*$`)

// Business copies the folders of demo businesses side by side into dir and returns
// their new places. People are there around the clock, whatever the day of the test;
// where voice names one for a language, the business speaks with it.
func Business(dir string, voices map[string]string, from ...string) ([]string, error) {
	var out []string
	for _, src := range from {
		dst := filepath.Join(dir, filepath.Base(src))
		if err := os.CopyFS(dst, os.DirFS(src)); err != nil {
			return nil, err
		}
		file := filepath.Join(dst, "business.yaml")
		b, err := os.ReadFile(file) //nolint:gosec // a copy made just now
		if err != nil {
			return nil, err
		}
		text := block("hours").ReplaceAllString(string(b), "")
		if len(voices) > 0 {
			var v strings.Builder
			v.WriteString("voices:\n")
			for language, name := range voices {
				fmt.Fprintf(&v, "  %s: %s\n", language, name)
			}
			text = block("voices").ReplaceAllString(text, v.String())
			text = number.ReplaceAllString(text, "$1 1")
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil { //nolint:gosec // as above
			return nil, err
		}
		out = append(out, dst)
	}
	return out, nil
}
