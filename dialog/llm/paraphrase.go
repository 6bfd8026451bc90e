package llm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/internal/lang"
	"hotline/dialog/knowledge"
)

// Similarity says how near in meaning two wordings are, as a cosine; an embedder
// makes one. Without it, shared words decide.
type Similarity = func(ctx context.Context, a, b string) (float64, error)

const (
	tooNear    = 0.97 // hardly another wording
	tooFar     = 0.75 // hardly the same question
	leastWords = 0.2  // shared words, where there is no embedder
	mostAsked  = 40   // paraphrases in one request
)

// Paraphrase proposes up to n other wordings of a pair's question, for a person to
// approve. Proposals that the pair has already, that lose its meaning or that bring
// numbers or names of their own are left out.
func (c *Client) Paraphrase(ctx context.Context, language string, pair *knowledge.Pair, n int, near Similarity) ([]string, error) {
	if n <= 0 {
		return nil, nil
	}
	n = min(n, mostAsked)
	call := c.Call(dialog.Facts{Language: language}).(*Call) //nolint:forcetypeassert // it is ours
	system := paraphraseEnglish
	if call.zh {
		system = paraphraseChinese
	}
	var known strings.Builder
	have := map[string]bool{}
	for _, w := range append([]string{pair.Question}, pair.Variants...) {
		have[squeeze(normal(w))] = true
		known.WriteString(w + "\n")
	}
	text, err := call.gather(ctx, fmt.Sprintf(system, n), heading(call.zh, "问题", "QUESTION")+" "+quoted(pair.Question, maxText), 40*n)
	if err != nil {
		return nil, err
	}
	original := newClause(normal(known.String()))
	own := map[string]bool{}
	for _, w := range original.words {
		own[w] = true
	}
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "-•·0123456789.、)） "))
		w := newClause(normal(line))
		key := squeeze(normal(line))
		switch {
		case key == "" || have[key] || len(out) == n:
			continue
		case len([]rune(line)) > 80:
			c.stats.refused.Add(1)
			continue
		case call.zh != (strings.IndexFunc(line, lang.Han) >= 0):
			c.stats.refused.Add(1)
			continue
		case !within(w.numbers, original.numbers) || (w.negated > 0) != (newClause(normal(pair.Question)).negated > 0):
			c.stats.refused.Add(1)
			continue
		}
		if near == nil {
			if w.shareIn(original.text, own) < leastWords {
				c.stats.refused.Add(1)
				continue
			}
		} else {
			like, err := near(ctx, pair.Question, line)
			if err != nil {
				return out, fmt.Errorf("comparing paraphrases: %w", err)
			}
			if like < tooFar || like > tooNear {
				c.stats.refused.Add(1)
				continue
			}
		}
		have[key] = true
		out = append(out, line)
	}
	return slices.Clip(out), nil
}
