package migrate

import (
	"regexp"
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
			for _, e := range listed(n.Get("examples")) {
				r.marks += len(mark.FindAllString(e, -1))
				r.examples[name] = append(r.examples[name], mark.ReplaceAllString(e, "$1"))
			}
		case "synonym":
			r.synonyms[name] = append(r.synonyms[name], listed(n.Get("examples"))...)
		case "lookup":
			r.lookups[name] = append(r.lookups[name], listed(n.Get("examples"))...)
		case "regex":
			r.regexes[name] = append(r.regexes[name], listed(n.Get("examples"))...)
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
