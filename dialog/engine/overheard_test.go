package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
)

// What a television says, none of it to the bot.
var television = []string{
	"接下来关注一组国际新闻，多国领导人今天在会议上就气候问题发表了讲话", "昨天夜里南方多地出现强降雨，气象部门发布了暴雨橙色预警",
	"比赛进行到下半场第七十分钟，客队后卫在禁区内犯规，裁判判罚点球", "这道菜的关键在于火候，先把葱姜爆香，再把切好的肉丝下锅翻炒",
	"皇上驾到，众人跪下，只见一位老者从殿外缓缓走来", "本节目由健康饮品冠名播出，精彩内容马上回来",
	"专家认为恐龙灭绝的原因可能与小行星撞击地球有关",
}

// A television does not keep the call: it is asked for quiet, for keys, and the call goes
// to a person or ends, whatever was open when it began.
func TestATelevisionDoesNotKeepTheCall(t *testing.T) {
	for name, before := range map[string][]string{"nothing open": nil, "a task open": {"怎么取消预订"}, "a choice open": {"转人工"}} {
		for _, whole := range []bool{false, true} {
			c := begin(t, withTasks(t, nil))
			c.open()
			for _, text := range before {
				c.say(text)
			}
			said := map[string]int{}
			turns, ended := 0, false
			for ; turns < 20 && !ended; turns++ {
				in := dialog.Turn{Kind: dialog.Spoke, Text: television[turns%len(television)], Confidence: 0.8, At: time.Now()}
				if whole { // without a pause, until the listener makes a turn of it
					in.Text, in.Prosody.VoicedFor = strings.Join(television, "，"), 30*time.Second
				}
				r := c.turn(in)
				said[r.text()]++
				for _, a := range r.acts {
					switch a.(type) {
					case dialog.Hangup, dialog.Transfer, dialog.Message:
						ended = true
					}
				}
			}
			require.True(t, ended, "%s: still talking to the television", name)
			assert.LessOrEqual(t, turns, 12, name)
			for text, n := range said {
				assert.LessOrEqual(t, n, 2, "%s: %q was said %d times", name, text, n)
			}
		}
	}
}

// Who tells a long story that makes sense is answered.
func TestALongStoryIsHeard(t *testing.T) {
	c := begin(t, withTasks(t, nil))
	c.open()
	r := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "怎么开发票", Confidence: 0.9, Prosody: dialog.Prosody{VoicedFor: 20 * time.Second}, At: time.Now()})
	assert.NotEqual(t, "overheard", r.note.Intent)
}

// A television that happens to say what the business knows talks over the answer, and
// does not hear it for ever.
func TestAnAnswerIsNotBegunForEver(t *testing.T) {
	c := hotel(t)
	const text = "怎么开发票"
	ended := false
	for turn := 0; turn < 12 && !ended; turn++ {
		in := dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 0.8, At: time.Now()}
		if turn > 0 {
			in.Interrupted = &dialog.Interruption{Heard: "发票", Unheard: "在前台开，退房的时候说一声就行。", After: time.Second}
		}
		for _, a := range c.turn(in).acts {
			switch a.(type) {
			case dialog.Hangup, dialog.Transfer, dialog.Message:
				ended = true
			}
		}
	}
	assert.True(t, ended)
}
