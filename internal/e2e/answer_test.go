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
