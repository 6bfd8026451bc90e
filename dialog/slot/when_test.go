package slot_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/dialog/slot"
)

// It is Saturday, 21 November 2026, 14:20 in Shanghai.
func TestWhen(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 11, 21, 14, 20, 0, 0, zone)
	for _, c := range []struct{ language, text, want string }{
		{"zh", "明天下午三点再打给我吧", "2026-11-22 15:00"},
		{"zh", "半小时以后再打", "2026-11-21 14:50"},
		{"zh", "过二十分钟再打过来", "2026-11-21 14:40"},
		{"zh", "两个小时后吧", "2026-11-21 16:20"},
		{"zh", "一个半小时以后", "2026-11-21 15:50"},
		{"zh", "晚上八点", "2026-11-21 20:00"},
		{"zh", "下午五点半", "2026-11-21 17:30"},
		{"zh", "四点吧", "2026-11-21 16:00"},
		{"zh", "明天吧", "2026-11-22 10:00"},
		{"zh", "明天下午", "2026-11-22 15:00"},
		{"zh", "今天晚上", "2026-11-21 19:00"},
		{"zh", "后天上午", "2026-11-23 10:00"},
		{"zh", "下周一上午十点", "2026-11-23 10:00"},
		{"zh", "早上九点", "2026-11-22 09:00"},
		{"zh", "晚点再打吧", ""},
		{"zh", "我在开会", ""},
		{"zh", "今天不行", ""},
		{"en", "call me back tomorrow at three p.m.", "2026-11-22 15:00"},
		{"en", "in half an hour", "2026-11-21 14:50"},
		{"en", "in twenty minutes please", "2026-11-21 14:40"},
		{"en", "in about two hours", "2026-11-21 16:20"},
		{"en", "tonight at eight", "2026-11-21 20:00"},
		{"en", "tomorrow morning", "2026-11-22 10:00"},
		{"en", "monday at ten a.m.", "2026-11-23 10:00"},
		{"en", "five thirty this afternoon", "2026-11-21 17:30"},
		{"en", "later", ""},
		{"en", "I'm driving", ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			at, ok := slot.When(c.text, c.language, now)
			if c.want == "" {
				assert.False(t, ok, "%v", at)
				return
			}
			assert.True(t, ok)
			assert.Equal(t, c.want, at.Format("2006-01-02 15:04"))
		})
	}
}

// What is asked for lies ahead, whenever it is said, and is said back as the same moment.
func TestWhenLiesAhead(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	for _, text := range []string{"三点", "明天下午三点", "半小时后", "晚上八点", "上午", "下午", "十二点", "后天", "早上六点"} {
		for hour := range 48 {
			now := time.Date(2026, 11, 21, 0, 10, 0, 0, zone).Add(time.Duration(hour) * 30 * time.Minute)
			at, ok := slot.When(text, "zh", now)
			if !assert.True(t, ok, "%s at %s", text, now.Format("15:04")) {
				continue
			}
			assert.True(t, at.After(now) && at.Before(now.AddDate(0, 0, 3)), "%s at %s: %s", text, now.Format("15:04"), at)
			again, ok := slot.When(slot.SayWhen(at, "zh", now), "zh", now)
			assert.True(t, ok)
			assert.Equal(t, at.Truncate(time.Minute).Format(time.DateTime), again.Truncate(time.Minute).Format(time.DateTime), "%s at %s: said as %s", text, now.Format("15:04"), slot.SayWhen(at, "zh", now))
		}
	}
}
