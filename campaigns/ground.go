package campaigns

import (
	"fmt"
	"strings"
)

// A ground is kept as codes with what they tell of, "attempt|1|3; consent|marketing|…",
// and told in the reader's language by Words: the audit outlives wordings.

// groundOf is one code and what it tells of.
func groundOf(code string, args ...any) string {
	var b strings.Builder
	b.WriteString(code)
	for _, a := range args {
		b.WriteByte('|')
		b.WriteString(separators.Replace(fmt.Sprint(a)))
	}
	return b.String()
}

var separators = strings.NewReplacer("|", "/", ";", ",", "\n", " ")

func joinGrounds(list []string) string { return strings.Join(list, "; ") }

// Words tells a ground in a language, "zh" or "en". What it does not know it returns as
// it is.
func Words(ground, language string) string {
	var out []string
	for part := range strings.SplitSeq(ground, ";") {
		fields := strings.Split(strings.TrimSpace(part), "|")
		if fields[0] == "" {
			continue
		}
		zh, en, n := groundWords(fields[0])
		format := en
		if language == "zh" {
			format = zh
		}
		if format == "" || len(fields)-1 != n {
			out = append(out, strings.TrimSpace(part))
			continue
		}
		args := make([]any, n)
		for i, f := range fields[1:] {
			args[i] = purposeWords(f, language)
		}
		out = append(out, fmt.Sprintf(format, args...))
	}
	if language == "zh" {
		return strings.Join(out, ";")
	}
	return strings.Join(out, "; ")
}

// groundWords are the wordings of a code, and of how many things it tells.
func groundWords(code string) (zh, en string, args int) {
	switch code {
	case "emergency":
		return "紧急号码,任何情况下都不外呼", "an emergency number, which is never called", 0
	case "bad_number":
		return "不是普通用户号码(短号、声讯号码或位数不对)", "no subscriber's number: short, premium rate or of a wrong length", 0
	case "campaign_over":
		return "活动已于 %s 结束", "the campaign ended at %s", 1
	case "never_open":
		return "两个月内没有允许拨打的时段(%s)", "no hour within two months is allowed (%s)", 1
	case "no_disclosure":
		return "话术“%s”的开场白没有说明是机器来电", "the greeting of variant %q does not say that a machine calls", 1
	case "agent_talks":
		return "由坐席本人说话", "an agent talks, and no machine", 0
	case "disclosed":
		return "话术“%s”开场说明是机器来电", "variant %q says that a machine calls", 1
	case "own_list":
		return "%s 起在本企业免打扰名单中(来源:%s)", "on the own do-not-call list since %s (%s)", 2
	case "national_list":
		return "%s 起在国家免打扰名单中,不能用于%s", "on the national do-not-call list since %s, which bars %s", 2
	case "not_listed":
		return "不在免打扰名单中", "on no do-not-call list", 0
	case "consent":
		return "%s:%s 同意(%s,记录人 %s)", "consent to %s given %s (%s, kept by %s)", 4
	case "consent_taken_back":
		return "对%s的同意已于 %s 撤回", "consent to %s was taken back %s", 2
	case "no_consent":
		return "没有对%s的同意记录", "no consent to %s is on record", 1
	case "relation":
		return "%s:依据客户自己的订单或预约,不需另行同意", "%s: about what the customer has ordered or asked for; needs no consent of its own", 1
	case "no_attempt_left":
		return "已拨 %s 次,上限 %s 次", "called %s times of %s", 2
	case "attempt":
		return "第 %s 次,最多 %s 次", "attempt %s of %s", 2
	}
	return groundWordsOfTime(code)
}

// groundWordsOfTime are those of what time puts right.
func groundWordsOfTime(code string) (zh, en string, args int) {
	switch code {
	case "cap_campaign":
		return "本活动已拨 %s 次,上限 %s 次", "called %s times in this campaign, at most %s", 2
	case "cap_day":
		return "本活动当天已拨 %s 次,上限 %s 次", "called %s times today in this campaign, at most %s", 2
	case "cap_week":
		return "本活动七天内已拨 %s 次,上限 %s 次", "called %s times in seven days in this campaign, at most %s", 2
	case "cap_overall":
		return "所有活动当天共拨 %s 次,上限 %s 次", "called %s times today by all campaigns, at most %s", 2
	case "cap_overall_week":
		return "所有活动七天内共拨 %s 次,上限 %s 次", "called %s times in seven days by all campaigns, at most %s", 2
	case "under_cap_overall":
		return "当天此前拨过 %s 次,上限 %s 次", "called %s times today before, at most %s", 2
	case "under_cap_overall_week":
		return "七天内此前拨过 %s 次,上限 %s 次", "called %s times in seven days before, at most %s", 2
	case "number_in_use":
		return "另一通打给这个号码的电话还没结束", "another call to the number is in progress", 0
	case "retry_interval":
		return "要等到 %s 才能再拨", "may be called again from %s on", 1
	case "not_placed":
		return "呼叫没有发出(%s),第 %s 次放回名单:%s", "no call went out (%s), put back for the %s. time: %s", 3
	case "not_allowed":
		return "服务器设置只允许拨打 %s 开头的号码", "the server's settings allow calls to %s only", 1
	case "not_begun":
		return "活动 %s 开始", "the campaign begins at %s", 1
	case "window":
		return "在允许时段 %s 内(%s,当地 %s)", "inside the window %s (%s, %s there)", 3
	case "outside_window":
		return "不在允许时段内:当天 %s,当地现在 %s(%s)", "outside the window: %s that day, now %s there (%s)", 3
	case "holiday":
		return "节假日“%s”:当天 %s,当地现在 %s(%s)", "the holiday %q: %s that day, now %s there (%s)", 4
	}
	return "", "", 0
}

// purposeWords names a purpose.
func purposeWords(p, language string) string {
	zh := language == "zh"
	switch Purpose(p) {
	case Service:
		if zh {
			return "服务通知"
		}
		return "service calls"
	case Reminder:
		if zh {
			return "提醒"
		}
		return "reminders"
	case Survey:
		if zh {
			return "回访调查"
		}
		return "surveys"
	case Marketing:
		if zh {
			return "营销"
		}
		return "marketing"
	}
	return p
}

// Words tells a refusal in a language, in few words, for a count of them.
func (r Refusal) Words(language string) string {
	zh, en := "", ""
	switch r {
	case RefusedNumber:
		zh, en = "号码不能拨打", "no subscriber's number"
	case RefusedEmergency:
		zh, en = "紧急号码", "emergency number"
	case RefusedNational:
		zh, en = "国家免打扰名单", "national do-not-call list"
	case RefusedOwnList:
		zh, en = "本企业免打扰名单", "own do-not-call list"
	case RefusedConsent:
		zh, en = "没有同意记录", "no consent"
	case RefusedDisclosure:
		zh, en = "开场白没有说明是机器来电", "the greeting does not say that a machine calls"
	case RefusedCampaign:
		zh, en = "达到本活动次数上限", "cap of the campaign"
	case RefusedAttempts:
		zh, en = "已拨满次数", "no attempt left"
	case RefusedEnded:
		zh, en = "活动已结束", "campaign over"
	case RefusedWindow:
		zh, en = "不在允许时段", "outside the window"
	case RefusedHoliday:
		zh, en = "节假日", "holiday"
	case RefusedDay:
		zh, en = "达到当天次数上限", "cap of the day"
	case RefusedWeek:
		zh, en = "达到七天次数上限", "cap of seven days"
	case RefusedOverall:
		zh, en = "达到所有活动的次数上限", "cap over all campaigns"
	case RefusedInterval:
		zh, en = "未到重拨时间", "retry interval"
	case RefusedPlace:
		zh, en = "服务器设置不允许的地区", "destination not allowed by the server"
	case RefusedPlacing:
		zh, en = "呼叫没有发出", "no call went out"
	case RefusedInUse:
		zh, en = "正在通话", "number in use"
	}
	if language == "zh" {
		return zh
	}
	return en
}
