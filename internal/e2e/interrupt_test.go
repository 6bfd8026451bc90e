package e2e_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/testdata"
	"hotline/media/dsp"
)

// A person's voice over the bot's answer: the bot falls silent, answers the new
// question, and the record says what was heard of the old answer.
func TestBargeIn(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	first := voice(t, "扫地机器人买哪款好？")
	s := shared(t)
	var during, answer []int16
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		mark := c.now()
		c.say(first)
		require.True(t, c.awaitVoice(mark))
		c.pause(1500 * time.Millisecond)
		mark = c.now()
		c.say(question)
		during = c.since(mark)
		answer = c.listen(c.now())
	})
	// What the network and the detector need is far less than half a second.
	require.Greater(t, len(during), 2*8000)
	late := during[4000:]
	assert.Less(t, loud(late), 0.05, "the bot talks on over the caller")
	heard := recognise(t, s, answer, "zh")
	assert.True(t, anyOf(heard, "十点", "10点", "十點") && anyOf(heard, "九点", "9点", "九點"), "the answer was heard as %q", heard)

	require.Len(t, rec.Events(call.KindBargeIn), 1)
	old := rec.By("robot-choose")
	require.Len(t, old, 1)
	assert.NotEmpty(t, old[0].Heard, "what was heard of the old answer")
	assert.True(t, strings.HasPrefix(old[0].Text, old[0].Heard), "heard %q of %q", old[0].Heard, old[0].Text)
	assert.Less(t, len(old[0].Heard), len(old[0].Text))
	require.Len(t, rec.By("store-hours"), 1)
}

// loud is the share of frames with the bot's voice.
func loud(x []int16) float64 {
	n, all := 0, 0
	for ; len(x) >= 160; x = x[160:] {
		all++
		if dsp.LevelDB(x[:160]) > audible {
			n++
		}
	}
	return float64(n) / float64(max(1, all))
}

// A cough over the answer: the bot goes on, and all of the answer is heard.
func TestCough(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	var undisturbed, disturbed []int16
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		undisturbed = c.ask(question)
		mark := c.now()
		c.say(question)
		require.True(t, c.awaitVoice(mark))
		c.pause(time.Second)
		c.say(cough())
		disturbed = c.listen(mark)
	})
	assert.Empty(t, rec.Events(call.KindBargeIn), "a cough is no turn")
	for _, x := range [][]int16{undisturbed, disturbed} {
		heard := recognise(t, s, x, "zh")
		assert.True(t, anyOf(heard, "十点", "10点", "十點") && anyOf(heard, "九点", "9点", "九點"), "heard: %q", heard)
		assert.True(t, anyOf(heard, "一样", "一樣", "节假日", "周末"), "its end is heard too: %q", heard)
	}
	answers := rec.By("store-hours")
	require.Len(t, answers, 2)
	for _, a := range answers {
		assert.Empty(t, a.Heard, "nothing of it was cut")
	}
	assert.InDelta(t, spoken(undisturbed).Seconds(), spoken(disturbed).Seconds(), 0.4, "as much is heard as without the cough")
}

// spoken is how long the bot's voice is in x.
func spoken(x []int16) time.Duration {
	return time.Duration(loud(x) * float64(len(x)) / 8000 * float64(time.Second))
}

// cough is two bursts of breath without a voice, as loud as speech.
func cough() []int16 {
	r := rand.New(rand.NewPCG(3, 3))
	x := make([]int16, 8000*45/100)
	for i := range x {
		at := float64(i) / 8000
		e := math.Exp(-at / 0.05)
		if at > 0.22 {
			e = 0.7 * math.Exp(-(at-0.22)/0.06)
		}
		x[i] = int16(max(-32000, min(32000, 9000*e*r.NormFloat64())))
	}
	dsp.NewTelephoneBand(8000).Process(x)
	return x
}

// What must be heard is heard to its end, whatever the caller does; what she asked
// meanwhile is answered behind it.
func TestDisclosureIsNeverCut(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	for _, by := range []string{"voice", "key"} {
		t.Run(by, func(t *testing.T) {
			var heard []int16
			rec, _ := ring(t, s, "8000", func(c *caller) {
				c.pause(700 * time.Millisecond)
				if by == "voice" {
					c.say(question)
				} else {
					c.keys("3")
				}
				heard = c.listen(0)
			})
			greeting := rec.By("greeting")
			require.NotEmpty(t, greeting)
			const disclosure = "您好，这里是云上商城，我是智能助手小云，通话会录音。"
			assert.True(t, strings.HasPrefix(said(greeting[0].Heard, greeting[0].Text), disclosure), "the record says %q was heard", greeting[0].Heard)
			text := recognise(t, s, heard, "zh")
			assert.True(t, anyOf(text, "录音", "錄音", "通话", "通話"), "heard: %q", text)
			assert.True(t, anyOf(text, "十点", "10点", "十點", "九点", "九點"), "the question was answered: %q", text)
			assert.Len(t, rec.By("store-hours"), 1)
		})
	}
}

// said is what was heard of a turn that says all where nothing was cut.
func said(heard, text string) string {
	if heard == "" {
		return text
	}
	return heard
}
