package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/dialog"
)

// The recogniser is told what an answer will look like, and the keypad that a number is
// awaited, only while one is.
func TestWhatIsExpectedFollowsTheQuestion(t *testing.T) {
	c := begin(t, withTasks(t, nil))
	c.open()
	x := c.c.(dialog.Expecter)
	assert.Empty(t, x.Expect(), "anything may be said first")
	assert.False(t, x.TakesNumber())
	c.say("怎么取消预订")
	assert.Contains(t, x.Expect(), "零", "a booking number is asked for")
	assert.True(t, x.TakesNumber(), "a first 0 is no wish for a person")
	c.say("算了")
	assert.Empty(t, x.Expect())
	assert.False(t, x.TakesNumber())
}

// Half a sentence is waited for, though a clause of it is a question of the knowledge.
func TestAClauseThatIsKnownDoesNotEndTheTurn(t *testing.T) {
	c := hotel(t)
	l := c.c.(dialog.Listener)
	whole := l.Patience("怎么开发票", 0.9)
	half := l.Patience("怎么开发票，我的订单号是", 0.9)
	assert.Greater(t, half, 2*whole)
}

// A number that is announced is waited for, however its beginning was heard.
func TestAnAnnouncedNumberIsWaitedFor(t *testing.T) {
	for text, waits := range map[string]bool{
		"我的订单号是2026以以以吧": true, "我要查物流。订单好事。": true, "我要查物流。盯淡后视。": true, "我的订单号是2026。一一一吧。": true,
		"订单号是什么": false,
	} {
		long := hotel(t).c.(dialog.Listener).Patience(text, 0.5) > time.Second
		assert.Equal(t, waits, long, text)
	}
	for text, waits := range map[string]bool{"My order number is 1 0 0 thought": true, "My order number is 1004.": true, "What time do you open?": false} {
		long := gym(t).c.(dialog.Listener).Patience(text, 0.5) > time.Second
		assert.Equal(t, waits, long, text)
	}
}
