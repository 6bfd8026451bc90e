package intent

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hotline/dialog/internal/lang"
)

// Read reads examples from CSV with a header: the column text, and the column label
// ("" is intent). Where the label is another, a column intent is its detail; where it
// is intent, a column topic is that.
func Read(r io.Reader, label string) ([]Example, error) {
	if label == "" {
		label = "intent"
	}
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = b.Discard(3) // spreadsheets write it
	}
	c := csv.NewReader(b)
	c.FieldsPerRecord = -1
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line names the columns text and " + label)
	}
	if err != nil {
		return nil, err
	}
	column := func(name string) (int, error) {
		i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if i < 0 {
			return -1, fmt.Errorf("line 1: there is no column %q among %s", name, strings.Join(header, ", "))
		}
		return i, nil
	}
	text, err := column("text")
	if err != nil {
		return nil, err
	}
	of, err := column(label)
	if err != nil {
		return nil, err
	}
	detail, topic := -1, -1
	if label == "intent" {
		topic, _ = column("topic")
	} else {
		detail, _ = column("intent")
	}
	var out []Example
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := c.FieldPos(0)
		if max(text, of) >= len(row) || strings.TrimSpace(row[of]) == "" {
			return nil, fmt.Errorf("line %d: the column %q is empty", line, label)
		}
		if len(out) == maxExamples {
			return nil, fmt.Errorf("line %d: more than %d examples", line, maxExamples)
		}
		e := Example{Text: strings.TrimSpace(row[text]), Intent: strings.TrimSpace(row[of])}
		if detail >= 0 && detail < len(row) {
			e.Detail = strings.TrimSpace(row[detail])
		}
		if topic >= 0 && topic < len(row) {
			e.Topic = strings.TrimSpace(row[topic])
		}
		out = append(out, e)
	}
}

// Language is what most of the texts are written in: "zh" or "en".
func Language(examples []Example) string {
	chinese := 0
	for _, e := range examples {
		for _, r := range e.Text {
			if lang.Han(r) {
				chinese++
				break
			}
		}
	}
	if 2*chinese > len(examples) {
		return "zh"
	}
	return "en"
}
