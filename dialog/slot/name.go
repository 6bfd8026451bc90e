package slot

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

// surnames cover more than 99 of 100 people.
var surnames = func() map[string]bool {
	m := map[string]bool{}
	for _, r := range `王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝` {
		m[string(r)] = true
	}
	for w := range strings.FieldsSeq("欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 司徒 端木 南宫") {
		m[w] = true
	}
	return m
}()

// builtNames say a surname by its parts.
var builtNames = map[string]string{
	"弓长张": "张", "立早章": "章", "木子李": "李", "耳东陈": "陈", "口天吴": "吴", "双木林": "林", "三横王": "王", "言午许": "许", "古月胡": "胡", "人可何": "何", "双口吕": "吕", "文刀刘": "刘", "走肖赵": "赵", "禾呈程": "程", "草头黄": "黄", "大肚黄": "黄",
	"干勾于": "于", "人则俞": "俞", "人禾余": "余", "双人徐": "徐", "言射谢": "谢", "走之邓": "邓", "十八子李": "李", "木易杨": "杨", "草字头的蒋": "蒋", "将来的蒋": "蒋", "姜子牙的姜": "姜", "美女姜": "姜", "三点水的江": "江", "水工江": "江", "马上的马": "马", "牛马的马": "马", "关耳郑": "郑", "包耳郑": "郑",
	"言身寸谢": "谢", "土申坤": "坤", "日月明": "明", "双火炎": "炎", "三金鑫": "鑫", "三水淼": "淼", "三石磊": "磊", "王文玟": "玟", "女子好": "好", "立人何": "何", "单人何": "何", "单人旁的付": "付", "双耳聂": "聂", "西早覃": "覃", "草头苏": "苏", "草办苏": "苏", "方耳邝": "邝", "口木吴": "吴",
}

var builtWords = lexiconOf(keys(builtNames))

var zhNameCues = lexiconOf([]string{
	"我的名字叫", "我的名字是", "我名字叫", "名字叫", "名字是", "名字", "姓名是", "姓名叫", "姓名", "我叫", "我叫做", "叫我", "收件人是", "收件人叫", "收件人", "收货人是", "收货人", "联系人是", "联系人", "本人叫", "本人是", "本人", "我是", "我姓", "免贵姓", "姓", "叫做", "称呼我", "户主是", "户主叫", "机主是", "机主叫", "预约人是", "预约人", "用的是", "写的是", "改成", "是", "叫", "这里是", "患者叫", "病人叫", "孩子叫", "患者是", "就写", "写", "填",
})

var zhNameStops = map[string]bool{
	"啊": true, "呢": true, "的": true, "吧": true, "呀": true, "嗯": true, "哦": true, "了": true, "哈": true, "是": true, "我": true, "就": true, "先": true, "女": true, "小": false, "不": true, "电": true, "号": true, "你": true, "您": true, "他": true, "她": true, "吗": true, "要": true, "想": true,
	"在": true, "有": true, "这": true, "那": true, "也": true, "和": true, "给": true, "给我": true, "来": true, "买": true, "打": true, "说": true, "之": false, "到": true, "帮": true, "找": true, "问": true, "没": true, "上": true, "下": true, "住": true, "过": true, "刚": true, "还": true,
}

// names finds the names of people.
func (s *Slot) names(t *utterance) []Value {
	if s.zh {
		if v, ok := s.zhName(t); ok {
			return []Value{v}
		}
	}
	return s.enNames(t)
}

// described is a character explained at i, 弓长张 or 黎明的黎, with the token behind.
func described(t *utterance, i int) (char string, next int) {
	if n, w := t.in(i, builtWords); n > 0 {
		return builtNames[w], n
	}
	for l := 2; l <= 4; l++ { // 黎明的黎, 王者荣耀的王
		if t.at(i+l).w != "的" && t.at(i+l).w != "那个" {
			continue
		}
		n := i + l + 1
		if t.lit(n, "那个") > 0 {
			n += 2
		}
		c := t.at(n)
		if c.kind != han {
			return "", -1
		}
		within := false
		for k := range l {
			if t.at(i+k).kind != han || k > 0 && t.at(i+k).gap == pause {
				return "", -1
			}
			within = within || t.at(i+k).w == c.w
		}
		if within {
			return c.w, n + 1
		}
		return "", -1
	}
	return "", -1
}

func (s *Slot) zhName(t *utterance) (Value, bool) {
	type span struct {
		name     string
		from, to int
		c        float64
	}
	var best span
	try := func(i int, c float64) {
		n := i
		if m, _ := t.any(n, "嗯", "呃", "那个", "：", "就是"); m > 0 {
			n = m
		}
		if ch, next := described(t, n); next > 0 { // 我姓弓长张
			name, at := ch, next
			for {
				c2, next2 := described(t, at)
				if next2 < 0 || utf8.RuneCountInString(name) >= 4 {
					break
				}
				name, at = name+c2, next2
			}
			if surnames[string([]rune(name)[0])] && c > best.c {
				best = span{name, n, at, c}
			}
			return
		}
		first, l := t.at(n).w, 1
		if w := first + t.at(n+1).w; n+1 < len(t.toks) && surnames[w] {
			first, l = w, 2
		}
		if !surnames[first] || t.at(n).kind != han {
			return
		}
		end := n + l
		for end < len(t.toks) && end-n < l+2 && t.toks[end].kind == han && t.toks[end].gap == glued && !zhNameStops[t.toks[end].w] {
			if _, next := described(t, end); next > 0 && end > n {
				break
			}
			if m, _ := t.any(end, "手机", "电话", "尾号", "今年", "地址", "订单", "先生", "女士", "小姐", "老师", "经理", "同学", "师傅", "阿姨", "一下", "两个", "三个", "谢谢", "麻烦", "单号", "昨天", "今天", "前天", "预约", "什么", "怎么", "那边", "这边"); m > 0 {
				break
			}
			end++
		}
		name := ""
		for k := n; k < end; k++ {
			name += t.toks[k].w
		}
		if m, _ := t.any(end, "先生", "女士", "小姐"); m > 0 && end-n == 2*l && t.at(n-1).w == "姓" && t.at(n).w == t.at(n+l).w { // 姓王，王先生
			end = n + l
			name = first
		}
		if l2 := end - n; l2 == l { // the surname alone
			c -= 0.15
			switch t.at(end).w {
			case "先", "女", "小", "老", "师", "经":
			default:
				if t.at(n-1).w != "姓" && t.at(n).w != "姓" && end != len(t.toks) && t.at(end).gap != pause {
					return
				}
			}
		}
		if c > best.c {
			best = span{name, n, end, c}
		}
	}
	for i := range t.toks {
		n, cue := t.in(i, zhNameCues)
		if n < 0 || n >= len(t.toks) {
			continue
		}
		c := 0.93
		switch cue {
		case "是", "叫", "改成", "这里是", "用的是", "写的是":
			c = 0.7
		case "我是":
			c = 0.8
		}
		try(n, c)
	}
	core := t.unfilled(true)
	if best.c < 0.8 && len(core.toks) > 0 && len(core.toks) < 24 {
		at := 0
		for t.toks[at].start != core.toks[0].start {
			at++
		}
		if n := t.lit(at, "姓"); n > 0 {
			at = n
		}
		c := 0.75
		if len(core.toks) <= 4 {
			c = 0.88
		}
		try(at, c)
	}
	if best.name == "" {
		return Value{}, false
	}
	if surnames[best.name] { // 姓司马，司马光
		for k := best.to; k < len(t.toks); k++ {
			if t.lit(k, best.name) > 0 && t.at(k-1).w != "的" {
				try(k, best.c+0.01)
			}
		}
	}
	// what follows may explain the characters: 我姓章, 立早章
	rs := []rune(best.name)
	end := best.to
	for k := best.to; k < len(t.toks); {
		ch, next := described(t, k)
		if next < 0 {
			k++
			continue
		}
		for j, r := range rs {
			if string(r) == ch || lang.Alike(lang.Syllables(string(r))[0], lang.Syllables(ch)[0]) == 1 {
				rs[j] = []rune(ch)[0]
				best.c = min(best.c+0.05, 0.98)
				end = next
				break
			}
		}
		k = next
	}
	return Value{Canonical: string(rs), Start: t.start(best.from), End: t.end(end), Confidence: best.c}, true
}

var enNameCues = [][]string{
	{"my", "name", "is"},
	{"my", "names"},
	{"the", "name", "is"},
	{"names"},
	{"name", "is"},
	{"first", "name", "is"},
	{"last", "name", "is"},
	{"surname", "is"},
	{"this", "is"},
	{"i", "am"},
	{"im"},
	{"its"},
	{"it", "is"},
	{"call", "me"},
	{"under", "the", "name"},
	{"under"},
	{"name"},
	{"its", "under"},
	{"the", "name", "of"},
	{"name", "of"},
	{"speaking", "to"},
	{"thats"},
	{"you", "can", "call", "me"},
	{"the", "names"},
	{"last", "names"},
	{"first", "names"},
	{"surnames"},
	{"surname"},
	{"first", "name"},
	{"last", "name"},
	{"should", "be"},
	{"change", "it", "to"},
}

var enNotNames = map[string]bool{
	"calling": true, "a": true, "the": true, "not": true, "and": true, "i": true, "my": true, "is": true, "about": true, "from": true, "with": true, "looking": true, "trying": true, "here": true, "speaking": true, "just": true, "sorry": true, "your": true, "for": true, "on": true,
	"in": true, "at": true, "to": true, "an": true, "it": true, "its": true, "thats": true, "that": true, "please": true, "thanks": true, "thank": true, "yes": true, "no": true, "okay": true, "ok": true, "uh": true, "um": true, "er": true, "well": true, "so": true, "going": true,
	"but": true, "spelled": true, "spelt": true, "spell": true, "waiting": true, "happy": true, "very": true, "still": true, "having": true, "what": true, "this": true, "of": true, "we": true, "you": true, "he": true, "she": true, "actually": true, "phone": true, "number": true,
	"order": true, "address": true, "account": true, "wrong": true, "good": true, "fine": true, "hello": true, "hi": true, "hey": true, "name": true, "last": true, "first": true, "surname": true, "if": true, "because": true, "been": true, "afraid": true, "as": true, "sure": true, "under": true, "like": true,
	"was": true, "mister": true, "mr": true, "mrs": true, "ms": true, "miss": true, "doctor": true, "dr": true, "want": true, "need": true, "would": true, "again": true, "ill": true, "id": true, "ive": true, "really": true, "im": true, "names": true, "am": true, "are": true,
	"how": true, "where": true, "do": true, "does": true, "did": true, "which": true, "why": true, "when": true, "who": true, "can": true, "could": true, "hang": true, "let": true, "look": true, "dont": true, "rather": true, "talk": true, "already": true, "moment": true, "second": true, "minute": true, "hold": true, "wait": true,
	"person": true, "human": true, "agent": true, "robot": true, "help": true, "repeat": true, "pardon": true, "nothing": true, "none": true, "ridiculous": true, "terrible": true, "awful": true, "bad": true, "broken": true, "late": true, "great": true, "right": true, "urgent": true, "important": true, "unacceptable": true,
	"crazy": true, "stupid": true, "annoying": true, "frustrating": true, "me": true, "him": true, "her": true, "them": true, "us": true, "mine": true, "ready": true, "done": true, "lost": true, "confused": true, "angry": true, "upset": true, "new": true, "old": true, "all": true, "there": true, "one": true, "two": true, "three": true,
	"correct": true, "yeah": true, "yep": true, "nope": true, "alright": true, "cant": true, "wont": true, "didnt": true, "isnt": true, "have": true, "has": true, "get": true, "got": true, "go": true, "they": true, "some": true, "any": true, "more": true, "too": true, "also": true, "now": true, "later": true, "today": true, "tomorrow": true,
}

func (s *Slot) enNames(t *utterance) []Value {
	var out []Value
	at := func(i int, c float64) {
		for enTitle(t.at(i).w) || i < len(t.toks) && (t.at(i).w == "uh" || t.at(i).w == "um" || t.at(i).w == "er") || t.at(i).w == "." {
			i++
		}
		if name, next := spelledName(t, i); next > 0 {
			out = append(out, Value{Canonical: name, Start: t.start(i), End: t.end(next), Confidence: min(c+0.03, 0.97)})
			return
		}
		end := i
		for end < len(t.toks) && end-i < 4 && t.toks[end].kind == latin && !enNotNames[t.toks[end].w] && (end == i || t.toks[end].gap != pause) {
			if _, next := spelledName(t, end); next > end+2 {
				break
			}
			if len(t.toks[end].w) == 1 && end == i {
				return
			}
			end++
			if t.at(end).w == "-" && t.at(end+1).kind == latin && t.at(end).gap == glued {
				end++
			}
		}
		if end == i {
			return
		}
		name := properName(t, i, end)
		v := Value{Canonical: name, Start: t.start(i), End: t.end(end), Confidence: c}
		// that's S M Y T H
		for k := end; k < min(end+8, len(t.toks)); k++ {
			sp, next := spelledName(t, k)
			parts := strings.Fields(name)
			if next < 0 || len(sp) < 3 && (len(sp) < 2 || !strings.EqualFold(parts[len(parts)-1][:1], sp[:1])) {
				continue
			}
			j := len(parts) - 1
			for p := range parts {
				if strings.EqualFold(parts[p][:1], sp[:1]) && p != j && !strings.EqualFold(parts[j][:1], sp[:1]) {
					j = p
				}
			}
			parts[j] = sp
			v.Canonical, v.End, v.Confidence = strings.Join(parts, " "), t.end(next), min(c+0.05, 0.97)
			break
		}
		out = append(out, v)
	}
	taken := -1
	first, last := -1, -1 // of out: a first and a last name said apart
	for i := range t.toks {
		if i < taken {
			continue
		}
		n, words := -1, 0
		for _, cue := range enNameCues {
			if m := t.seq(i, cue...); m > n {
				n, words = m, len(cue)
			}
		}
		if n < 0 || n >= len(t.toks) {
			continue
		}
		c := 0.93
		switch w := t.at(i).w; {
		case w == "its" || w == "it" || w == "thats" || w == "im" || w == "i" || w == "this" || w == "under" || w == "should":
			c = 0.75
		case words == 1 && (w == "name" || w == "surname"):
			c = 0.8
		}
		had := len(out)
		at(n, c)
		taken = n
		if len(out) > had {
			switch t.at(i).w {
			case "first":
				first = had
			case "last", "surname", "surnames":
				last = had
			}
		}
	}
	if first >= 0 && last >= 0 {
		a, b := out[first], out[last]
		return []Value{{Canonical: a.Canonical + " " + b.Canonical, Start: min(a.Start, b.Start), End: max(a.End, b.End), Confidence: min(a.Confidence, b.Confidence)}}
	}
	if len(out) == 0 {
		core := t.unfilled(false)
		if len(core.toks) > 0 && len(core.toks) <= 16 && (enTitle(core.toks[0].w) || !enNotNames[core.toks[0].w]) {
			k := 0
			for t.toks[k].start != core.toks[0].start {
				k++
			}
			at(k, 0.8)
			// a bare answer is a name and nothing else
			if len(out) > 0 && t.token(out[0].End) < k+len(core.toks) && t.at(t.token(out[0].End)).gap != pause && t.at(t.token(out[0].End)).w != "with" && t.at(t.token(out[0].End)).w != "spelled" {
				out = nil
			}
		}
	}
	if t.text != strings.ToLower(t.text) { // a recogniser that writes capitals writes names with them
		for i := range out {
			if name := t.text[out[i].Start:out[i].End]; name == strings.ToLower(name) {
				out[i].Confidence *= 0.5
			}
		}
	}
	return out
}

func enTitle(w string) bool {
	switch w {
	case "mr", "mrs", "ms", "miss", "mister", "missus", "dr", "doctor", "madam", "sir":
		return true
	}
	return false
}

// spelledName reads a name letter by letter: S M I T H, s-m-i-t-h, "double l".
func spelledName(t *utterance, i int) (string, int) {
	var b strings.Builder
	n := i
	for n < len(t.toks) && b.Len() < 24 {
		if t.at(n).w == "-" || t.at(n).w == "." {
			n++
			continue
		}
		if t.at(n).w == "double" && len(t.at(n+1).w) == 1 && t.at(n+1).kind == latin {
			b.WriteString(t.at(n+1).w + t.at(n+1).w)
			n += 2
			continue
		}
		ch, next := t.letter(n)
		if next < 0 {
			break
		}
		b.WriteByte(ch - 'A' + 'a')
		n = next
	}
	for n > i && (t.at(n-1).w == "-" || t.at(n-1).w == ".") {
		n--
	}
	if b.Len() < 2 {
		return "", -1
	}
	return title(b.String()), n
}

func title(w string) string {
	r, size := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[size:]
}

// properName is the name with capitals as written where it has some, else its own.
func properName(t *utterance, from, to int) string {
	var parts []string
	for k := from; k < to; k++ {
		if t.toks[k].w == "-" {
			if len(parts) > 0 && k+1 < to {
				parts[len(parts)-1] += "-" + title(t.text[t.toks[k+1].start:t.toks[k+1].end])
				k++
			}
			continue
		}
		w := t.text[t.toks[k].start:t.toks[k].end]
		if w == strings.ToLower(w) || len(w) > 1 && t.toks[k].upper {
			w = title(strings.ToLower(w))
		}
		parts = append(parts, w)
	}
	return strings.Join(parts, " ")
}
