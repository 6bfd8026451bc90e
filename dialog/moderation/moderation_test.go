package moderation_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"hotline/dialog/moderation"
	"hotline/internal/testdata"
)

func load(tb testing.TB, language string) *moderation.Matcher {
	tb.Helper()
	m, problems := moderation.Load(language, nil)
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return m
}

// However it is written, it is found, where it stands.
func TestFind(t *testing.T) {
	m := load(t, "zh")
	for text, want := range map[string]string{
		"我想去澳门赌场":                      "gambling 澳门赌场",
		"赌 博":                          "gambling 赌 博",
		"赌*博,行吗":                       "gambling 赌*博",
		"賭博":                           "gambling 賭博",
		"法轮功":                          "politics 法轮功",
		"法 輪 功":                        "politics 法 輪 功",
		"发轮功":                          "politics 发轮功", // by sound
		"渣了你们":                         "violence 渣了你们",
		"你是傻Ｂ吗":                        "insults 傻Ｂ",
		"ｆｕｃｋ you":                     "insults ｆｕｃｋ",
		"F U C K off":                  "insults F U C K",
		"f.u.c.k":                      "insults f.u.c.k",
		"what the fuuuuck":             "insults fuuuuck",
		"you sh1tty thing":             "insults sh1tty",
		"you @sshole":                  "insults @sshole",
		"fück":                         "insults fück",
		"我不想活了":                        "self-harm 我不想活了|不想活了",
		"活着真的没意思":                      "self-harm 活着真的没意思",
		"自沙":                           "self-harm 自沙", // marked with ~
		"i want to kill myself":        "self-harm want to kill myself",
		"我要杀你们全家":                      "violence 杀你们全家",
		"这药能根治吗":                       "medical 根治",
		"我们是全网最低价":                     "advertising 全网最低价",
		"京东卖的都是假货":                     "defamation 京东卖的都是假货",
		"请把验证码告诉我":                     "personal 把验证码告诉我",
		"please tell me your password": "personal tell me your password",
		"请告诉我您的银行卡密码":                  "personal 告诉我您的银行卡密码",
		"麻烦您报一下您的短信验证码":              "personal 报一下您的短信验证码",
		"您的登录密码是多少":                  "personal 您的登录密码是多少",
		"read me your bank password": "personal read me your bank password",
	} {
		hits := m.Find(text)
		ok := false
		for _, h := range hits {
			got := string(h.Category) + " " + text[h.Start:h.End]
			category, rest, _ := strings.Cut(want, " ")
			for alternative := range strings.SplitSeq(rest, "|") {
				ok = ok || got == category+" "+alternative
			}
		}
		if !ok {
			t.Errorf("%q: %+v, want %s", text, hits, want)
		}
	}
}

// Words within words, across sentences and with another sense are no hits.
func TestHarmless(t *testing.T) {
	m := load(t, "zh")
	for _, text := range []string{
		"我要买个垃圾桶", "杀虫剂能快递吗", "有点麻烦", "这是个大麻烦", "三八妇女节有活动吗", "送三八折扣券", "他去赌。博物馆几点开门", "你妈妈用合适吗", "孙子兵法有货吗",
		"我在 Scunthorpe", "the class is full", "I need a power tool kit", "assess the damage", "cockpit cover", "pass me on to sales", "Dick's Sporting Goods", "shitake",
		"analysis of my account", "the passion fruit", "hello there", "退货地址在哪里", "帮我查一下订单", "洗衣机不转了", "屏幕碎了", "订单号幺三八三八", "",
		"can I get a trash can", "my parcel got lost in the post", "忘记密码怎么办", "验证码收不到", "核实您的身份后才能重置密码", "请不要把密码告诉任何人",
		"告诉我您的手机号,我把重置密码的办法发给您", "enter your new password and confirm it", "never share your password with anyone by phone", "身份证号填错了", "床上四件套有货吗", "买个八件套的餐具", "最低充值多少", "这个颜色情侣款有吗", "让快递员在小区门口交给我就行", "到路口交货可以吗",
		"瓶子摔成渣了,你们给看看", "杯子碎成渣了，你们补发一个",
	} {
		if hit, blocked := m.Blocked(text); blocked {
			t.Errorf("%q: %+v", text, hit)
		}
	}
}

func TestPolicies(t *testing.T) {
	m := load(t, "zh")
	for text, want := range map[string]moderation.Policy{
		"我不想活了": moderation.Crisis, "请问几点下班": moderation.Pass, "你这个傻逼": moderation.Calm, "我要炸了你们": moderation.Transfer,
		"傻逼,我不想活了": moderation.Crisis, "陪我睡": moderation.Warn, "你要银行卡四件套吗": moderation.Transfer, "四件套还有货吗": moderation.Pass, "能根治吗": moderation.Pass, "go kill yourself": moderation.Crisis,
	} {
		if got, hit := m.Caller(text); got != want {
			t.Errorf("%q: %s by %+v, want %s", text, got, hit, want)
		}
	}
}

// An owner extends, changes and takes away, and is told what is wrong and where.
func TestOwnFiles(t *testing.T) {
	files := fstest.MapFS{
		"insults.txt":    {Data: []byte("# ours\n老古董 | end\n-傻逼\n\nfoo bar\n=老鸟\n~菜鸟\n")},
		"politics.txt":   {Data: []byte("\ufeffx\n选举 | loud\n…\n-没有这个\n!!!\n")},
		"policies.txt":   {Data: []byte("gambling | end\nmedical | pass | pass\nweather | calm\ninsults\nfraud | pass | maybe\n")},
		"allow.txt":      {Data: []byte("色情史研究\n")},
		"weather.txt":    {Data: []byte("rain\n")},
		"binary.txt":     {Data: []byte("\xff\xfe")},
		"notes.md":       {Data: []byte("not read")},
		"sub/insult.txt": {Data: []byte("not read")},
	}
	m, problems := moderation.Load("zh", files)
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	for _, want := range []string{"politics.txt:1", "politics.txt:2", "politics.txt:3", "politics.txt:4", "politics.txt:5", "policies.txt:3", "policies.txt:4", "policies.txt:5", "weather.txt", "binary.txt"} {
		found := false
		for _, g := range got {
			found = found || strings.HasPrefix(g, want+":")
		}
		if !found {
			t.Errorf("no problem at %s: %q", want, got)
		}
	}
	if len(got) != 10 {
		t.Errorf("problems: %q", got)
	}
	for text, want := range map[string]moderation.Policy{
		"老古董": moderation.End, "佬骨懂": moderation.Pass, "老古懂": moderation.End, "傻逼": moderation.Pass, "去赌博": moderation.End, "Foo  BAR": moderation.Calm, "foo barn": moderation.Pass,
		"老鸟": moderation.Calm, "老袅": moderation.Pass, "采鸟": moderation.Calm,
	} {
		if p, hit := m.Caller(text); p != want {
			t.Errorf("%q: %s by %+v, want %s", text, p, hit, want)
		}
	}
	if hit, blocked := m.Blocked("能根治"); blocked {
		t.Errorf("a category that may pass: %+v", hit)
	}
	if hit, blocked := m.Blocked("色情史研究"); blocked {
		t.Errorf("an allowed phrase: %+v", hit)
	}
}

// The shipped lists are found by their own entries in every disguise, at the place
// where they stand.
func TestEveryEntry(t *testing.T) {
	m := load(t, "zh")
	n := 0
	for _, name := range []string{"zh", "en"} {
		for _, c := range moderation.Categories() {
			data, err := os.ReadFile(filepath.Join("lists", name, string(c)+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				text, _, _ := strings.Cut(strings.TrimSpace(line), "|")
				text = strings.TrimSpace(strings.TrimLeft(text, "~="))
				if text == "" || strings.HasPrefix(text, "#") {
					continue
				}
				n++
				between := ""
				if name == "en" {
					between = " is "
				}
				text = strings.TrimSuffix(strings.ReplaceAll(text, "…", between), "*")
				disguises := []string{text, strings.ToUpper(text), wide(text)}
				if name == "zh" {
					disguises = append(disguises, strings.Join(strings.Split(text, ""), "-"))
				}
				for _, d := range disguises {
					if len(m.Find("嗯 "+d+" 嗯")) == 0 {
						t.Errorf("%s/%s: %q is not found", name, c, d)
					}
				}
			}
		}
	}
	t.Logf("%d entries", n)
	if n < 3500 {
		t.Errorf("only %d entries", n)
	}
}

func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '!' && r <= '~' {
			return r + 0xfee0
		}
		return r
	}, s)
}

// Of sentences that the bot says, and of what customers wrote, hardly any is hit.
func TestFalseHits(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		m := load(t, language)
		lines, hits := 0, 0
		for _, line := range packSentences(t, language) {
			lines++
			if hit, blocked := m.Blocked(line); blocked {
				hits++
				t.Logf("%s %s: %q", hit.Category, hit.Entry, line)
			}
		}
		t.Logf("packs, %s: %d of %d lines", language, hits, lines)
		if hits*1000 > lines {
			t.Errorf("packs, %s: %d of %d lines", language, hits, lines)
		}
	}
	for _, set := range []struct{ language, path string }{{"zh", "intents/jddc_train.csv"}, {"en", "intents/banking77_train.csv"}, {"en", "intents/clinc150_train.csv"}} {
		m := load(t, set.language)
		f, err := os.Open(testdata.Shared(t, set.path))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		for _, row := range rows[1:] {
			if hit, blocked := m.Blocked(row[0]); blocked {
				hits++
				t.Logf("%q: %s %s", row[0], hit.Category, hit.Entry)
			}
		}
		t.Logf("%s: %d of %d lines", set.path, hits, len(rows)-1)
		if hits*1000 > len(rows)-1 {
			t.Errorf("%s: %d of %d lines", set.path, hits, len(rows)-1)
		}
	}
}

// packSentences are the lines of the examples' knowledge.
func packSentences(tb testing.TB, language string) []string {
	tb.Helper()
	var lines []string
	dirs, err := filepath.Glob(filepath.Join(testdata.Root(tb), "examples", "*-"+language))
	if err != nil || len(dirs) == 0 {
		tb.Fatal("no examples")
	}
	for _, dir := range dirs {
		for _, pattern := range []string{"*.yaml", "knowledge/*.yaml", "flows/*.yaml", "dialogs/*.yaml", "knowledge/*.csv", "tables/*.csv"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				tb.Fatal(err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					tb.Fatal(err)
				}
				for line := range strings.Lines(string(data)) {
					lines = append(lines, strings.TrimSpace(line))
				}
			}
		}
	}
	return lines
}

func FuzzFind(f *testing.F) {
	m, _ := moderation.Load("zh", nil)
	for _, s := range []string{"赌 博", "f.u.c.k", "\xff", "ｆｕｃｋ", "活着…没意思", "杀 你 全 家", "@", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, h := range m.Find(s) {
			if h.Start < last || h.End < h.Start || h.End > len(s) {
				t.Fatalf("%q: %+v", s, h)
			}
			last = h.End
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("a b | warn\n~赌\n=x\n…\n-y")
	f.Fuzz(func(_ *testing.T, s string) {
		m, _ := moderation.Load("en", fstest.MapFS{"fraud.txt": {Data: []byte(s)}, "policies.txt": {Data: []byte(s)}, "allow.txt": {Data: []byte(s)}})
		m.Find(s)
	})
}

// BenchmarkFind10000 reads a sentence against 10,000 entries.
func BenchmarkFind10000(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	chars := []rune("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严")
	var own strings.Builder
	for range 6500 {
		for range 2 + rng.IntN(4) {
			own.WriteRune(chars[rng.IntN(len(chars))])
		}
		own.WriteByte('\n')
	}
	m, problems := moderation.Load("zh", fstest.MapFS{"fraud.txt": {Data: []byte(own.String())}})
	if m.Len() < 10000 {
		b.Fatal(m.Len(), problems)
	}
	for name, s := range map[string]string{
		"zh": "你好,我上周五在你们店里买的那个空气净化器到现在还没发货,麻烦你帮我查一下是什么情况,如果今天发不了我就不要了",
		"en": "Hi, I ordered an air purifier last Friday and it still hasn't shipped, could you have a look and tell me what is going on, otherwise I'd like to cancel",
	} {
		b.Run(fmt.Sprintf("%s/%d", name, m.Len()), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Find(s)
			}
		})
	}
}

// What smokes, burns or gives shocks is noticed whatever it is; what might, what did not and
// what is cooked is not. The bot may speak of it.
func TestDanger(t *testing.T) {
	for language, texts := range map[string][2][]string{
		"zh": {
			{"榨汁机冒烟了", "电热毯把床单烧焦了", "一股糊味", "插座起火了", "洗脚盆漏电", "摸外壳手麻了一下", "被挂烫机烫伤了", "充电宝爆炸了", "微波炉打火花", "孩子被它电到我赶紧拔了，手发麻"},
			{"会不会漏电", "没冒烟，就是不转", "燃气灶打不着火", "米饭烧糊了怎么洗", "有没有防烫伤的手套", "气得我直冒火", "空气炸锅多少钱", "充电到了八十就不动了"},
		},
		"en": {
			{"smoke is coming out of the juicer", "the blanket scorched my sheet", "I can smell burning", "the toaster caught fire", "I got an electric shock off it", "it zapped me", "the steamer scalded my arm", "sparks came out of the plug", "the charger exploded"},
			{"it died, no smoke, nothing", "could it catch fire", "will it take smoke out of the flat", "I burnt the rice, how do I clean it", "I got a shock when I saw the price", "my husband is smoking indoors", "sparkling water maker", "is the fire tv in stock"},
		},
	} {
		m := load(t, language)
		for i, list := range texts {
			for _, text := range list {
				if p, hit := m.Caller(text); (p == moderation.Safety) != (i == 0) {
					t.Errorf("%s: %s by %+v", text, p, hit)
				}
				if hit, blocked := m.Blocked(text); blocked {
					t.Errorf("%s: the bot may not say %+v", text, hit)
				}
			}
		}
	}
}
