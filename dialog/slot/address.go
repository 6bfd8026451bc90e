package slot

import (
	"slices"
	"strings"
)

var zhAddressFillers = []string{"嗯", "呃", "额", "啊", "哦", "那个", "就是", "这个", "然后", "然后是", "那边的", "呢", "吧", "的那个", "怎么说呢", "哎"}

// zhPlaces end the parts of a Chinese address; a number stands before the units.
var (
	zhPlaces = lexiconOf([]string{"省", "自治区", "市", "区", "县", "镇", "乡", "村", "路", "街", "大街", "道", "大道", "巷", "胡同", "弄", "号", "栋", "幢", "座", "楼", "单元", "室", "层", "小区", "大厦", "花园", "广场", "苑", "公寓", "新村", "家园", "中心", "大学", "医院", "学校", "小学", "中学", "酒店", "宾馆", "公司", "工业园", "科技园", "园", "城", "里", "期", "组", "队", "屯", "桥", "口", "站", "门", "庄", "湾", "府", "房", "号楼", "号院", "院", "商场", "超市", "店", "旗", "州", "盟", "地铁站", "社区", "街道", "环"})
	zhUnits  = lexiconOf([]string{"号楼", "号院", "号", "栋", "幢", "座", "楼", "单元", "室", "层", "弄", "期", "组", "队", "巷", "门", "房", "排", "米", "环", "区"})
	// weak alone do not make an address
	zhWeakPlaces  = map[string]bool{"里": true, "口": true, "门": true, "城": true, "店": true, "中心": true, "公司": true, "园": true, "站": true, "组": true, "期": true, "队": true, "层": true, "道": true, "号": true, "房": true, "环": true, "院": true, "学校": true, "医院": true, "商场": true, "超市": true, "桥": true}
	zhAddressCues = lexiconOf([]string{"地址是", "地址改成", "地址改为", "地址填", "地址写", "地址", "住址是", "送到", "寄到", "寄往", "寄给", "发到", "发往", "住在", "家住", "家在", "改成", "改到", "改为", "搬到", "送去", "派到", "位于", "我住", "我在", "公司在", "就在", "填", "新地址是", "送货地址是", "收货地址是", "换成", "换到", "人在", "是"})
	zhAddressFill = lexiconOf(zhAddressFillers)
	zhAddressLead = lexiconOf(append(slices.Clone(zhAddressFillers), "我", "家", "要", "在"))
	zhProvinces   = lexiconOf([]string{"北京", "上海", "天津", "重庆", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃", "青海", "内蒙古", "广西", "西藏", "宁夏", "新疆", "香港", "澳门", "台湾", "广州", "深圳", "杭州", "南京", "武汉", "成都", "西安", "苏州", "长沙", "郑州", "青岛", "大连", "厦门", "宁波", "合肥", "济南", "福州", "沈阳", "昆明", "东莞", "佛山", "无锡"})
	zhAfter       = lexiconOf([]string{"旁边", "对面", "门口", "楼下", "附近", "后面", "前面", "隔壁", "往东", "往西", "往南", "往北", "拐角", "楼上"})
)

// addresses finds an address in t: places and numbers as said, the numbers in figures.
func (s *Slot) addresses(t *utterance) []Value {
	if !s.zh {
		return s.enAddress(t)
	}
	from, to, strong := -1, -1, 0
	for i := range t.toks {
		if n, w := t.in(i, zhPlaces); n > 0 {
			if i > 0 && (!zhWeakPlaces[w] || hard(t.at(i-1)) || t.at(i-1).kind == digits) {
				strong++
				to = max(to, n)
				if from < 0 {
					from = i
				}
			} else if to > 0 && i-to < 8 {
				to = max(to, n)
			}
		}
		if n, _ := t.in(i, zhProvinces); n > 0 {
			strong++
			if from < 0 {
				from = i
			}
			to = max(to, n)
		}
	}
	if strong == 0 {
		// a bare answer, taken as it was said
		core := t.unfilled(true)
		if len(core.toks) < 3 || len(core.toks) > 30 || t.question() {
			return nil
		}
		return []Value{{Canonical: s.addressText(core, 0, len(core.toks)), Start: core.start(0), End: core.end(len(core.toks)), Confidence: 0.3}}
	}
	// back to the word that announces it, or the pause
	start := from
	for k := from; k >= 0; k-- {
		start = k
		if n, w := t.any(k-1, "，"); n > 0 && w != "" {
			break
		}
		cut := false
		for c := max(0, k-6); c < k; c++ {
			if n, _ := t.in(c, zhAddressCues); n == k {
				cut = true
			}
		}
		if cut || k > 0 && t.toks[k].gap == pause && k <= from {
			break
		}
	}
	for start < len(t.toks) {
		n, _ := t.in(start, zhAddressLead)
		if n < 0 || n >= to {
			break
		}
		start = n
	}
	// on to the number at its end, and what stands beside
	for to < len(t.toks) {
		tok := t.toks[to]
		if n, _ := t.in(to, zhAfter); n > 0 {
			to = n
			break
		}
		if tok.gap == pause && tok.kind != digits && !hard(tok) || !hard(tok) && tok.kind != latin && spokenDigits[tok.w] == 0 && tok.w != "十" && tok.w != "洞" && tok.w != "-" {
			break
		}
		to++
	}
	c := 0.6 + 0.1*float64(min(strong, 4))
	return []Value{{Canonical: s.addressText(t, start, to), Start: t.start(start), End: t.end(to), Confidence: min(c, 0.95)}}
}

// addressText writes the tokens as an address: without fillers, numbers in figures.
func (s *Slot) addressText(t *utterance, from, to int) string {
	var b strings.Builder
	d := dictation{t: t.sub(0, to), zh: s.zh}
	afterUnit := false
	for i := from; i < to; {
		if n, _ := t.in(i, zhAddressFill); n > 0 && s.zh && n <= to {
			i = n
			continue
		}
		tok := t.toks[i]
		if hard(tok) || tok.w == "十" || tok.w == "幺" {
			if r, ok := d.run(i); ok {
				n, w := t.in(r.to, zhUnits)
				if n > 0 && (w != "区" || tok.kind != han) || tok.kind == digits || afterUnit && !t.road(r.to) || r.to-i >= 3 && len(r.g) >= 3 && !t.road(r.to) {
					c, _ := r.canonical()
					b.WriteString(c)
					i = r.to
					afterUnit = false
					continue
				}
			}
		}
		if n, w := t.in(i, zhUnits); n > 0 {
			b.WriteString(w)
			i, afterUnit = n, w != "区" && w != "巷" && w != "环" && w != "米" && w != "门"
			continue
		}
		w := tok.w
		if tok.kind == latin {
			w = t.text[tok.start:tok.end]
		}
		b.WriteString(w)
		afterUnit = false
		i++
	}
	return b.String()
}

// road tells whether a road's name ends at i: the 五一 before it is no number.
func (t *utterance) road(i int) bool {
	n, _ := t.any(i, "路", "街", "大街", "大道", "道", "里", "村")
	return n > 0
}

// question tells whether t asks or refuses instead of answering.
func (t *utterance) question() bool {
	for i := range t.toks {
		if n, _ := t.in(i, zhQuestions); n > 0 {
			return true
		}
	}
	switch t.at(0).w {
	case "what", "how", "where", "why", "when", "which", "who", "can", "could", "do", "does", "is", "are", "will", "would", "i", "im", "its", "this", "that", "hang", "hold", "one", "just", "no", "yes", "let", "sorry", "wait", "you", "id", "ill", "please":
		return true
	}
	return false
}

var zhQuestions = lexiconOf([]string{"吗", "呢", "什么", "怎么", "多少", "哪", "为什么", "啥", "咋", "谁", "几点", "几天", "能不能", "可不可以", "不知道", "不记得", "忘了", "没有", "不想", "不要", "等一下", "等等", "找一下", "看看", "人工", "投诉", "我要", "我想", "已经", "也是", "一点", "问一下", "听清", "订单", "退货"})

var enStreets = map[string]bool{
	"street": true, "st": true, "avenue": true, "ave": true, "road": true, "rd": true, "lane": true, "ln": true, "drive": true, "dr": true, "boulevard": true, "blvd": true, "court": true, "place": true, "way": true, "square": true, "terrace": true, "close": true, "crescent": true, "parkway": true, "highway": true, "circle": true, "trail": true, "gardens": true, "grove": true, "mews": true, "row": true, "hill": true, "broadway": true, "park": true, "plaza": true, "alley": true, "walk": true,
}

// untilPause cuts r where the speaker pauses.
func (r *run) untilPause(t *utterance) {
	for k := 1; k < len(r.g); k++ {
		if r.g[k].from > r.g[k-1].from && t.at(r.g[k].from).gap == pause {
			r.g, r.to = r.g[:k], r.g[k-1].to
			return
		}
	}
}

var enUnits = map[string]bool{"apartment": true, "apt": true, "unit": true, "suite": true, "flat": true, "floor": true, "room": true, "building": true, "block": true, "number": true, "box": true}

var enAddressFill = map[string]bool{"uh": true, "um": true, "er": true, "erm": true, "hmm": true, "and": false, "its": true, "thats": true, "please": true, "thanks": true}

// enAddress finds an address in English: a number and a street, and what follows.
func (s *Slot) enAddress(t *utterance) []Value {
	d := dictation{t: t, letters: false}
	start, street := -1, -1
	for i := range t.toks {
		if enStreets[t.toks[i].w] && street < 0 {
			street = i
		}
	}
	for i := 0; i < len(t.toks) && street > 0 && i < street; i++ {
		if r, ok := d.run(i); ok && r.to <= street && (street-r.to <= 5 || enUnits[t.at(i-1).w]) && (t.at(i-1).w != "the" || r.to == street) {
			if start = i; i > 0 && enUnits[t.at(i-1).w] && t.at(i-1).w != "number" { // flat 3, 22 Acacia Road
				start--
			}
			break
		}
	}
	c := 0.9
	if start < 0 {
		for _, cue := range [][]string{{"address", "is"}, {"live", "at"}, {"live", "on"}, {"live", "in"}, {"send", "it", "to"}, {"deliver", "to"}, {"deliver", "it", "to"}, {"ship", "it", "to"}, {"ship", "to"}, {"im", "at"}, {"address"}} {
			for i := range t.toks {
				if n := t.seq(i, cue...); n > 0 && n < len(t.toks) && start < 0 {
					start = n
				}
			}
		}
		c = 0.6
	}
	if start < 0 {
		for i := range t.toks {
			if u := t.toks[i].w; enUnits[u] && i+1 < len(t.toks) && (hard(t.at(i+1)) || len(t.at(i+1).w) == 1) && start < 0 && u != "number" {
				start, c = i, 0.6
			}
		}
	}
	if start < 0 {
		core := t.unfilled(false)
		if len(core.toks) < 2 || len(core.toks) > 30 || t.question() {
			return nil
		}
		start, c = 0, 0.3
		for t.toks[start].start != core.toks[0].start {
			start++
		}
	}
	for start < len(t.toks)-1 && (enAddressFill[t.toks[start].w] || t.toks[start].w == "at") {
		start++
	}
	var parts []string
	end := start
	add := func(w string, tok token) {
		if tok.gap == pause && len(parts) > 0 {
			parts[len(parts)-1] += ","
		}
		parts = append(parts, w)
	}
	for i := start; i < len(t.toks); {
		tok := t.toks[i]
		switch {
		case tok.w == "thank" || tok.w == "thanks" || tok.w == "please" || tok.w == "thats" || tok.w == "is" && i > street || tok.w == "if" || tok.w == "my" && i > start || tok.w == "but" || tok.w == "can" || tok.w == "could" || tok.w == "okay" || tok.w == "ok" || tok.w == "right" || tok.w == "yeah" || tok.w == "alright":
			i = len(t.toks)
			continue
		case enAddressFill[tok.w]:
			i++
			continue
		}
		if v, n := t.enOrdinal(i); n > 0 { // fifth avenue stays a name, 42nd street a number
			w := t.text[t.toks[i].start:t.end(n)]
			if v > 10 && tok.kind != digits {
				w = ordinalFigure(v)
			} else {
				w = title(w)
			}
			add(w, tok)
			i, end = n, n
			continue
		}
		unit := i > 0 && enUnits[t.at(i-1).w]
		if r, ok := (dictation{t: t, letters: unit}).run(i); ok && (tok.w != "one" || i == start || unit || r.to > i+1) {
			r.untilPause(t)
			cn, _ := r.canonical()
			if nx := t.at(r.to); !unit && nx.kind == latin && len(nx.w) == 1 && i > start && nx.gap != pause && len(cn) < 5 {
				cn += strings.ToUpper(nx.w)
				r.to++
			} else if nx.kind == latin && len(nx.w) == 1 && nx.gap == glued {
				cn += strings.ToUpper(nx.w)
				r.to++
			}
			add(cn, tok)
			i, end = r.to, r.to
			continue
		}
		if tok.kind == sign {
			i++
			continue
		}
		w := t.text[tok.start:tok.end]
		if w == strings.ToLower(w) && !slices.Contains([]string{"of", "the", "and", "on"}, w) {
			w = title(w)
		}
		add(w, tok)
		i++
		end = i
	}
	if len(parts) == 0 {
		return nil
	}
	return []Value{{Canonical: strings.Join(parts, " "), Start: t.start(start), End: t.end(end), Confidence: c}}
}
