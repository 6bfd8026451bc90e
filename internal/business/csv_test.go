package business

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTablesAsSpreadsheetsWriteThem(t *testing.T) {
	for text, want := range map[string][][]string{
		"a,b\n1,2\n":                  {{"a", "b"}, {"1", "2"}},
		"a,b\r\n1,\r\n":               {{"a", "b"}, {"1", ""}},
		"a\tb\tc,d\n1\t2\t3":          {{"a", "b", "c,d"}, {"1", "2", "3"}},
		"\"a \"\"q\"\"\",\"b\nc\"\nd": {{`a "q"`, "b\nc"}, {"d"}},
		"\n\na\n\n\nb\n":              {{"a"}, {"b"}},
		"x,\"open\ny,z":               {{"x", `"open`}, {"y", "z"}},
		"\"a\" b,c\nd,\"e\"":          {{`"a" b`, "c"}, {"d", "e"}},
	} {
		rows, _ := readCSV(text)
		var got [][]string
		for _, r := range rows {
			got = append(got, r.fields)
		}
		require.Equal(t, want, got, "%q", text)
	}
	rows, unclosed := readCSV("a,b\n\"two\nlines\",x\n\"open,y\nz,\"w\"\n")
	require.Equal(t, []int{1, 2, 4, 5}, []int{rows[0].line, rows[1].line, rows[2].line, rows[3].line})
	require.Equal(t, []int{4}, unclosed)
}

// Nothing that an owner typed is ever lost, however broken the quotes are.
func FuzzCSV(f *testing.F) {
	f.Add("a,\"b\nc\",d\n\"\"\"x\"\"\"\n")
	f.Add("\"\"\"\",\";\t\"\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // decodeText has seen to that
		}
		rows, _ := readCSV(text)
		var b strings.Builder
		for _, r := range rows {
			for _, s := range r.fields {
				b.WriteString(s)
			}
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) || unicode.IsDigit(r) {
					return r
				}
				return -1
			}, s)
		}
		require.Equal(t, letters(text), letters(b.String()))
	})
}
