package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
)

// A person's recorded voice asks for the opening hours and hears the store's.
func TestRecordedQuestion(t *testing.T) {
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	var greeting, answer []int16
	rec, _ := ring(t, s, "8000", func(c *caller) {
		greeting = c.listen(0)
		answer = c.ask(question)
	})
	heard := recognise(t, s, greeting, "zh")
	assert.True(t, anyOf(heard, "云上", "商城", "助手"), "the greeting was heard as %q", heard)
	heard = recognise(t, s, answer, "zh")
	assert.True(t, anyOf(heard, "十点", "10点", "十點") && anyOf(heard, "九点", "9点", "九點"), "the answer was heard as %q", heard)
	require.Len(t, rec.By("store-hours"), 1)
	assert.Equal(t, "resolved", string(rec.Outcome))
	assert.Equal(t, "caller_hangup", rec.EndCause)
}

// What no business of ours knows is answered honestly.
func TestUnknownQuestion(t *testing.T) {
	question := recording(t, testdata.Shared(t, "speech/en/lk_weather_question.wav"))
	s := shared(t)
	var answer []int16
	rec, _ := ring(t, s, "8001", func(c *caller) {
		c.listen(0)
		answer = c.ask(question)
	})
	heard := recognise(t, s, answer, "en")
	assert.True(t, anyOf(heard, "know", "answer", "rephrase", "another way", "put that", "say that"), "the answer was heard as %q", heard)
	assert.False(t, anyOf(heard, "paris", "sunny", "degrees"), "the answer was heard as %q", heard)
	for _, turn := range rec.Turns {
		if turn.Speaker == "bot" {
			assert.NotEqual(t, "knowledge", turn.Source, "answered with %q", turn.Text)
		}
	}
}

// A caller asks three things, one after another, in Chinese and in English.
func TestThreeQuestions(t *testing.T) {
	minutes(t)
	for _, tt := range []struct {
		number    string
		questions []string
		answers   [][]string // what must be heard, any wording of each
		pairs     []string
	}{
		{
			number: "8000", questions: []string{"你们门店几点开门？", "我想退货，应该怎么退？", "买东西运费怎么算？"},
			pairs:   []string{"store-hours", "return-how", "shipping-fee"},
			answers: [][]string{{"十点", "10点"}, {"订单", "退货", "申请", "取件"}, {"包邮", "运费", "元", "块"}},
		},
		{
			number: "8001", questions: []string{"What time do your stores open?", "Where are your stores?", "How do I return something?"},
			pairs:   []string{"store-hours", "store-where", "return-how"},
			answers: [][]string{{"ten", "10"}, {"Boston", "Chicago", "Austin"}, {"return", "order", "label"}},
		},
	} {
		t.Run(tt.number, func(t *testing.T) {
			var voices [][]int16
			for _, q := range tt.questions {
				voices = append(voices, voice(t, q))
			}
			s := shared(t)
			language := map[string]string{"8000": "zh", "8001": "en"}[tt.number]
			var heard [][]int16
			rec, rep := ring(t, s, tt.number, func(c *caller) {
				c.listen(0)
				for _, v := range voices {
					heard = append(heard, c.ask(v))
				}
			})
			for i, x := range heard {
				text := recognise(t, s, x, language)
				assert.True(t, anyOf(text, tt.answers[i]...), "%s: heard %q", tt.questions[i], text)
				assert.NotEmpty(t, rec.By(tt.pairs[i]), "%s", tt.questions[i])
			}
			assert.Equal(t, "resolved", string(rec.Outcome))
			assert.Positive(t, rep.Received)
		})
	}
}
