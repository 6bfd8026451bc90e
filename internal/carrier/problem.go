package carrier

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/rules"
)

// chinese is what is said of a wrong key.
func chinese(key string) string {
	head, rest, _ := strings.Cut(key, "[")
	if _, last, ok := strings.Cut(rest, "]."); ok {
		head += "." + last
	}
	words := map[string]string{ //nolint:gosec // words about passwords, none of them one
		"kind": "请选择“注册”或“固定地址”", "proxy": "请写运营商的服务器：sip:主机[:端口][;transport=tcp]", "user": "注册需要账号", "password": "注册需要密码",
		"addresses": "请写运营商自己的地址或网段，如 203.0.113.0/24；不能大到包括别人，如 0.0.0.0/0，那样谁打来都算运营商", "outbound.match": "请写规范号码的开头，如 +8621；短号如 955", "outbound.strip": "去掉的位数超过了号码开头的长度",
		"outbound.add": "加在前面的只能是号码", "costs": "请写号码开头和每分钟价格，如 +86 和 0.1", "channels": "不能是负数", "calls_per_second": "不能是负数",
		"expires_s": "太短了", "options_interval_s": "太短了", "codecs": "只能是 PCMA、PCMU、G722、opus", "caller_style": "请从列表里选", "dtmf": "请从列表里选",
	}
	if w := words[head]; w != "" {
		return w
	}
	return "写法不对"
}

// fieldOf is how a form calls a key of the settings.
func fieldOf(key string) string {
	switch key {
	case "expires", "options_interval":
		return key + "_s"
	default:
		return key
	}
}

// problems are what is wrong with the trunks of a form, which mean these settings; the
// password of those in anew must be typed again.
func (b *Book) problems(want []TrunkForm, means []config.Trunk, anew map[int]bool) []rules.EditProblem {
	out := []rules.EditProblem{}
	seen := map[string]bool{}
	for i, f := range want {
		add := func(severity business.Severity, key, english, zh string) {
			out = append(out, rules.EditProblem{Severity: string(severity), Field: fmt.Sprintf("trunks[%d].%s", i, key), English: english, Chinese: zh})
		}
		switch {
		case f.Name == "":
			add(business.Error, "name", "a name is needed", "请起个名字")
		case strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			add(business.Error, "name", "only small letters, digits and underscores", "只能用小写字母、数字和下划线")
		case seen[f.Name]:
			add(business.Error, "name", "another trunk has this name", "另一条中继已经用了这个名字")
		}
		seen[f.Name] = true
		if f.AsSettings {
			continue
		}
		t := means[i]
		for _, p := range t.Problems() {
			key := fieldOf(p.Key)
			if key == "password" {
				p.Text = "a registration needs a password"
			}
			add(business.Error, key, p.Text, chinese(key))
		}
		if anew[i] {
			add(business.Error, "password", "type the account's password again: the one that is kept is not sent to another server", "服务器改了，请重新输入密码：已保存的密码不会发给别的服务器")
		}
		numbers := map[string]bool{}
		for j, in := range f.Inbound {
			at := fmt.Sprintf("inbound[%d]", j)
			switch {
			case in == TrunkInbound{}:
			case in.Number == "" || in.Line == "":
				add(business.Error, at, "a number and its line are needed", "要写号码和它的线路")
			case numbers[in.Number]:
				add(business.Error, at, "the number stands here twice", "号码重复了")
			case b.cfg.Line != nil && !b.cfg.Line(in.Line):
				add(business.Warning, at, "no line has this name or number: the default line will answer", "没有线路叫这个名字或有这个号码，会由默认线路接听")
			}
			numbers[in.Number] = true
		}
	}
	return out
}

// elsewhere tells whether a trunk would speak to a server that is none of these, or to one
// of them in another way.
func elsewhere(known, now []string) bool {
	plain := func(p string) string {
		p = strings.ToLower(strings.TrimSpace(p))
		if strings.HasPrefix(p, "sips:") {
			return p
		}
		return "sip:" + strings.TrimPrefix(p, "sip:")
	}
	return slices.ContainsFunc(now, func(p string) bool {
		return !slices.ContainsFunc(known, func(k string) bool { return plain(k) == plain(p) })
	})
}

// different are the keys in which two trunks differ, as a form calls them.
func different(a, b TrunkForm) []string {
	var out []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		name, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
		if slices.Contains([]string{"was", "name", "password", "as_settings"}, name) {
			continue
		}
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, name)
		}
	}
	return out
}
