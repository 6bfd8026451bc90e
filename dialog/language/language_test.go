package language_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/dialog/language"
)

func TestWhichLanguageAreTheWordsIn(t *testing.T) {
	for text, want := range map[string]string{
		"where is my order":                   "en",
		"Hello, can you help me please?":      "en",
		"track my package":                    "en",
		"I don’t know what’s going on":        "en",
		"我的快递到哪了":                             "zh",
		"我的 iPhone 坏了":                        "zh",
		"退货":                                  "zh",
		"iPhone 17 Pro Max":                   "",
		"ok":                                  "",
		"Yes, please.":                        "",
		"hello":                               "",
		"OK, thank you very much, bye bye!":   "",
		"Yes, yes, hello?":                    "",
		"WiFi":                                "",
		"A B C one two three four":            "",
		"Nintendo Switch OLED":                "",
		"嗯 ok":                                "",
		"Kindle Paperwhite Signature Edition": "",
		"":                                    "",
	} {
		assert.Equal(t, want, language.Of(text), text)
	}
}

func TestALanguageIsAskedFor(t *testing.T) {
	for text, want := range map[string]string{
		"Do you speak English?":                          "en",
		"Hello, can we speak in English please?":         "en",
		"English, please.":                               "en",
		"I don't speak Chinese.":                         "en",
		"能说英语吗?":                                         "en",
		"请问可以用英文吗":                                       "en",
		"有英文服务吗":                                         "en",
		"转英语":                                            "en",
		"能说中文吗":                                          "zh",
		"我听不懂英语":                                         "zh",
		"中文":                                             "zh",
		"请说普通话":                                          "zh",
		"Do you speak Mandarin?":                         "zh",
		"Chinese please":                                 "zh",
		"有英文说明书吗":                                        "", // a thing that is asked about
		"发票可以开英文的抬头吗":                                    "",
		"我不会说英语怎么看说明书":                                   "",
		"Is there an English manual in the box?":         "",
		"Can I speak to somebody in English?":            "", // a person is wished for
		"Do you ship Chinese tea?":                       "",
		"where is my order":                              "",
		"How do I change the language to English on it?": "",
		"怎么把系统换成中文":                                      "",
		"":                                               "",
	} {
		assert.Equal(t, want, language.Wished(text), text)
	}
}

// line is an engine of a pack; reception has its language alone.
func line(tb testing.TB, p packtest.Pack, reception bool) dialog.Engine {
	tb.Helper()
	pairs := p.Pairs
	if reception {
		pairs = nil
	}
	x, err := knowledge.New(pairs, knowledge.Options{Language: p.Language})
	require.NoError(tb, err)
	e, err := engine.New(engine.Config{
		Name: p.Language, Language: p.Language, Pairs: knowledge.NewLive(x).Load, Skill: "service", Reception: reception,
		Disclosure: "Disclosure.", Greeting: "Greeting.",
	})
	require.NoError(tb, err)
	return e
}

type call struct {
	testing.TB
	conv dialog.Conversation
}

func begin(tb testing.TB, own, other language.Tongue) *call {
	tb.Helper()
	e := language.New(own, func() []language.Tongue { return []language.Tongue{other} })
	conv, err := e.Begin(context.Background(), dialog.Facts{CallID: "c", Language: own.Language, Caller: "13800138000"})
	require.NoError(tb, err)
	c := &call{tb, conv}
	c.turn(dialog.Turn{Kind: dialog.Opened})
	return c
}

func (c *call) turn(t dialog.Turn) (text string, note dialog.Note, acts []dialog.Act) {
	c.Helper()
	var said []string
	require.NoError(c, c.conv.Reply(context.Background(), t, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Say:
			said = append(said, a.Text)
		case dialog.Note:
			note = a
		default:
			acts = append(acts, a)
		}
		return nil
	}))
	return strings.Join(said, " "), note, acts
}

func (c *call) say(text string) (string, dialog.Note, []dialog.Act) {
	c.Helper()
	return c.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 0.9})
}

func (c *call) languages() []string { return c.conv.(dialog.Polyglot).Languages() }

func two(tb testing.TB) *call {
	tb.Helper()
	return begin(tb, language.Tongue{Language: "zh", Engine: line(tb, packtest.Hotel(tb), false)},
		language.Tongue{Language: "en", Engine: line(tb, packtest.Gym(tb), false)})
}

// A caller is answered in the language that he speaks, from what is known in it, and may
// go back.
func TestTheCallGoesOnInTheCallersLanguage(t *testing.T) {
	c := two(t)
	_, note, _ := c.say("早餐几点")
	assert.Empty(t, note.Language)
	assert.NotEmpty(t, note.KnowledgeID)
	assert.Equal(t, []string{"zh", "en"}, c.languages())

	text, note, _ := c.say("Hello, how much is a membership?")
	assert.Equal(t, "en", note.Language)
	assert.NotEmpty(t, note.KnowledgeID, text)
	assert.Equal(t, "en", language.Of(text), text)
	assert.Equal(t, []string{"en", "zh"}, c.languages())

	_, note, _ = c.say("ok")
	assert.Equal(t, "en", note.Language, "a word that is of no language changes none")

	text, note, _ = c.say("那早餐是几点到几点")
	assert.Empty(t, note.Language)
	assert.Equal(t, "zh", language.Of(text), text)
}

func TestTheWishIsAnswered(t *testing.T) {
	c := two(t)
	text, note, _ := c.say("能说英语吗")
	assert.Equal(t, "en", note.Language)
	assert.Equal(t, "en", language.Of(text), text)
	_, note, _ = c.say("What are your opening hours?")
	assert.NotEmpty(t, note.KnowledgeID)
	text, note, _ = c.say("Can we speak Chinese please?")
	assert.Empty(t, note.Language)
	assert.Equal(t, "zh", language.Of(text), text)
}

// The recogniser's ear counts where the words alone would not do.
func TestWhatTheRecogniserHeard(t *testing.T) {
	c := two(t)
	_, note, _ := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "Membership fees for students", Language: "zh", Confidence: 0.9})
	assert.Empty(t, note.Language)
	_, note, _ = c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "Membership fees for students", Language: "en", Confidence: 0.9})
	assert.Equal(t, "en", note.Language)
}

// A line of one language says so in the caller's, offers a person, and brings him to one
// who speaks his language, where there is one.
func TestALineOfOneLanguage(t *testing.T) {
	for _, speaks := range []bool{true, false} {
		c := begin(t, language.Tongue{Language: "zh", Engine: line(t, packtest.Hotel(t), false)},
			language.Tongue{Language: "en", Engine: line(t, packtest.Gym(t), true), People: func(string) bool { return speaks }})
		text, note, acts := c.say("Hi, I would like to know where my package is")
		assert.Equal(t, "other_language", note.Intent)
		assert.Equal(t, "en", language.Of(text), text)
		assert.Contains(t, text, "Chinese")
		assert.Empty(t, acts, "a person is offered, and not forced upon him")

		text, _, acts = c.say("Yes please, a person")
		require.Len(t, acts, 1, text)
		hand, ok := acts[0].(dialog.Transfer)
		require.True(t, ok)
		assert.Contains(t, hand.Summary, "where my package is")
		want := ""
		if speaks {
			want = "en"
		}
		assert.Equal(t, want, hand.Language)
	}
}

func TestALineOfEnglishAlone(t *testing.T) {
	c := begin(t, language.Tongue{Language: "en", Engine: line(t, packtest.Gym(t), false)},
		language.Tongue{Language: "zh", Engine: line(t, packtest.Hotel(t), true)})
	text, note, _ := c.say("你们几点开门啊")
	assert.Equal(t, "other_language", note.Intent)
	assert.Equal(t, "zh", language.Of(text), text)
	text, _, acts := c.say("给我回个电话吧")
	assert.Empty(t, acts)
	assert.Equal(t, "zh", language.Of(text), text)
	_, _, acts = c.say("明天上午")
	require.Len(t, acts, 1)
	assert.IsType(t, dialog.Callback{}, acts[0])
}

// Whoever insists comes to a person, and nothing goes in circles.
func TestWhoGoesOnInHisLanguageComesToAPerson(t *testing.T) {
	c := begin(t, language.Tongue{Language: "zh", Engine: line(t, packtest.Hotel(t), false)},
		language.Tongue{Language: "en", Engine: line(t, packtest.Gym(t), true)})
	for _, text := range []string{"where is my package", "I said where is my package", "it was to be delivered on Monday", "why does it take so long", "this is very late now"} {
		if _, _, acts := c.say(text); len(acts) > 0 {
			assert.IsType(t, dialog.Transfer{}, acts[0])
			return
		}
	}
	t.Error("no person was called")
}

// What helps the recogniser is that of the language that is spoken.
func TestListening(t *testing.T) {
	c := two(t)
	l := c.conv.(dialog.Listener)
	assert.NotEmpty(t, l.Preview("早餐几点"))
	assert.Empty(t, l.Preview("what are your opening hours"), "it would be made in the wrong voice")
	for _, s := range l.Suggest("what are your opening hours", 3) {
		assert.NotRegexp(t, `\p{Han}`, s, "nothing Chinese is shown to who hears English")
	}
	assert.Less(t, l.Patience("what are your opening hours", 0.9), 600*time.Millisecond, "it is understood, and whole")
	c.say("what are your opening hours")
	assert.NotEmpty(t, l.Preview("how much is a membership"))
	assert.NotEmpty(t, l.Suggest("how much is that chip", 3), "what may be a membership")
}

// While an agent waits for what the bot does with the caller, nothing changes.
func TestATaskOfAnAgentIsNotLeft(t *testing.T) {
	c := two(t)
	c.say("what are your opening hours")
	_, note, _ := c.turn(dialog.Turn{Kind: dialog.Tasked, Task: "nothing of the kind"})
	assert.Empty(t, note.Language)
}
