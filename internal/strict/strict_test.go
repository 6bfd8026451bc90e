package strict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/strict"
)

type thing struct {
	Name    string            `yaml:"name"`
	Numbers []string          `yaml:"numbers"`
	Wait    time.Duration     `yaml:"wait"`
	On      bool              `yaml:"on"`
	Count   int               `yaml:"count"`
	Share   float64           `yaml:"share"`
	Map     map[string]string `yaml:"map"`
	Inner   []thing           `yaml:"inner"`
	Next    *thing            `yaml:"next"`
}

func TestDecodeReadsWhatPeopleWrite(t *testing.T) {
	root, problem := strict.Parse([]byte("name: 小店 # comment\nnumbers: 08001\nwait: 1 分钟 30 秒\non: yes\ncount: -3\nshare: 0.5\nmap: {a: 1, b: 是}\nnext: {name: 'x'}\ninner:\n  - name: |\n      two\n      lines\n  - numbers: [1, \"2\"]\n"))
	require.Nil(t, problem)
	var got thing
	problems, lines := root.Decode(&got)
	require.Empty(t, problems)
	require.Equal(t, thing{
		Name: "小店", Numbers: []string{"08001"}, Wait: 90 * time.Second, On: true, Count: -3, Share: 0.5,
		Map: map[string]string{"a": "1", "b": "是"}, Next: &thing{Name: "x"},
		Inner: []thing{{Name: "two\nlines\n"}, {Numbers: []string{"1", "2"}}},
	}, got)
	require.Equal(t, 10, lines.Of("inner[0].name"))
	require.Equal(t, 13, lines.Of("inner[1].numbers[1]"))
	require.Equal(t, 13, lines.Of("inner[1].wait"), "a key that was left out is told by what it would stand in")
}

func TestEveryProblemAtOnce(t *testing.T) {
	root, problem := strict.Parse([]byte("anme: x\nwait: 5\ncount: many\nname: a\nname: b\ninner: {wiat: 1s}\nmap: [1]\nshare: nan\n"))
	if problem != nil {
		// The parser itself refuses a key that stands twice.
		require.Equal(t, 5, problem.Line)
		root, problem = strict.Parse([]byte("anme: x\nwait: 5\ncount: many\nname: a\n\ninner: {wiat: 1s}\nmap: [1]\nshare: nan\n"))
	}
	require.Nil(t, problem)
	var got thing
	problems, _ := root.Decode(&got)
	var text []string
	for _, p := range problems {
		text = append(text, p.String())
	}
	require.Equal(t, []string{
		`unknown key "anme", did you mean "name"?`,
		`wait: "5" is not a length of time such as 6s, 90s or 15m`,
		`count: "many" is not a whole number`,
		`inner[0]: unknown key "wiat", did you mean "wait"?`,
		`map: "a list" is not a block of keys`,
		`share: "nan" is not a number`,
	}, text)
	require.Equal(t, "a", got.Name, "what could be read is there")
}

func TestFilesThatAreBuiltToHurt(t *testing.T) {
	for _, text := range []string{
		"a: &a [*a]", "a: *b", "<<: {a: 1}", "a: 1\n---\nb: 2", "\x00", "a: [", "{", "a:\n\tb: 1", "? {a: b}\n: c", "a: b: c",
	} {
		_, problem := strict.Parse([]byte(text))
		require.NotNil(t, problem, "%q", text)
		require.NotEmpty(t, problem.String())
		require.Positive(t, problem.Line)
	}
	var bomb strings.Builder
	bomb.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for _, k := range []string{"b", "c", "d", "e", "f", "g", "h"} {
		p := string(k[0] - 1)
		bomb.WriteString(k + ": &" + k + " [" + strings.Repeat("*"+p+",", 8) + "*" + p + "]\n")
	}
	_, problem := strict.Parse([]byte(bomb.String()))
	require.NotNil(t, problem)
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "public_addr", "realm", "q"}
	for word, want := range map[string]string{"lisen": "listen", "public-addr": "public_addr", "PublicAddr": "public_addr", "raelm": "realm", "colour": "", "x": "", "列": ""} {
		require.Equal(t, want, strict.Nearest(word, known), word)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: [1, {b: c}]\nd: |\n  x\n"))
	f.Add([]byte("a: &x {b: *x}\n? q\n: !!str r\n- 1"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		root, problem := strict.Parse(data)
		if problem == nil {
			var got thing
			root.Decode(&got)
		}
	})
}
