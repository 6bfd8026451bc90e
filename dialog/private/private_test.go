package private_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"hotline/dialog/private"
)

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		// telephone numbers
		"我的手机是13800138000":    "我的手机是****8000",
		"一三八零零幺三八零零零":         "****8000",
		"幺三八,零零幺三,八零零零,对":     "****8000,对",
		"电话 138 0013 8000 谢谢": "电话 ****8000 谢谢",
		"打零二一六二八八五五六六这个号":     "打****5566这个号",
		"010-62885566":              "****5566",
		"+86 138-0013-8000":         "+****8000",
		"座机62885566":                "座机****5566",
		"my number is 415 555 0199": "my number is ****0199",
		"(415) 555-0199 is best":    "(****0199 is best",
		"call me on 07700 900123":   "call me on ****0123",
		"020 7946 0958":             "****0958",
		"four one five five five five oh one double nine": "****0199",
		"138嗯零零幺三那个八零零零":                                  "****8000",
		// identity and bank cards
		"身份证11010519491231002X":          "身份证****002X",
		"幺幺零幺零五幺九四九幺二三幺零零二叉":             "****002X",
		"卡号6222 0212 3456 7890 128":      "卡号****0128",
		"my card is 4111 1111 1111 1111": "my card is ****1111",
		"5500005555555559":               "****5559",
		// e-mail
		"发到zhang.san@example.com吧":                      "发到[邮箱]吧",
		"my email is john dot smith at example dot com": "my email is [email]",
		"邮箱是zhangsan艾特qq点com":                           "邮箱是[邮箱]",
		"j o h n at gmail dot com":                      "[email]",
		// addresses
		"我住在杭州市西湖区文三路18号3单元502室":               "我住在[地址]",
		"地址改成人民路十八号":                           "地址改成[地址]",
		"寄到浙江省宁波市海曙区":                          "寄到[地址]",
		"it's 18 Mill Road, not 80":            "it's [address], not 80",
		"send it to 221B Baker Street, flat 2": "send it to [address]",
		"postcode NW1 6XE":                     "postcode [address]",
		// names
		"你好,我叫李强,想退货":                                   "你好,我叫[姓名],想退货",
		"我叫欧阳娜娜":                                        "我叫[姓名]",
		"收货人是王小明的那个订单":                                  "收货人是[姓名]的那个订单",
		"my name is Sarah Miller and I have a question": "my name is [name] and I have a question",
		"this is John Baker speaking":                   "this is [name] speaking",
	} {
		got := private.Mask(in)
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if again := private.Mask(got); again != got {
			t.Errorf("%q masked twice: %q", got, again)
		}
	}
}

// What is no personal datum stays readable.
func TestReadable(t *testing.T) {
	for _, s := range []string{
		"订单号是20260107123456", "我的订单号二零二六零幺零七", "单号13800138000对吗", "价格1299元", "一共12,999.50元", "2026年1月7日下午3点半", "2026-01-07 12:30",
		"我买了三件,每件一百二十八", "七到十五个工作日", "四零零八幺零幺二三四", "400-810-1234", "运单号SF1380013800012", "序列号 4111111111111111", "税号91330106MA2B1C2D3E",
		"12315", "E4故障", "我不知道十八号能不能到", "三号线", "我叫你们经理来", "我叫快递了", "姓名写错了", "一二三四五六七", "1、2、3、4、5、6、7、8、9、10", "满三百减五十",
		"my order number is 415 555 0199", "order 4111111111111111", "it costs $1,299.99", "January 7, 2026 at 12:30", "01/07/2026", "three items, twenty dollars each",
		"tracking number 9400 1000 0000 0000 0000 00", "20 minutes drive", "30 days the other way", "my name is on the order", "my name is wrong", "version 1.2.3.4", "24/7",
		"call at noon dot dot dot", "call 911", "model 20260107", "seven to ten working days", "2026 01 07 2026 02 08", "1380 到 1580 元", "十三点八", "前后一共等了1380013800秒",
		"请问双十一满减怎么算", "三七二十一", "比去年贵了1500到2000块", "周一到周五九点到十八点", "买一送一", "零点八米", "两三天",
		"the 2,000,000,000 dollar question", "size 38 40 42 44 46", "we meet at the store", "look at page dot", "联系人和电话不变", "打电话联系人来安装", "你怎么连这个名字都记不清了", "改一下收件人的姓名和电话",
	} {
		if got := private.Mask(s); got != s {
			t.Errorf("%q: %q", s, got)
		}
	}
}

var chineseDigit = []string{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"}

// Every way of saying a number hides it, but for the last four.
func TestSayAndMask(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	english := strings.Fields("zero one two three four five six seven eight nine")
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprint(&b, rng.IntN(10))
		}
		return b.String()
	}
	say := func(d string) []string {
		var han, words []string
		for _, r := range d {
			han = append(han, chineseDigit[r-'0'])
			words = append(words, english[r-'0'])
		}
		return []string{
			d, "手机是" + d, strings.Join(han, ""), strings.ReplaceAll(strings.Join(han, ""), "一", "幺"), strings.Join(han[:3], "") + "，" + strings.Join(han[3:7], "") + "，" + strings.Join(han[7:], ""),
			d[:3] + " " + d[3:7] + " " + d[7:], d[:3] + "-" + d[3:7] + "-" + d[7:], "my number is " + strings.Join(words, " "), strings.Join(words, " "),
		}
	}
	for range 600 {
		mobile := fmt.Sprintf("1%d%s", 3+rng.IntN(7), digits(9))
		for _, s := range say(mobile) {
			spans := private.Find(s)
			if len(spans) != 1 || spans[0].Kind != private.Phone && spans[0].Kind != private.Card {
				t.Fatalf("%q: %+v", s, spans)
			}
			if masked := private.Mask(s); !strings.HasSuffix(masked, "****"+mobile[7:]) {
				t.Fatalf("%q: %q", s, masked)
			}
		}
		// identity cards with a right check digit are found, with a wrong one not
		id := fmt.Sprintf("%d%s19%02d%02d%02d%s", 1+rng.IntN(6), digits(5), 40+rng.IntN(60), 1+rng.IntN(12), 1+rng.IntN(28), digits(3))
		right := 0
		for c := range "0123456789X" {
			s := id + string("0123456789X"[c])
			for _, span := range private.Find("证" + s) {
				if span.Kind == private.Identity {
					right++
				}
			}
		}
		if right != 1 {
			t.Fatalf("%s: %d check digits pass", id, right)
		}
		card := "62" + digits(16)
		right = 0
		for c := range 10 {
			if spans := private.Find(fmt.Sprint(card, c)); len(spans) == 1 && spans[0].Kind == private.Card {
				right++
			}
		}
		if right != 1 {
			t.Fatalf("%s: %d check digits pass", card, right)
		}
	}
}

// Order numbers as shops write them, and prices, stay whatever their digits are.
func TestOrdersStay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 600 {
		n := rng.Int64N(9e15) + 1e7
		for _, s := range []string{
			fmt.Sprint("订单号", n), fmt.Sprint("我的订单是", n, "什么时候发货"), fmt.Sprint("order number ", n), fmt.Sprint("SF", n), fmt.Sprintf("%d.%02d元", n%100000, n%100),
			fmt.Sprintf("20%02d年%d月%d日", n%40, 1+n%12, 1+n%28), fmt.Sprintf("$%d.%02d", n%1000000, n%100),
		} {
			if got := private.Mask(s); got != s {
				t.Fatalf("%q: %q", s, got)
			}
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"我的手机是13800138000", "my card is 4111 1111 1111 1111", "幺幺零幺零五幺九四九幺二三幺零零二叉", "a@b.co", "double double o", "+", "我叫", "\xff138"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, span := range private.Find(s) {
			if span.Start < last || span.End <= span.Start || span.End > len(s) {
				t.Fatalf("%q: %+v", s, span)
			}
			last = span.End
		}
		if got := private.Mask(s); utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q: %q", s, got)
		}
	})
}

func TestMaskBut(t *testing.T) {
	const text = "手机13800138000，身份证11010519491231002X"
	for want, keep := range map[string][]private.Kind{
		"手机****8000，身份证****002X":           nil,
		"手机13800138000，身份证****002X":        {private.Phone},
		"手机****8000，身份证11010519491231002X": {private.Identity},
		text: private.Kinds(),
	} {
		if got := private.MaskBut(text, keep...); got != want {
			t.Errorf("without %v: %q, not %q", keep, got, want)
		}
	}
}
