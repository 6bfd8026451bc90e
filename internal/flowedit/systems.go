package flowedit

import (
	"encoding/json"
	"slices"

	"hotline/dialog/flow"
	"hotline/internal/business"
)

// asksMore says whether a text asks another system for something that the one before did
// not: headers hold secrets of the machine, and the server reaches what a browser does
// not.
func asksMore(before, after string) bool {
	now, ok := business.ParseFlow(after)
	if !ok {
		return true
	}
	var had []string
	if was, ok := business.ParseFlow(before); ok {
		had = asked(was.Steps)
	}
	return slices.ContainsFunc(asked(now.Steps), func(s string) bool { return !slices.Contains(had, s) })
}

// asked are the requests that steps make of other systems.
func asked(steps []flow.Step) (out []string) {
	for _, s := range steps {
		if l := s.Lookup; l != nil && l.URL != "" {
			key, err := json.Marshal([]any{l.URL, l.Method, l.Headers, l.Body})
			if err != nil {
				key = []byte(l.URL) // plain fields always marshal
			}
			out = append(out, string(key))
		}
		for _, inner := range [][]flow.Step{s.Then, s.Else, s.None, s.Failed} {
			out = append(out, asked(inner)...)
		}
		for _, inner := range s.Of {
			out = append(out, asked(inner)...)
		}
	}
	return out
}
