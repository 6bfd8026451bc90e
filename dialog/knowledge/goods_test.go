package knowledge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/lang"
)

func TestNeutral(t *testing.T) {
	zh, en := newGoods(true, []string{"云扫一号"}, nil), newGoods(false, []string{"Glide One"}, nil)
	for text, want := range map[string]string{
		"我买的扫地机不想要了能退吗": "我买的东西不想要了能退吗",
		"这台电饭煲能退吗":      "这个能退吗",
		"买了一把吹风机还没发货":   "买了东西还没发货",
		"云扫一号保修多久":      "东西保修多久",
		"你们几点开门":        "",
		"手机号换了":         "",
	} {
		got, ok := zh.neutral(lang.Fold(text))
		assert.Equal(t, want != "", ok, text)
		if ok {
			assert.Equal(t, want, got)
		}
	}
	for text, want := range map[string]string{
		"How long do I have to return a kettle?":    "how long do i have to return something",
		"my new electric kettle never arrived":      "it never arrived",
		"can I send two lamps back":                 "can i send two something back",
		"is the Glide One still under warranty":     "is it still under warranty",
		"do earbuds and a desk lamp ship together":  "do something and something ship together",
		"what time do you close":                    "",
		"the light in the hall shop, is it open on": "",
	} {
		got, ok := en.neutral(lang.Fold(text))
		assert.Equal(t, want != "", ok, text)
		if ok {
			assert.Equal(t, want, got)
		}
	}
}

// Whatever is named, a question about returning is one; and what is asked of one thing is
// not answered with what is true of another.
func TestThingsThatAreNamed(t *testing.T) {
	for _, c := range []struct {
		language string
		pairs    []Pair
		asked    map[string]string // pair by text; "" is none
	}{
		{"en", []Pair{
			{ID: "return", Question: "What's your return policy?", Answer: "Thirty days.", Variants: []string{"how long do I have to return something", "can I return it if I don't like it", "do you take things back"}},
			{ID: "kettle", Question: "How much is the electric kettle?", Answer: "The kettle is forty dollars.", Variants: []string{"price of the kettle", "what does a kettle cost"}},
			{ID: "cooker-timer", Question: "Does the rice cooker have a timer?", Answer: "Yes, the cooker has one.", Variants: []string{"does it have a timer", "can I set a time"}},
			{ID: "hours", Question: "When do you open?", Answer: "At ten.", Variants: []string{"what are your hours"}},
		}, map[string]string{
			"how long do I have to return a kettle":      "return",
			"can I return my toaster if I don't like it": "return",
			"what does a kettle cost":                    "kettle",
			"does the toaster have a timer":              "",
		}},
		{"zh", []Pair{
			{ID: "return", Question: "不想要了能退吗", Answer: "七天内可以退。", Variants: []string{"买的东西不想要了能退吗", "东西多久以内可以退货", "不喜欢可以退吗"}},
			{ID: "kettle", Question: "电水壶多少钱", Answer: "电水壶一百块。", Variants: []string{"水壶什么价"}},
			{ID: "cooker-timer", Question: "电饭煲能预约吗", Answer: "电饭煲可以预约。", Variants: []string{"能不能定时", "可以预约煮饭吗"}},
			{ID: "hours", Question: "几点开门", Answer: "十点。", Variants: []string{"营业时间"}},
		}, map[string]string{
			"我买的扫地机不想要了能退吗": "return",
			"电水壶多久以内可以退货":   "return",
			"水壶什么价":         "kettle",
			"吹风机能不能定时":      "",
		}},
	} {
		x, err := New(c.pairs, Options{Language: c.language})
		require.NoError(t, err)
		for text, want := range c.asked {
			top := x.Find(t.Context(), Query{Text: text}).Top()
			if want == "" {
				assert.False(t, top != nil && top.Score >= 0.69, "%s: %+v", text, top)
				continue
			}
			require.NotNil(t, top, text)
			assert.Equal(t, want, top.Pair.ID, text)
			assert.GreaterOrEqual(t, top.Score, 0.69, text)
		}
	}
}

// Who asks about a thing that the business never speaks of is not taken for one who asks
// about what it does, and the thing is known by its name; where the thing does not matter
// it is asked like any.
func TestThingsThatNobodySpeaksOf(t *testing.T) {
	for _, c := range []struct {
		language string
		pairs    []Pair
		strange  map[string]string // by text
		general  [2]string         // a text, and the pair that answers it
	}{
		{"en", []Pair{
			{ID: "kettle-leak", Question: "My kettle leaks.", Answer: "Stop using it.", Variants: []string{"water under the kettle", "there's water leaking all over the counter from the kettle"}},
			{ID: "vacuum-leak", Question: "My vacuum leaks water.", Answer: "Empty the tank.", Variants: []string{"the vacuum leaves water on my sofa"}},
			{ID: "return", Question: "Can I return something I've opened?", Answer: "Yes, but for opened earbuds.", Variants: []string{"I've opened it, can I still return it"}},
		}, map[string]string{
			"water's leaking from the humidifier":             "humidifier",
			"there's water leaking all over from the bedding": "bedding",
			"water under the sofa, it was the vacuum":         "",
			"can I return a blender that I've opened":         "",
			"the humidifier leaked on my sofa":                "humidifier",
			"my vacuum leaks":                                 "",
			"there's water leaking all over":                  "",
		}, [2]string{"I've opened the duvet, can I still return it", "return"}},
		{"zh", []Pair{
			{ID: "kettle-leak", Question: "水壶漏水怎么办", Answer: "先别用了。", Variants: []string{"水壶底下渗水", "水壶漏得一桌子都是水"}},
			{ID: "robot-leak", Question: "扫地机漏水怎么办", Answer: "把水箱推到底。", Variants: []string{"扫地机漏得沙发底下都是水"}},
			{ID: "return", Question: "拆开了还能退吗", Answer: "能退，戴过的耳机不行。", Variants: []string{"包装拆了能不能退"}},
		}, map[string]string{
			"加湿器底下渗水":   "加湿器",
			"被子里漏出毛来":   "被子",
			"沙发底下漏得都是水": "",
			"水壶底下渗水":    "",
			"漏水了怎么办":    "",
		}, [2]string{"枕头拆开了还能退吗", "return"}},
	} {
		x, err := New(c.pairs, Options{Language: c.language})
		require.NoError(t, err)
		for text, want := range c.strange {
			r := x.Find(t.Context(), Query{Text: text})
			assert.Equal(t, want, r.Strange, text)
			if top := r.Top(); want != "" && top != nil {
				assert.Less(t, top.Score, 0.1, "%s: %s", text, top.Pair.ID)
			}
		}
		top := x.Find(t.Context(), Query{Text: c.general[0]}).Top()
		require.NotNil(t, top, c.general[0])
		assert.Equal(t, c.general[1], top.Pair.ID)
		assert.GreaterOrEqual(t, top.Score, 0.69, c.general[0])
	}
}

// Whose name for a thing was not heard well is understood all the same; what is another word
// stays one.
func TestThingsThatAreMisheard(t *testing.T) {
	zh := newGoods(true, []string{"云扫一号"}, nil)
	zh.learn(&Pair{Question: "扫地机不动了怎么办？", Answer: "扫地机重启一下。", Variants: []string{"净化器也行"}})
	en := newGoods(false, []string{"Glide One"}, nil)
	en.learn(&Pair{Question: "My kettle leaks.", Answer: "Check the kettle's lid.", Variants: []string{"the purifier too"}})
	known := map[string]bool{"动了": true, "my": true, "what": true, "is": true, "wrong": true, "with": true, "the": true, "leaks": true, "cattle": false}
	understood := func(g *goods, heard, want string) {
		got, ok := g.heard(lang.Fold(heard), known)
		assert.Equal(t, want != "", ok, "%s: %s", heard, got)
		if want != "" {
			assert.Equal(t, want, got)
		}
	}
	for heard, want := range map[string]string{
		"我的小地鸡不动了": "我的扫地机不动了",
		"少地记怎么不走":  "扫地机怎么不走",
		"我的手地机不动了": "我的扫地机不动了",
		"早地击多久充满电": "扫地机多久充满电",
		"云少一号坏了":   "云扫一号坏了",
		"经化其的声音":   "净化器的声音",
		"扫地机不动了":   "",
		"我在小区里取快递": "",
		"你们几点开门":   "",
		"收到的鸡蛋碎了":  "",
	} {
		understood(zh, heard, want)
	}
	for heard, want := range map[string]string{
		"my cattle leaks":                "my kettle leaks",
		"what is wrong with the cattle":  "what is wrong with the kettle",
		"I need a plumber":               "",
		"my kettle leaks":                "",
		"what is wrong with the curtain": "",
		"the battery leaks":              "",
	} {
		understood(en, heard, want)
	}
}
