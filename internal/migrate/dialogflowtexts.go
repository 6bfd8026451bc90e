package migrate

import (
	"encoding/json"
	"slices"
	"strings"

	"hotline/dialog/backend"
)

// texts are what an intent says, one list of wordings behind another: those for no
// platform, else those for a voice. offer names quick replies.
func (c *dfCarrier) texts(i dfIntent) (says [][]string, offer string) {
	if len(i.Responses) == 0 {
		return nil, ""
	}
	on := func(platforms ...string) []dfMessage {
		return slices.DeleteFunc(slices.Clone(i.Responses[0].Messages), func(m dfMessage) bool {
			return !slices.Contains(platforms, strings.ToLower(m.Platform)) || m.Lang != "" && !strings.EqualFold(m.Lang, c.lang)
		})
	}
	rich := false
	var titles []string
	for _, list := range [][]dfMessage{on("", "platform_unspecified"), on("telephony"), on("google", "actions_on_google")} {
		for _, m := range list {
			words := m.words()
			for _, s := range m.Suggestions {
				titles = append(titles, s.Title)
			}
			titles = append(titles, m.Replies...)
			if len(words) > 0 {
				says = append(says, words)
			}
			rich = rich || len(words) == 0 && len(m.Speech) == 0 && len(m.Suggestions) == 0 && len(m.Replies) == 0
		}
		if len(says) > 0 {
			break
		}
	}
	if rich {
		c.p.left("response", i.Name, "cards, pictures and payloads have no place on a telephone")
	}
	for k := range titles {
		titles[k] = backend.Plain(titles[k])
	}
	return says, c.p.offer(titles)
}

// words are the wordings of a message.
func (m dfMessage) words() []string {
	var one string
	var many, out []string
	switch {
	case m.TextToSpeech != "":
		many = []string{m.TextToSpeech}
	case len(m.Speech) == 0:
		if len(m.Replies) > 0 {
			many = []string{m.Title}
		}
	case json.Unmarshal(m.Speech, &one) == nil:
		many = []string{one}
	default:
		_ = json.Unmarshal(m.Speech, &many) // what is neither has no words
	}
	for _, t := range many {
		if strings.TrimSpace(t) != "" {
			out = append(out, t)
		}
	}
	return out
}
