package slot

import (
	"slices"
	"strings"

	"hotline/dialog/command"
)

// yesNo knows consent and refusal: by the words of its own that a question in a flow
// is answered with, else by those of all conversation.
type yesNo struct{ general *command.Recognizer }

func newYesNo(language string) yesNo { return yesNo{command.New(language)} }

// The openings of an answer, without fillers. Longest first wins; an empty meaning is
// one that is neither.
var zhAnswers = answers(map[string]string{
	"":    "是不是 对不对 行不行 好不好 可不可以 要不要 对不起 不好意思 不知道 不清楚 不确定 不太清楚 我不记得 我不知道 我不清楚 我不确定 我没听 我没带 我没找到 有一 不记得 不晓得 不好说 好像 要是 是谁 是什么 是哪 有没有 不是很清楚 说不好 没想好 看情况 随便 都行 都可以 无所谓 是多少 行吗 可以吗 对吗 是吗 好吗 好难 好麻烦 好贵 好慢 有点 有什么 有几 没听 对了 对于 行程 要多久 要多少 要等 是怎么 是为什么 好久 好多",
	"yes": "是 是的 是啊 是呀 是我 对 对的 对啊 对呀 对对 没错 不错 没毛病 嗯 嗯嗯 嗯哼 好 好的 好啊 行 行啊 可以 可以的 要 要的 需要 没问题 当然 确认 确定 肯定 必须的 成 中 得 得嘞 有 有的 就是 正是 正确 准确 同意 愿意 我要 我需要 我确认 我同意 我愿意 那行 那好 也行 也好 ok okay yes 应该是 应该对 好像是 好像对 大概是 可能是 是这样 是这个 差不多 怎么不是 可不是 没有错 没有问题 不是没问题 麻烦你了 麻烦了 帮我办 办吧 改吧 退吧 取消吧 好嘞 好呀 中啊 使得 那当然 就这样 就这么办 就按这个 来吧 没意见 可以啊 yeah",
	"no":  "不 不是 不对 不用 不要 不需要 不行 不可以 不必 不想 不了 不同意 不愿意 不太 不是的 没 没有 别 算了 免了 错 错了 否 先不 暂时不 好像不 应该不 应该没 好像没 可能不 我不 我没 我不要 我不用 并不 并没 也不 都不 哪有 哪是 才不 搞错 弄错 no 不不 不不不 不是这样 甭 用不着 没必要 改天 下次 再说吧 还是不 还是算了 还没 那不用 那算了 那不 拒绝 取消 谁说的 不是我 没那回事 什么呀 哪里啊 不确认",
})

var enAnswers = answers(map[string]string{
	"":    "no_idea dont_know i_dont_know not_sure im_not_sure maybe perhaps i_guess_not_sure it_depends depends either whatever i_dont_remember i_cant_remember no_one right_now right_away i_dont_understand i_have_no_idea well_i_dont_know correct_me ok_so_what what okay_google do_you do_i is_it is_that i_dont_follow hang_on",
	"yes": "yes yeah yep yup ya yah yea sure correct right thats_right thats_correct thats_it thats_me thats_true thats_the_one thats_fine ok okay absolutely of_course please yes_please please_do i_do i_am i_did i_have i_would i_will it_is it_does it_was go_ahead go_for_it indeed affirmative uh_huh uhhuh mm_hmm mmhmm mhm definitely certainly sounds_good sounds_right sounds_fine fine why_not exactly spot_on no_problem no_worries not_a_problem not_wrong not_bad alright all_right i_think_so i_believe_so i_guess i_guess_so i_suppose_so i_suppose true you_bet you_got_it bang_on aye for_sure lets_do_it do_it works_for_me that_works perfect great good i_want i_want_to id_like id_love that_would_be_great confirm confirmed i_confirm agreed i_agree happy_to yes_it_is totally by_all_means most_likely probably too_right looks_right looks_good we_do we_are they_did he_did she_did speaking",
	"no":  "no nope nah naw not_really not_at_all not_quite not_exactly not_yet not_now not_today not_me not_that not_right not_correct not_this_time dont i_dont i_do_not i_didnt i_havent i_wouldnt i_wont im_not im_afraid_not it_isnt it_is_not its_not it_doesnt it_wasnt isnt wasnt that_isnt thats_not thats_wrong thats_incorrect thats_not_right thats_not_me wrong incorrect negative never never_mind nevermind uh_uh nuh_uh i_would_not id_rather_not rather_not cancel forget_it leave_it i_cant cannot no_thanks no_thank_you none nothing hardly absolutely_not definitely_not certainly_not of_course_not i_dont_think_so dont_think_so i_think_not probably_not by_no_means no_way not_a_chance hell_no ill_pass i_pass maybe_later maybe_not sure_not i_guess_not yeah_no yes_no_no i_disagree false neither we_dont they_didnt not_interested no_need theres_no_need dont_bother stop please_dont id_prefer_not skip_it id_say_no",
})

// weakYes are words that consent only by themselves: 要, but not 要投诉.
var (
	weakYes     = map[string]bool{"我要": true, "要": true, "有": true, "我需要": true, "需要": true, "得": true, "成": true, "中": true}
	zhParticles = []string{"的", "啊", "了", "吧", "呀", "呢", "哈", "嘛", "哦", "谢", "是", "对", "好", "要"}
)

type answer struct {
	words   []string // of English; one of Chinese
	meaning string
}

func answers(m map[string]string) map[string][]answer {
	out := map[string][]answer{} // by the first character or word
	for meaning, list := range m {
		for w := range strings.FieldsSeq(list) {
			a := answer{strings.Split(w, "_"), meaning}
			key := a.words[0]
			if key[0] >= 0x80 {
				key = string([]rune(key)[:1])
			}
			out[key] = append(out[key], a)
		}
	}
	return out
}

var (
	zhYesFill = lexiconOf([]string{"嗯", "呃", "额", "啊", "哦", "噢", "那个", "那", "哎", "诶", "唉", "这个", "我觉得", "我想", "呀", "吧", "哈", "呢", "的", "了", "就", "谢谢", "喂", "那就", "我说", "嗨", "其实", "真的", "这", "它"})
	enYesFill = map[string]bool{"um": true, "uh": true, "er": true, "well": true, "oh": true, "ah": true, "so": true, "hmm": true, "like": true, "mm": true, "hey": true, "but": true, "actually": true, "honestly": true, "and": true, "then": true, "hi": true}
)

// yesNo finds consent or refusal in t: the last clear one counts, as people who change
// their mind do so aloud.
func (s *Slot) yesNo(t *utterance) []Value {
	meaning, from, to := "", 0, 0
	c := 0.95
	clauses := 0
	for i := 0; i < len(t.toks); clauses++ {
		end := i + 1
		for end < len(t.toks) && t.toks[end].gap != pause {
			end++
		}
		m, a, b := s.clause(t, i, end)
		switch {
		case m == "" || m == "?":
		case meaning == "":
			meaning, from, to = m, a, b
			if clauses > 0 {
				c = 0.85
			}
		case m != meaning:
			meaning, from, to, c = m, a, b, 0.75
		}
		i = end
	}
	if meaning == "" {
		switch got := s.yes.general.Recognize(t.bounded()); {
		case got.Kind == command.Yes || got.Kind == command.Backchannel && got.Affirms:
			meaning, c = "yes", 0.9*got.Certain
		case got.Kind == command.No:
			meaning, c = "no", 0.9*got.Certain
		default:
			return nil
		}
		from, to = 0, len(t.toks)
	}
	return []Value{{Canonical: meaning, Start: t.start(from), End: t.end(to), Confidence: c}}
}

// bounded is as much of the text as an answer can be.
func (t *utterance) bounded() string {
	if len(t.toks) > 14 {
		return ""
	}
	return t.text[t.start(0):t.end(len(t.toks))]
}

// clause is the meaning of the tokens from i to end: yes, no, ? for a clear neither.
func (s *Slot) clause(t *utterance, i, end int) (meaning string, from, to int) {
	if last := t.at(end - 1).w; last == "吗" || last == "么" {
		return "?", i, end
	}
	table := enAnswers
	if s.zh {
		table = zhAnswers
	}
	for i < end {
		best, next := "", -1
		for _, a := range table[t.at(i).w] {
			var n int
			if len(a.words) == 1 {
				n = t.lit(i, a.words[0])
			} else {
				n = t.seq(i, a.words...)
			}
			if s.zh && weakYes[a.words[0]] && n > 0 && n < end && !slices.Contains(zhParticles, t.at(n).w) {
				continue
			}
			if n > next && n <= end {
				best, next = a.meaning, n
			}
		}
		if next > 0 && best == "" {
			if meaning == "" {
				return "?", i, next
			}
			return meaning, from, to
		}
		if next > 0 {
			// 嗯不是: what follows an mm counts more; 是没有: so does the later of two in Chinese
			if meaning == "" {
				from = i
			}
			if meaning == "" || meaning != best && (s.zh && best == "no" || !s.zh && (t.at(i).w == "no" || t.at(i).w == "not" || t.at(i).w == "nope" || best == "yes" && next == end || best == "no" && t.at(from).w != "yes")) {
				meaning, to = best, next
			}
			i = next
			continue
		}
		if meaning != "" {
			break
		}
		fill := -1
		if s.zh && t.at(i).kind == han {
			fill, _ = t.in(i, zhYesFill)
		} else if enYesFill[t.at(i).w] {
			fill = i + 1
		}
		if fill < 0 || fill > end {
			break
		}
		i = fill
	}
	return meaning, from, to
}
