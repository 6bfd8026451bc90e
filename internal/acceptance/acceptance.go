// Package acceptance measures the bot by questions that its makers had not seen, and by
// the verdicts of people who read what it did with them.
//
// # Concepts
//
// A [Question] says what a good answer tells or does. [Begin] opens a conversation, and
// [Conversation.Take] gives the [Reply] to a turn of the caller. [Verdicts] are kept by
// question and by what was done: after a change of the bot only what it does differently
// is read again. [Judge] makes the figures of them.
//
// # Concurrency
//
// Values are not safe for concurrent use, functions are.
package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Question is one that callers might ask first.
type Question struct {
	Text    string `json:"question"`
	Subject string `json:"subject"`
	Want    string `json:"want"` // what a good answer tells or does
	// Outside says that the business cannot know it: an answer is wrong.
	Outside bool `json:"outside,omitempty"`
}

// Read reads lines of a question, its subject and what a good answer tells or does,
// tabs between. The subject of what is out of scope is "outside" or 域外.
func Read(path string) ([]Question, error) {
	var out []Question
	seen := map[string]bool{}
	err := rows(path, 3, func(f []string) error {
		if seen[f[0]] {
			return fmt.Errorf("the question %q is there twice", f[0])
		}
		seen[f[0]] = true
		out = append(out, Question{Text: f[0], Subject: f[1], Want: f[2], Outside: f[1] == "outside" || f[1] == "域外"})
		return nil
	})
	return out, err
}

// rows gives the fields of each line that is not empty.
func rows(path string, fields int, take func([]string) error) error {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return lines(file, func(n int, text string) error {
		f := strings.Split(text, "\t")
		if len(f) < fields {
			return fmt.Errorf("%s:%d: %d columns with tabs between, wanted %d", path, n, len(f), fields)
		}
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if f[0] == "" {
			return fmt.Errorf("%s:%d: no question", path, n)
		}
		if err := take(f); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		return nil
	})
}

func lines(r io.Reader, take func(n int, text string) error) error {
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		if strings.TrimSpace(sc.Text()) == "" {
			continue
		}
		if err := take(n, sc.Text()); err != nil {
			return err
		}
	}
	return sc.Err()
}
