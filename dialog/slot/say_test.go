package slot_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/dialog/slot"
)

const rounds = 3000

// noise puts around what is said what callers put around it.
func noise(r *rand.Rand, language string, kind slot.Kind, said string) string {
	before := []string{"", "嗯，", "呃", "那个，", "我说一下啊，", "好的，", "麻烦你记一下，", "是", "就是"}
	after := []string{"", "。", "，对", "啊", "，谢谢", "，就这样"}
	if language == "en" {
		before = []string{"", "uh, ", "um ", "so it's ", "yeah it's ", "okay, ", "well, ", "I think it's "}
		after = []string{"", ".", ", please", ", thanks", ", okay?"}
	}
	if kind == slot.Code || kind == slot.Phone { // hesitations between the groups
		glue := []string{"，", "，嗯，", "，然后", "，后面是", " ", "，那个，"}
		if language == "en" {
			glue = []string{", ", ", uh, ", ", and then ", " um ", " "}
		}
		sep := "，"
		if language == "en" {
			sep = ", "
		}
		parts := strings.Split(said, sep)
		said = parts[0]
		for _, p := range parts[1:] {
			if strings.HasPrefix(p, "转") || strings.HasPrefix(p, "ext") {
				said += sep + p
				continue
			}
			said += glue[r.IntN(len(glue))] + p
		}
	}
	return before[r.IntN(len(before))] + said + after[r.IntN(len(after))]
}

func digitsOf(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + r.IntN(10)))
	}
	return b.String()
}

// What the bot says for a value is understood as that value again, with noise around.
func TestSaidAndUnderstood(t *testing.T) {
	past := slot.Spec{Kind: slot.Date, Past: true}
	for _, c := range []struct {
		name string
		spec slot.Spec
		make func(r *rand.Rand) string
	}{
		{"code", slot.Spec{Kind: slot.Code, MinLength: 6, MaxLength: 20}, func(r *rand.Rand) string { return digitsOf(r, 6+r.IntN(14)) }},
		{"letters", slot.Spec{Kind: slot.Code, Pattern: `[A-Z]{2}\d{4,10}`}, func(r *rand.Rand) string {
			return string([]byte{byte('A' + r.IntN(26)), byte('A' + r.IntN(26))}) + digitsOf(r, 4+r.IntN(7))
		}},
		{"phone", slot.Spec{Kind: slot.Phone}, nil},
		{"date", slot.Spec{Kind: slot.Date}, func(r *rand.Rand) string {
			return wednesday.AddDate(0, 0, r.IntN(8000)-4000).Format(time.DateOnly)
		}},
		{"past", past, func(r *rand.Rand) string { return wednesday.AddDate(0, 0, -r.IntN(4000)).Format(time.DateOnly) }},
		{"time", slot.Spec{Kind: slot.Time}, func(r *rand.Rand) string { return fmt.Sprintf("%02d:%02d", r.IntN(24), r.IntN(60)) }},
		{"window", slot.Spec{Kind: slot.Time}, func(r *rand.Rand) string {
			from := 1 + r.IntN(21)
			return fmt.Sprintf("%02d:%02d-%02d:%02d", from, r.IntN(4)*15, from+1+r.IntN(23-from), r.IntN(4)*15)
		}},
		{"datetime", slot.Spec{Kind: slot.DateTime}, func(r *rand.Rand) string {
			return wednesday.AddDate(0, 0, r.IntN(300)).Format(time.DateOnly) + fmt.Sprintf("T%02d:%02d", r.IntN(24), r.IntN(60))
		}},
		{"money", slot.Spec{Kind: slot.Money}, func(r *rand.Rand) string {
			v := r.IntN(100)
			if r.IntN(3) > 0 {
				v = r.IntN([]int{1000, 100000, 10000000}[r.IntN(3)])
			}
			return fmt.Sprintf("%d.%02d", v/100, v%100)
		}},
		{"quantity", slot.Spec{Kind: slot.Quantity}, func(r *rand.Rand) string {
			if r.IntN(4) == 0 {
				return strconv.FormatFloat(float64(1+r.IntN(999))/10, 'f', -1, 64)
			}
			return strconv.Itoa(1 + r.IntN([]int{20, 1000, 200000}[r.IntN(3)]))
		}},
		{"yesno", slot.Spec{Kind: slot.YesNo}, func(r *rand.Rand) string { return []string{"yes", "no"}[r.IntN(2)] }},
		{"name", slot.Spec{Kind: slot.Name}, nil},
		{"address", slot.Spec{Kind: slot.Address}, nil},
	} {
		for _, language := range []string{"zh", "en"} {
			t.Run(c.name+"-"+language, func(t *testing.T) {
				spec, r := c.spec, rand.New(rand.NewPCG(7, 11))
				spec.Language = language
				s := made(t, spec)
				makes := c.make
				if makes == nil {
					maker := map[string]func(*rand.Rand, string) string{"phone": phone, "name": name, "address": address}[c.name]
					makes = func(r *rand.Rand) string { return maker(r, language) }
				}
				wrong := 0
				for range rounds {
					want := makes(r)
					said := s.Say(slot.Value{Canonical: want})
					if r.IntN(2) == 0 {
						said = s.SayAt(slot.Value{Canonical: want}, wednesday)
					}
					if c.name != "yesno" && c.name != "name" {
						said = noise(r, language, spec.Kind, said)
					}
					vs := s.Find(said, wednesday)
					if len(vs) == 0 || vs[0].Canonical != want {
						if wrong++; wrong <= 5 {
							t.Errorf("%s is said %q and understood as %+v", want, said, vs)
						}
					}
				}
				if wrong > 0 {
					t.Errorf("%d of %d wrong", wrong, rounds)
				}
			})
		}
	}
}

func pick(r *rand.Rand, list string) string {
	ws := strings.Fields(list)
	return ws[r.IntN(len(ws))]
}

func phone(r *rand.Rand, language string) string {
	if language == "en" {
		p := strconv.Itoa(2+r.IntN(8)) + digitsOf(r, 2) + strconv.Itoa(2+r.IntN(8)) + digitsOf(r, 6)
		if r.IntN(6) == 0 {
			p += "-" + digitsOf(r, 2+r.IntN(3))
		}
		return p
	}
	switch r.IntN(5) {
	case 0:
		return pick(r, "010 021 0755 0571 0371") + strconv.Itoa(2+r.IntN(8)) + digitsOf(r, 7)
	case 1:
		return "021" + strconv.Itoa(2+r.IntN(8)) + digitsOf(r, 7) + "-" + digitsOf(r, 3)
	}
	return "1" + strconv.Itoa(3+r.IntN(7)) + digitsOf(r, 9)
}

func name(r *rand.Rand, language string) string {
	if language == "en" {
		return pick(r, "John Mary Sarah David Emma Liam Olivia Noah Priya Carlos Wei Fatima") + " " + pick(r, "Smith Jones Garcia Patel Brown Miller Wilson Nguyen Murphy Khan O'Brien Robinson")
	}
	return pick(r, "王 李 张 刘 陈 杨 黄 赵 吴 周 欧阳 徐 孙 马 朱 胡 林 郭 何 高 诸葛") + pick(r, "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀英 建国 志强 晓燕 雨桐 子轩 浩然 欣怡")
}

func address(r *rand.Rand, language string) string {
	if language == "en" {
		a := strconv.Itoa(1+r.IntN(9998)) + " " + pick(r, "Oak Maple Main Baker Church Mill Park Station Victoria Lincoln") + " " + pick(r, "Street Avenue Road Lane Drive")
		if r.IntN(3) == 0 {
			a += " Apartment " + strconv.Itoa(1+r.IntN(98))
		}
		return a
	}
	a := pick(r, "浙江省杭州市西湖区 上海市徐汇区 北京市海淀区 江苏省苏州市姑苏区 成都市武侯区") + pick(r, "人民路 中山路 建设大街 文三路 解放路 五一路 学院路") + strconv.Itoa(1+r.IntN(998)) + "号"
	if r.IntN(2) == 0 {
		a += strconv.Itoa(1+r.IntN(40)) + "栋" + strconv.Itoa(1+r.IntN(5)) + "单元" + strconv.Itoa(101+r.IntN(2000)) + "室"
	}
	return a
}
