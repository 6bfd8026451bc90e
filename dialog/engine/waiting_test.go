package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
)

// wait says something while the caller waits in the queue.
func (c *call) wait(text string) said {
	return c.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, At: time.Now(), Waiting: true})
}

// press presses a key while he waits.
func (c *call) press(keys string) said {
	return c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: keys, Confidence: 1, At: time.Now(), Waiting: true})
}

// Who waits may choose otherwise, wait on, or ask something; the menu's keys are not
// his.
func TestWhileWaiting(t *testing.T) {
	for _, x := range []struct {
		say, keys string
		want      string // an act
		has       string // in what is said
	}{
		{say: "给我回电吧", has: "什么时候"},
		{keys: "2", has: ""},
		{say: "我要留言", want: "message"},
		{keys: "3", want: "message"},
		{say: "我继续等", want: "transfer"},
		{say: "转人工", want: "transfer"},
		{keys: "1", want: "transfer"},
		{keys: "7", want: "transfer"},
	} {
		c := hotel(t)
		c.open()
		c.say("转人工")
		var s said
		if x.say != "" {
			s = c.wait(x.say)
		} else {
			s = c.press(x.keys)
		}
		if x.want != "" {
			assert.True(t, s.has(x.want), "%q%q: %v", x.say, x.keys, s.kinds())
		} else {
			assert.False(t, s.has("transfer"), "%q%q: %v", x.say, x.keys, s.kinds())
		}
		if x.has != "" {
			assert.NotEmpty(t, s.text())
		}
	}
	c := hotel(t)
	c.open()
	c.say("转人工")
	s := c.wait("早餐几点开始")
	assert.Equal(t, "knowledge", s.note.Source)
	assert.False(t, s.has("transfer"))
}

// The queue is long: a callback or a message, unless he says that he wants a person.
func TestQueueIsLong(t *testing.T) {
	c := hotel(t)
	c.open()
	c.say("转人工")
	s := c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferBusy})
	assert.Contains(t, s.text(), "回电")
	s = c.say("我就要人工")
	a, ok := find[dialog.Transfer](s)
	require.True(t, ok, "%v", s.kinds())
	assert.Equal(t, "asked", a.Reason)
}

// An agent has the bot do a task: it says when that is over, and asks nothing else.
func TestTaskForAnAgent(t *testing.T) {
	c := desk(t)
	s := c.turn(dialog.Turn{Kind: dialog.Tasked, Task: "cancel"})
	assert.Contains(t, s.text(), "订单号")
	assert.False(t, s.note.TaskOver)
	s = c.say("幺零零二零零")
	assert.False(t, s.note.TaskOver)
	s = c.say("确定")
	assert.True(t, s.note.TaskOver, "%v", s.kinds())
	assert.Equal(t, "100200", s.note.Slots["booking"])
	assert.True(t, s.has("ticket"))
	assert.NotContains(t, s.text(), "还有", "the agent asks what else there is")

	s = c.turn(dialog.Turn{Kind: dialog.Tasked, Task: "cancel"})
	assert.False(t, s.note.TaskOver)
	s = c.say("转人工")
	assert.True(t, s.note.TaskOver, "he wants back")
	s = c.turn(dialog.Turn{Kind: dialog.Tasked, Task: "no such flow"})
	assert.True(t, s.note.TaskOver)
}
