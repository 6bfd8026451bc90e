package engine

import (
	"context"
	"slices"
	"strings"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
)

// feel reads the caller's mood and says whether he is upset.
func (p *plan) feel(t dialog.Turn) bool {
	st := &p.st
	upset := p.c.e.command.Upset(t.Text)
	if p.c.e.c.Moods == nil {
		if upset {
			p.note.Emotion, p.note.EmotionScore = "angry", 0.8
		}
	} else {
		r := st.mood.Next(emotion.Turn{Text: t.Text, Mood: t.Mood, Prosody: t.Prosody})
		p.note.Emotion, p.note.EmotionScore, p.note.EmotionWhy, p.note.ComplaintRisk = string(r.Label), r.Score, r.Evidence, r.ComplaintRisk
		upset = upset || r.Upset()
		p.alert(t.Text, r)
	}
	if upset {
		st.upset++
	}
	return upset
}

// alert calls a supervisor's attention to a caller who is likely to complain, once.
func (p *plan) alert(text string, r emotion.Reading) {
	threshold := p.c.e.c.Thresholds.Complaint
	if p.st.alerted || threshold >= 1 || r.ComplaintRisk < threshold {
		return
	}
	p.st.alerted = true
	why := strings.Join(r.Evidence, ", ")
	if why == "" {
		why = shorten(text, p.c.e.zh)
	}
	p.act(dialog.Alert{Kind: "complaint_risk", Text: why, Score: r.ComplaintRisk})
}

// sensitive carries out what the caller's words ask for by themselves: care for who
// is in danger, a limit for who is abusive. What needs but a calm word is left to
// notKnown: there may be a question in it.
func (p *plan) sensitive(ctx context.Context, t dialog.Turn) bool {
	st := &p.st
	if p.c.e.c.Words == nil {
		return false
	}
	policy, hit := p.c.e.c.Words.Caller(t.Text)
	st.sensitive = policy == moderation.Calm
	if policy == moderation.Pass || policy == moderation.Calm {
		return false
	}
	if policy == moderation.Safety {
		return p.danger(ctx, t, string(hit.Category))
	}
	p.intent("sensitive_"+string(hit.Category), "command")
	p.act(dialog.Alert{Kind: "sensitive", Text: string(hit.Category), Score: 1})
	switch policy {
	case moderation.Crisis:
		p.say(KeyCrisis)
		if p.reachable() {
			st.transfers++
			st.ask(nothing)
			p.handOver("crisis")
		}
	case moderation.Transfer:
		p.transfer("rule", KeyTransferSorry)
	case moderation.Warn:
		st.warned++
		if st.warned > 1 {
			p.goodbye(KeyAbuseGoodbye, "abuse")
			return true
		}
		p.say(KeyWarn)
		if st.pending != nothing && st.question != "" {
			p.text(st.question)
		}
	default:
		p.goodbye(KeyAbuseGoodbye, "abuse")
	}
	return true
}

// danger tells whom something burns, smokes or gives shocks what to do first, as the
// business's own answer about it has it where there is one, and brings a person before all
// others, whatever thing it is. False for a question of the knowledge that only has such
// words in it.
func (p *plan) danger(ctx context.Context, t dialog.Turn, category string) bool {
	found := p.c.find(ctx, &p.st, t.Text, t.Alternatives)
	top := found.Top()
	if top != nil && top.Exact && !p.c.e.urgent(top.Pair) {
		return false
	}
	p.intent(category, "command")
	p.act(dialog.Alert{Kind: "sensitive", Text: category, Score: 1})
	p.st.danger = true
	p.st.note(shorten(t.Text, p.c.e.zh), false)
	together := found.Together(p.c.e.urgent) // one of their answers will do
	if top != nil && p.c.e.urgent(top.Pair) && together >= p.c.e.c.Thresholds.Answer && strings.TrimSpace(top.Pair.Say()) != "" {
		p.intent(top.Pair.ID, "knowledge")
		p.note.KnowledgeID, p.note.Question = top.Pair.ID, top.Pair.Question
		p.text(top.Pair.Say())
		p.st.last, p.st.skill = top.Pair.ID, p.c.e.skill(top.Pair)
	} else {
		p.say(KeyDanger)
		if i := slices.IndexFunc(p.c.e.c.Urgent, func(c string) bool { return p.c.e.c.Skills[c] != "" }); i >= 0 {
			p.st.skill = p.c.e.c.Skills[p.c.e.c.Urgent[i]]
		}
	}
	p.st.said = p.st.saidLast
	p.transfer("danger", KeyTransferSorry)
	return true
}

// urgent says whether a pair is about what cannot wait.
func (e *Engine) urgent(p *knowledge.Pair) bool { return slices.Contains(e.c.Urgent, p.Category) }

// safe is what is said in place of a sentence that must not be.
func (c *Conversation) safe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &plan{c: c, st: c.st}
	w := p.wording(KeySafe, nil)
	c.st.used = p.st.used
	return w
}
