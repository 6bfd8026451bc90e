package assist

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/event"
)

// bilingual is the Chinese shop's line, whose callers may go on in English.
func bilingual(t *testing.T) Line {
	t.Helper()
	line, english := pack(t, "retail-zh"), pack(t, "retail-en")
	line.In = func(language string) (Line, bool) { return english, language == "en" }
	return line
}

// An agent whose caller goes on in English is shown answers, phrases and warnings of
// English, and of Chinese when he goes back.
func TestHelpFollowsTheCallersLanguage(t *testing.T) {
	line := bilingual(t)
	e := newEar("", line, "", nil)
	known := func(s *Suggestion, pack Line) bool {
		require.NotNil(t, s)
		require.NotEmpty(t, s.Answers)
		p, ok := pack.Pairs().Pair(s.Answers[0].ID)
		return ok && p.Question == s.Answers[0].Question
	}
	other := pack(t, "retail-en")
	assert.True(t, known(e.suggest(t.Context(), caller("退货的运费谁出")), line))
	assert.True(t, known(e.suggest(t.Context(), caller("Who pays for the shipping if I send it back?")), other))
	assert.Equal(t, Promised, kinds(e.warn(t.Context(), agent("I guarantee it."))), "too short to tell its language: that of the talk")
	assert.Equal(t, Sensitive, kinds(e.warn(t.Context(), agent("Just tell me your credit card PIN and the security code"))))
	s := e.suggest(t.Context(), caller("OK, that's all."))
	require.NotNil(t, s)
	assert.Contains(t, s.Phrases, ReadyPhrase{"goodbye", english("goodbye")})

	assert.Equal(t, Promised, kinds(e.warn(t.Context(), agent("我保证今天到"))))
	assert.True(t, known(e.suggest(t.Context(), caller("发票能不能开公司抬头")), line))
}

// What the bot did in English before a person came is gone on with in English.
func TestWhatTheBotDidInTheCallersLanguage(t *testing.T) {
	before := []call.Event{
		{Kind: call.KindTranscript, Data: map[string]any{"text": "Where is my parcel?"}},
		{Kind: call.KindIntent, Data: map[string]any{"source": "flow", "language": "en"}},
		{Kind: call.KindFlowStep, Data: map[string]any{"flow": "track", "slots": map[string]any{}}},
	}
	e := newEar("", bilingual(t), "", before)
	s := e.first()
	require.NotNil(t, s)
	require.NotEmpty(t, s.Phrases)
	assert.NotRegexp(t, `\p{Han}`, s.Task.Title+s.Phrases[0].Text)
	e.suggest(t.Context(), caller("ok"))
	assert.Equal(t, "en", e.line.Language, "a word that every language has changes nothing")
}

// The wrap-up of such a call is for colleagues: it names what it lists in their language.
func TestADraftOfACallInTheCallersLanguage(t *testing.T) {
	line := bilingual(t)
	db := &records{record: call.Record{ID: "C", Line: "main", Language: "zh"}, turns: []call.TurnRecord{
		{Speaker: "bot", Text: "您好，请问有什么可以帮您？"},
		caller("The left side of my earphones has no sound, I want to exchange them"),
		agent("Within fifteen days you can exchange faulty goods and we pay the postage."),
		caller("When will I get the new ones?"),
		agent("I'll register it now, and a colleague will call you tomorrow."),
	}}
	a := New(Config{Bus: &event.Bus{}, Records: db, Line: func(string) (Line, bool) { return line, true }})
	d, err := a.Draft(t.Context(), "C")
	require.NoError(t, err)
	assert.Contains(t, d.Summary, "诉求：The left side")
	assert.Contains(t, d.Summary, "已告知：Within fifteen days")
	assert.Contains(t, d.Open[0], "call you tomorrow")
}

// What is sent to a caller is judged in the language that it is written in.
func TestTextsAreJudgedInTheirLanguage(t *testing.T) {
	line, other := pack(t, "retail-en"), pack(t, "retail-zh")
	line.In = func(language string) (Line, bool) { return other, language == "zh" }
	a := New(Config{Bus: &event.Bus{}, Line: func(string) (Line, bool) { return line, true }})
	_, blocked := a.Blocked("main", "Please tell me your credit card PIN and the security code")
	assert.True(t, blocked)
	_, blocked = a.Blocked("main", "请把银行卡密码告诉我")
	assert.True(t, blocked)
	_, blocked = a.Blocked("main", "Your parcel will be there on Monday, thank you.")
	assert.False(t, blocked)
}
