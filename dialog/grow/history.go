package grow

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Columns name those of a history; an empty one is looked for under its usual names.
type Columns struct {
	Text  string // "text", "question", "文本", "问题"
	Pair  string // "pair", "knowledge_id", "编号": the id of the pair that resolved it, by a person's word
	Label string // "intent", "label", "意图"
	Call  string // "call", "session", "会话": rows of one call, one behind the other
}

// ReadHistory reads a CSV file with a heading, comma or tab between the fields. The
// error names the line.
func ReadHistory(from io.Reader, c Columns, mostTurns int) ([]Conversation, error) {
	r := csv.NewReader(from)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line must name the columns, text and intent say")
	}
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	if len(head) == 1 && strings.Contains(head[0], "\t") {
		r.Comma = '\t'
		head = strings.Split(head[0], "\t")
	}
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff")))
	}
	head = slices.Clone(head)
	find := func(asked string, usual ...string) int {
		if asked != "" {
			usual = []string{strings.ToLower(asked)}
		}
		for _, u := range usual {
			if i := slices.Index(head, u); i >= 0 {
				return i
			}
		}
		return -1
	}
	text, pair := find(c.Text, "text", "question", "文本", "问题"), find(c.Pair, "pair", "knowledge_id", "编号")
	label, call := find(c.Label, "intent", "label", "意图"), find(c.Call, "call", "session", "会话")
	for _, n := range []struct {
		at    int
		asked string
	}{{text, c.Text}, {pair, c.Pair}, {label, c.Label}, {call, c.Call}} {
		if n.at < 0 && n.asked != "" {
			return nil, fmt.Errorf("line 1: there is no column %q; there are %s", n.asked, strings.Join(head, ", "))
		}
	}
	if text < 0 {
		return nil, fmt.Errorf("line 1: no column holds what callers said; name it \"text\" or tell which of %s it is", strings.Join(head, ", "))
	}
	var out []Conversation
	last := ""
	for turns := 0; mostTurns == 0 || turns < mostTurns; turns++ {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the history: %w", err) // csv names the line
		}
		get := func(i int) string {
			if i < 0 || i >= len(rec) {
				return ""
			}
			return strings.Clone(strings.TrimSpace(rec[i]))
		}
		t := Turn{Text: get(text), Pair: get(pair), Label: get(label)}
		t.Sure = t.Pair != ""
		// In a conversation, what led nowhere is resolved by what follows.
		id := get(call)
		t.Asked = id != "" && pair >= 0 && t.Pair == ""
		if id != "" && id == last {
			out[len(out)-1] = append(out[len(out)-1], t)
		} else {
			out = append(out, Conversation{t})
		}
		last = id
	}
	return out, nil
}
