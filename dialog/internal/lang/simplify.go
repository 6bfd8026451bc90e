package lang

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed traditional.txt
var traditionalFile string

// simplified maps each traditional character to the simplified one.
var simplified = sync.OnceValue(func() map[rune]rune {
	m := make(map[rune]rune, 4096)
	for line := range strings.SplitSeq(traditionalFile, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rs := []rune(line)
		for i := 0; i+1 < len(rs); i += 2 {
			m[rs[i]] = rs[i+1]
		}
	}
	return m
})

// Simplify writes traditional Chinese characters as simplified ones, character by
// character; text without any is returned as it is.
func Simplify(text string) string {
	m := simplified()
	return strings.Map(func(r rune) rune {
		if s, ok := m[r]; ok {
			return s
		}
		return r
	}, text)
}

// SimplifyRune is Simplify of one character.
func SimplifyRune(r rune) rune {
	if r < 0x3400 {
		return r
	}
	if s, ok := simplified()[r]; ok {
		return s
	}
	return r
}
