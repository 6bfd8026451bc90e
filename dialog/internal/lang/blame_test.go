package lang_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/dialog/internal/lang"
)

func TestWithoutBlame(t *testing.T) {
	for text, left := range map[string]string{
		"I'm useless with a ladder, do you fit it":  "with a ladder, do you fit it",
		"sorry, I am a complete idiot, where is it": "sorry, , where is it",
		"this may be a stupid question":             "this may be a",
		"do you think I'm stupid":                   "do you think I'm stupid",
		"don't talk to me like I'm an idiot":        "don't talk to me like I'm an idiot",
		"you are useless":                           "you are useless",
		"I'm not stupid":                            "I'm not stupid",
		"我太笨了，怎么连网":                                 "了，怎么连网",
		"我这个人真没用，又忘了密码":                             "，又忘了密码",
		"我记性太差，密码忘了":                                "，密码忘了",
		"你当我傻啊":                                     "你当我傻啊",
		"以为我是白痴吗":                                   "以为我是白痴吗",
		"你们怎么这么笨":                                   "你们怎么这么笨",
	} {
		assert.Equal(t, strings.Fields(left), strings.Fields(lang.WithoutBlame(text)), text)
	}
}
