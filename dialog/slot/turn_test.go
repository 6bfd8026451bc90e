package slot_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"hotline/dialog/slot"
)

// old is a value as it was understood before.
func old(kind, canonical string) slot.Value {
	return slot.Value{Canonical: canonical, Confidence: 0.9, Partial: strings.HasPrefix(kind, "~")}
}

// A caller mends a value by place, by opposition, or says it anew.
func TestCorrect(t *testing.T) {
	for _, row := range rows(t, "correct.txt") {
		s := made(t, specs(row[0])[row[1]])
		got := "-"
		if v, ok := s.Correct(old(row[1], row[2]), row[3], wednesday); ok {
			got = v.Canonical
		}
		if got != row[4] {
			t.Errorf("%s %s %s, %q: %s, not %s", row[0], row[1], row[2], row[3], got, row[4])
		}
	}
}

// The one digit that was unsure is the one that a lone digit mends.
func TestCorrectsTheDoubt(t *testing.T) {
	s := made(t, slot.Spec{Kind: slot.Code, Language: "zh", MinLength: 8, MaxLength: 8})
	vs := s.Find("一二三是五六七八", wednesday)
	if len(vs) != 1 || len(vs[0].Doubtful) != 1 || vs[0].Doubtful[0] != (slot.Range{Start: 3, End: 4}) {
		t.Fatalf("%+v", vs)
	}
	v, ok := s.Correct(vs[0], "是十啊，四", wednesday)
	if !ok && v.Canonical == "" {
		v, ok = s.Correct(vs[0], "是九", wednesday)
	}
	if !ok || len(v.Doubtful) != 0 {
		t.Errorf("%+v %v", v, ok)
	}
}

// A number said over several turns comes together.
func TestJoin(t *testing.T) {
	for _, row := range rows(t, "turns.txt") {
		s := made(t, specs(row[0])[row[1]])
		var v slot.Value
		for k, turn := range strings.Split(row[2], " / ") {
			if k == 0 {
				if vs := s.Find(turn, wednesday); len(vs) > 0 {
					v = vs[0]
				} else {
					t.Errorf("%s: nothing in %q", row[0], turn)
				}
				continue
			}
			j, ok := s.Join(v, turn, wednesday)
			if !ok {
				t.Errorf("%q does not join %+v", turn, v)
			}
			v = j
		}
		got := v.Canonical
		if v.Partial {
			got = "~" + got
		}
		if got != row[3] {
			t.Errorf("%s %s: %s, not %s", row[0], row[2], got, row[3])
		}
	}
}

// The turn waits for a value that breaks off, and only then.
func TestUnfinished(t *testing.T) {
	for _, row := range rows(t, "unfinished.txt") {
		if got := made(t, specs(row[0])[row[1]]).Unfinished(row[2]); got != (row[3] == "yes") {
			t.Errorf("%s %s %q: %v", row[0], row[1], row[2], got)
		}
	}
}

// Every slot that has figures can be typed.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ language, kind, keys, want string }{
		{"zh", "code8", "20240017", "20240017"},
		{"zh", "code8", "20240017#", "20240017"},
		{"zh", "code8", "2024", "-"},
		{"zh", "phone", "13800138000", "13800138000"},
		{"zh", "phone", "02162345678*801", "02162345678-801"},
		{"zh", "phone", "123", "-"},
		{"zh", "date", "0305", "2026-03-05"},
		{"zh", "date", "20260521", "2026-05-21"},
		{"zh", "date", "15", "2026-03-15"},
		{"zh", "date", "1332", "-"},
		{"en", "date", "0503", "2026-05-03"},
		{"en", "dategb", "0503", "2026-03-05"},
		{"en", "date", "05032027", "2027-05-03"},
		{"zh", "time", "1530", "15:30"},
		{"zh", "time", "930", "09:30"},
		{"zh", "time", "9", "09:00"},
		{"zh", "time", "2561", "-"},
		{"zh", "datetime", "0305*1530", "2026-03-05T15:30"},
		{"zh", "datetime", "202603051530", "2026-03-05T15:30"},
		{"zh", "datetime", "03051530", "2026-03-05T15:30"},
		{"zh", "datetime", "20260305", "2026-03-05"},
		{"zh", "money", "59*9", "59.90"},
		{"zh", "money", "59", "59.00"},
		{"zh", "quantity", "3", "3"},
		{"zh", "quantity", "1*5", "1.5"},
		{"zh", "yesno", "1", "yes"},
		{"zh", "yesno", "2", "no"},
		{"zh", "yesno", "3", "-"},
		{"zh", "colour", "2", "blue"},
		{"zh", "colour", "9", "-"},
		{"zh", "name", "123", "-"},
		{"zh", "code8", "", "-"},
		{"zh", "money", "1*2*3", "-"},
	} {
		got := "-"
		if v, ok := made(t, specs(c.language)[c.kind]).Keys(c.keys, wednesday); ok {
			got = v.Canonical
		}
		if got != c.want {
			t.Errorf("%s %s: %s, not %s", c.kind, c.keys, got, c.want)
		}
	}
}

// Values are said the way VOICE asks for.
func TestSay(t *testing.T) {
	for _, c := range []struct{ language, kind, value, want, near string }{
		{"zh", "phone", "13800138000", "幺三八，零零幺三，八零零零", ""},
		{"zh", "order", "AB123456", "A B，幺二三，四五六", ""},
		{"zh", "date", "2026-03-05", "二零二六年三月五号", "明天"},
		{"zh", "date", "2026-03-11", "二零二六年三月十一号", "三月十一号，星期三"},
		{"zh", "time", "15:30", "下午三点半", ""},
		{"zh", "time", "14:00", "下午两点", ""},
		{"zh", "time", "09:00-12:00", "上午", ""},
		{"zh", "datetime", "2026-03-05T15:00", "二零二六年三月五号下午三点", "明天下午三点"},
		{"zh", "money", "12.50", "十二元五角", ""},
		{"zh", "money", "2.00", "两元", ""},
		{"zh", "quantity", "2", "两个", ""},
		{"zh", "quantity", "250", "两百五十", ""},
		{"zh", "address", "人民路123号2单元501", "人民路幺二三号二单元五零幺", ""},
		{"zh", "colour", "red", "红色", ""},
		{"zh", "yesno", "yes", "是的", ""},
		{"en", "phone", "4155552671", "four one five, five five five, two six seven one", ""},
		{"en", "code8", "20240017", "two zero two four, zero zero one seven", ""},
		{"en", "date", "2026-03-05", "March fifth, twenty twenty-six", "tomorrow"},
		{"en", "dategb", "2026-05-21", "the twenty-first of May, twenty twenty-six", "the twenty-first of May"},
		{"en", "time", "15:30", "three thirty p.m.", ""},
		{"en", "time", "09:00-12:00", "in the morning", ""},
		{"en", "datetime", "2026-03-05T15:00", "March fifth, twenty twenty-six at three p.m.", "tomorrow at three p.m."},
		{"en", "money", "12.50", "twelve dollars and fifty cents", ""},
		{"en", "quantity", "250", "two hundred and fifty", ""},
		{"en", "address", "1245 Oak Street", "twelve forty-five Oak Street", ""},
	} {
		s := made(t, specs(c.language)[c.kind])
		v := slot.Value{Canonical: c.value}
		if got := s.Say(v); got != c.want {
			t.Errorf("%s %s: %q, not %q", c.kind, c.value, got, c.want)
		}
		if c.near != "" {
			if got := s.SayAt(v, wednesday); got != c.near {
				t.Errorf("%s %s: %q, not %q", c.kind, c.value, got, c.near)
			}
		}
	}
}

// What is wrong with a spec is said in its owner's words.
func TestNewRefuses(t *testing.T) {
	for want, s := range map[string]slot.Spec{
		"there is no type":      {Kind: "colour"},
		"at least 8 and at":     {Kind: slot.Code, MinLength: 8, MaxLength: 4},
		"negative":              {Kind: slot.Code, MinLength: -1},
		"regular expression":    {Kind: slot.Code, Pattern: "["},
		"a pattern is for":      {Kind: slot.Date, Pattern: "x"},
		"needs choices":         {Kind: slot.Choice},
		"choices are for":       {Kind: slot.Date, Choices: []slot.Option{{Value: "a"}}},
		"has no value":          {Kind: slot.Choice, Choices: []slot.Option{{Names: []string{"a"}}}},
		"both \"a\" and \"b\"":  {Kind: slot.Choice, Choices: []slot.Option{{Value: "a", Names: []string{"one"}}, {Value: "b", Names: []string{"one"}}}},
		"both past and":         {Kind: slot.Date, Past: true, Future: true},
		"code of two letters":   {Kind: slot.Phone, Country: "China"},
		"at least 5 and at mos": {Kind: slot.Money, Min: 5, Max: 3},
	} {
		if _, err := slot.New(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func check(t *testing.T, text string, v slot.Value, what string) {
	t.Helper()
	if v.Start < 0 || v.End > len(text) || v.Start > v.End {
		t.Fatalf("%s: %d to %d is not within %q", what, v.Start, v.End, text)
	}
	for _, at := range []int{v.Start, v.End} {
		if at < len(text) && !utf8.RuneStart(text[at]) && utf8.ValidString(text) {
			t.Fatalf("%s: %d is within a character of %q", what, at, text)
		}
	}
	for _, d := range v.Doubtful {
		if d.Start < 0 || d.End > len(v.Canonical) || d.Start >= d.End {
			t.Fatalf("%s: %+v is not within %q", what, d, v.Canonical)
		}
	}
	if v.Confidence < 0 || v.Confidence > 1 || !utf8.ValidString(v.Canonical) && utf8.ValidString(text) {
		t.Fatalf("%s: %+v", what, v)
	}
}

func FuzzSlot(f *testing.F) {
	for _, text := range []string{"不对，最后四位是4417", "第三位不是2是0", "twelve oh five oak street", "the last four are 4417", "１３８, 三点五万块 double oh", "明天下午三点半到五点", "弓长张，木子李", "$12.50 and a half", "A B as in", "差五分四点", "￥一二三.五", "转801"} {
		f.Add(text, "20240017")
	}
	var all []*slot.Slot
	for _, language := range []string{"zh", "en"} {
		for _, s := range specs(language) {
			all = append(all, made(f, s))
		}
	}
	f.Fuzz(func(t *testing.T, text, before string) {
		for _, s := range all {
			what := string(s.Spec().Kind)
			for _, v := range s.Find(text, wednesday) {
				check(t, text, v, what)
				s.Say(v)
				s.SayAt(v, wednesday)
				if c, ok := s.Correct(v, before, wednesday); ok && utf8.ValidString(text) {
					check(t, before, c, what)
				}
			}
			if v, ok := s.Correct(slot.Value{Canonical: before, Doubtful: []slot.Range{{0, 1}}}, text, wednesday); ok && before != "" && utf8.ValidString(before) {
				check(t, text, v, what)
			}
			if v, ok := s.Join(slot.Value{Canonical: before, Partial: true}, text, wednesday); ok && utf8.ValidString(before) {
				check(t, text, v, what)
			}
			s.Keys(text, wednesday)
			s.Unfinished(text)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for language, text := range map[string]string{
		"zh": "你好我想查一下我上周三下午三点买的那个红色的手机订单号是二零二四零零幺七一共两百五十块钱送到人民路一百二十三号",
		"en": "hello I would like to check the order that I placed last Wednesday at half past three it is two oh two four double oh one seven for twelve fifty",
	} {
		for k, s := range specs(language) {
			sl := made(b, s)
			b.Run(language+"-"+k, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sl.Find(text, wednesday)
				}
			})
		}
	}
}
