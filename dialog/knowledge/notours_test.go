package knowledge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/lang"
)

// What a business names only to say that it has none is answered so, and not with what is
// true of its own things; what is asked of anything is answered as ever, and so are its own
// things beside which another is named.
func TestGoodsThatAreNotSold(t *testing.T) {
	for _, c := range []struct {
		language string
		goods    []string
		pairs    []Pair
		want     map[string]string
	}{
		{"zh", []string{"加湿器", "床上用品", "被子", "煮蛋器"}, []Pair{
			{ID: "kettle-leak", Question: "水壶漏水怎么办", Answer: "先别用了。", Variants: []string{"水壶底下渗水", "水壶漏得一桌子都是水", "底下漏水了怎么办"}},
			{ID: "kettle-hot", Question: "水壶通电了不热", Answer: "换个插座。", Variants: []string{"水壶灯亮但是不热"}},
			{ID: "purifier-dry", Question: "净化器能当加湿器用吗", Answer: "不能，只净化，不加湿，要另买加湿器。", Variants: []string{"净化器能不能加湿", "净化器带不带加湿器"}},
			{ID: "return", Question: "拆开了还能退吗", Answer: "能退，戴过的耳机不行。", Variants: []string{"包装拆了能不能退"}},
			{ID: "none", Question: "加湿器、床上用品你们有吗", Answer: "都没有卖。", Variants: []string{"加湿器怎么清洗", "被子能洗吗"}},
		}, map[string]string{
			"加湿器底下渗水":     "none",
			"煮蛋器灯亮但是不热":   "none",
			"被子里漏出毛来":     "none",
			"净化器带不带加湿器":   "purifier-dry",
			"水壶底下渗水":      "kettle-leak",
			"水壶漏了，被子都湿了":  "kettle-leak",
			"被子拆开了还能退吗":   "return",
			"你们卖不卖加湿器":    "none",
			"煮蛋器底下漏水了怎么办": "none",
		}},
		{"en", []string{"humidifier", "duvet", "egg boiler"}, []Pair{
			{ID: "kettle-leak", Question: "My kettle leaks.", Answer: "Stop using it.", Variants: []string{"water under the kettle", "the kettle's leaking all over the counter"}},
			{ID: "purifier-dry", Question: "Is the purifier a humidifier too?", Answer: "No, for dry air you'd want a humidifier.", Variants: []string{"does the purifier moisten the air"}},
			{ID: "return", Question: "Can I return something I've opened?", Answer: "Yes, but for opened earbuds.", Variants: []string{"I've opened it, can I still return it"}},
			{ID: "none", Question: "Do you sell humidifiers or bedding?", Answer: "No, neither.", Variants: []string{"how do I clean a humidifier"}},
		}, map[string]string{
			"the humidifier's leaking all over the counter": "none",
			"the egg boiler's leaking all over":             "none",
			"my duvet's leaking feathers":                   "none",
			"water under the kettle":                        "kettle-leak",
			"I've opened the duvet, can I still return it":  "return",
		}},
	} {
		x, err := New(c.pairs, Options{Language: c.language, NotOurs: NotOurs{Goods: c.goods, NotSold: "none"}})
		require.NoError(t, err)
		for text, want := range c.want {
			top := x.Find(t.Context(), Query{Text: text}).Top()
			require.NotNil(t, top, text)
			assert.Equal(t, want, top.Pair.ID, text)
			assert.GreaterOrEqual(t, top.Score, 0.69, text)
		}
	}
}

func TestForeign(t *testing.T) {
	zh, en := newGoods(true, []string{"云扫一号"}, nil), newGoods(false, []string{"Glide One"}, nil)
	for text, want := range map[string]string{
		"我家小米那个扫地机连不上网":  "小米那个扫地机",
		"美的电饭煲能修吗":       "美的电饭煲",
		"苹果耳机怎么连":        "苹果耳机",
		"AirPods怎么连":     "airpods",
		"你们的耳机能连苹果手机吗":   "",
		"耳机能连苹果的平板吗":     "",
		"这么完美的台灯在哪买":     "",
		"小米粥用电饭煲怎么煮":     "",
		"我有小米音箱，云扫一号能连吗": "",
		"扫地机连不上网":        "",
	} {
		assert.Equal(t, want, zh.foreign(lang.Fold(text)), text)
	}
	for text, want := range map[string]string{
		"my Xiaomi robot won't connect":           "xiaomi robot",
		"it's a Russell Hobbs kettle":             "russell hobbs kettle",
		"the Dyson's little vacuum lost suction":  "dyson little vacuum",
		"my Roomba won't start":                   "roomba",
		"does the Glide One work with my LG TV":   "",
		"will the earbuds pair with a Samsung":    "",
		"my robot won't connect to the Apple app": "",
	} {
		assert.Equal(t, want, en.foreign(lang.Fold(text)), text)
	}
}

// Who has a device of another maker is told whom to ask, not what is done with ours; unless
// makers are what a pair is about, or it is asked of anything.
func TestDevicesOfOthers(t *testing.T) {
	pairs := []Pair{
		{ID: "wifi", Question: "扫地机连不上网怎么办", Answer: "靠近路由器重来一次。", Variants: []string{"扫地机一直连不上网", "机器连不上网"}},
		{ID: "others", Question: "别的牌子的坏了能修吗", Answer: "修不了，请找它自己的售后。", Variants: []string{"戴森的坏了你们修吗"}},
		{ID: "trade", Question: "旧的机器能抵钱吗", Answer: "能，什么牌子都收。", Variants: []string{"旧的小米扫地机能换新吗", "拿旧的海尔来能抵多少"}},
		{ID: "hours", Question: "几点开门", Answer: "十点。"},
	}
	for makers, want := range map[string]map[string]string{
		"others": {"我家小米扫地机连不上网": "others", "扫地机连不上网": "wifi", "旧的小米扫地机能抵多少钱": "trade"},
		"":       {"我家小米扫地机连不上网": "wifi"}, // who mends them all
	} {
		x, err := New(pairs, Options{NotOurs: NotOurs{Makers: makers}})
		require.NoError(t, err)
		for text, id := range want {
			top := x.Find(t.Context(), Query{Text: text}).Top()
			require.NotNil(t, top, text)
			assert.Equal(t, id, top.Pair.ID, text)
		}
	}
}
