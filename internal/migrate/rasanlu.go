package migrate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"hotline/internal/strict"
)

// mark is an entity in an example: [Berlin](city), [tomorrow]{"entity": "time"}.
var mark = regexp.MustCompile(`\[([^\[\]]+)\](\([^()]*\)|\{[^{}]*\})`)

// nlu reads one entry of the training data.
func (r *rasaProject) nlu(n *strict.Node) {
	for _, k := range keys(n) {
		name := text(k.Value)
		switch k.Name {
		case "intent":
			if _, ok := r.examples[name]; !ok {
				r.intents = append(r.intents, name)
				r.examples[name] = nil
			}
			r.pack.stands("intent", name, at(r.file, k.Line))
			for _, e := range listed(n.Get("examples")) {
				r.entities(name, e)
				r.examples[name] = append(r.examples[name], mark.ReplaceAllString(e, "$1"))
			}
		case "synonym":
			r.synonyms[name] = append(r.synonyms[name], listed(n.Get("examples"))...)
		case "lookup":
			r.lookups[name] = append(r.lookups[name], listed(n.Get("examples"))...)
		case "regex":
			r.pack.stands("regex", name, at(r.file, k.Line))
			r.regexes[name] = append(r.regexes[name], listed(n.Get("examples"))...)
		}
	}
}

// entities reads the marks of an example: which entities there are, and values under
// another name than they are said by.
func (r *rasaProject) entities(intent, example string) {
	for _, m := range mark.FindAllStringSubmatch(example, -1) {
		r.marks++
		var entity, value string
		if m[2][0] == '(' {
			entity, value, _ = strings.Cut(strings.Trim(m[2], "()"), ":")
		} else {
			var in struct{ Entity, Value string }
			if json.Unmarshal([]byte(m[2]), &in) != nil {
				continue
			}
			entity, value = in.Entity, in.Value
		}
		if r.marked[intent] == nil {
			r.marked[intent] = map[string]bool{}
		}
		r.marked[intent][strings.TrimSpace(entity)] = true
		if value = strings.TrimSpace(value); value != "" && !strings.EqualFold(value, m[1]) && !slices.Contains(r.synonyms[value], m[1]) {
			r.synonyms[value] = append(r.synonyms[value], m[1])
		}
	}
}

// listed are the examples of an entry: a block of text with a dash before each, or a
// list.
func listed(n *strict.Node) []string {
	var out []string
	for line := range strings.SplitSeq(text(n), "\n") {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, "-")
		if rest = strings.TrimSpace(rest); ok && rest != "" {
			out = append(out, rest)
		}
	}
	for _, i := range items(n) {
		if t := text(i); t != "" {
			out = append(out, strings.TrimSpace(t))
			continue
		}
		if t := strings.TrimSpace(text(i.Get("text"))); t != "" { // with metadata
			out = append(out, strings.TrimSpace(strings.TrimPrefix(t, "- ")))
		}
	}
	return out
}
