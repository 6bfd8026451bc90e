package campaigns

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chinese are numbers of China, and of a country with two zones.
type chinese struct{}

func (chinese) Zones(n string) []string {
	if strings.HasPrefix(n, "+61") {
		return []string{"Australia/Perth", "Australia/Sydney"}
	}
	return []string{"Asia/Shanghai"}
}
func (chinese) Emergency(n string) bool { return n == "110" || n == "+86110" }
func (chinese) Callable(n string) bool  { return len(n) > 8 && n[0] == '+' }

func rules() *Rules { return NewRules(RulesConfig{Numbers: chinese{}}) }

func notice() Campaign {
	return Campaign{
		ID: "notice", Purpose: Service, Mode: Agentless,
		Variants: []Variant{{Name: "a", Greeting: "您好,我是云上商城的智能助手小云。"}},
	}
}

func customer() Contact { return Contact{ID: 7, Number: "+8613800138000", State: Waiting} }

// ten is Monday, ten in the morning in Shanghai.
var ten = time.Date(2026, 11, 2, 10, 0, 0, 0, time.FixedZone("", 8*3600))

func TestAllowed(t *testing.T) {
	at := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, time.FixedZone("", 8*3600)) }
	for _, c := range []struct {
		name string
		now  time.Time
		with func(*Campaign, *Contact, *Facts)
		want Refusal
		next time.Time
		zh   string
	}{
		{"a service call", ten, nil, "", time.Time{}, "客户自己的订单"},
		{"an emergency number", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Number = "110" }, RefusedEmergency, time.Time{}, "紧急号码"},
		{"a short number", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Number = "10086" }, RefusedNumber, time.Time{}, "短号"},
		{"after the end", ten, func(c *Campaign, _ *Contact, _ *Facts) { c.End = ten }, RefusedEnded, time.Time{}, "已于"},
		{"before the start", ten, func(c *Campaign, _ *Contact, _ *Facts) { c.Start = at(3, 21, 0) }, RefusedWindow, at(4, 9, 0), "开始"},
		{"no word of a machine", ten, func(c *Campaign, _ *Contact, _ *Facts) { c.Variants[0].Greeting = "您好,我是小云。" }, RefusedDisclosure, time.Time{}, "没有说明是机器"},
		{"marketing without consent", ten, func(c *Campaign, _ *Contact, _ *Facts) { c.Purpose = Marketing }, RefusedConsent, time.Time{}, "没有对营销的同意"},
		{"marketing with consent", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Purpose, f.Consents = Marketing, []Consent{{Purpose: Marketing, Given: true, At: at(1, 9, 0), How: "下单页", By: "李"}}
		}, "", time.Time{}, "营销:2026-11-01 同意(下单页,记录人 李)"},
		{"consent of the future", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Purpose, f.Consents = Marketing, []Consent{{Purpose: Marketing, Given: true, At: at(3, 9, 0)}}
		}, RefusedConsent, time.Time{}, "没有对营销"},
		{"consent to something else", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Purpose, f.Consents = Marketing, []Consent{{Purpose: Survey, Given: true, At: at(1, 9, 0)}}
		}, RefusedConsent, time.Time{}, "没有对营销"},
		{"consent taken back", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Consents = []Consent{{Purpose: Service, Given: true, At: at(1, 9, 0)}, {Purpose: Service, At: at(1, 10, 0)}}
		}, RefusedConsent, time.Time{}, "撤回"},
		{"said: do not call again", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Suppressions = []Suppression{{List: "own", At: at(1, 9, 0), How: "said"}}
		}, RefusedOwnList, time.Time{}, "免打扰名单"},
		{"an entry that has run out", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Suppressions = []Suppression{{List: "own", At: at(1, 9, 0), Until: ten}}
		}, "", time.Time{}, ""},
		{"an entry for marketing bars no service", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Suppressions = []Suppression{{List: "own", Purpose: Marketing}}
		}, "", time.Time{}, ""},
		{"the national list bars no service", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Suppressions = []Suppression{{List: National}}
		}, "", time.Time{}, ""},
		{"the national list bars surveys", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Purpose, f.Suppressions = Survey, []Suppression{{List: National}}
		}, RefusedNational, time.Time{}, "国家免打扰"},
		{"as often as it may be", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Made = 3 }, RefusedAttempts, time.Time{}, "已拨 3 次"},
		{"once more, since it was asked for", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Made, k.Callback = 3, true }, "", time.Time{}, ""},
		{"the campaign's cap", ten, func(c *Campaign, k *Contact, _ *Facts) { c.Caps.PerCampaign, k.Made = 1, 1 }, RefusedCampaign, time.Time{}, "本活动"},
		{"another call in progress", ten, func(_ *Campaign, _ *Contact, f *Facts) { f.InUse = true }, RefusedInUse, ten.Add(time.Minute), "还没结束"},
		{"busy ten minutes ago", ten, func(_ *Campaign, k *Contact, f *Facts) {
			k.Reason, f.Last = string(Busy), ten.Add(-10*time.Minute)
		}, RefusedInterval, ten.Add(5 * time.Minute), "才能再拨"},
		{"not due", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Due = at(2, 20, 30) }, RefusedInterval, at(3, 9, 0), "才能再拨"},
		{"the campaign's cap of the day", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Caps.PerDay, f.Calls = 2, []DayCalls{{"2026-11-02", "notice", 2}}
		}, RefusedDay, at(3, 9, 0), "当天已拨 2 次"},
		{"another campaign's calls do not count for it", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Caps.PerDay, f.Calls = 2, []DayCalls{{"2026-11-02", "other", 2}}
		}, "", time.Time{}, ""},
		{"but for the server's bound", ten, func(_ *Campaign, _ *Contact, f *Facts) {
			f.Calls = []DayCalls{{"2026-11-02", "notice", 1}, {"2026-11-02", "other", 2}}
		}, RefusedOverall, at(3, 9, 0), "所有活动当天共拨 3 次"},
		{"seven days in a row", ten, func(c *Campaign, _ *Contact, f *Facts) {
			c.Caps.PerWeek, f.Calls = 2, []DayCalls{{"2026-10-28", "notice", 1}, {"2026-10-30", "notice", 1}, {"2026-10-25", "notice", 5}}
		}, RefusedWeek, at(4, 9, 0), "七天内已拨 2 次"},
		{"early", at(2, 8, 59), nil, RefusedWindow, at(2, 9, 0), "不在允许时段"},
		{"late", at(2, 20, 0), nil, RefusedWindow, at(3, 9, 0), "不在允许时段"},
		{"a campaign cannot widen the law's hours", at(2, 21, 30), func(c *Campaign, _ *Contact, _ *Facts) {
			c.Windows = everyDay(Span{0, 1440})
		}, RefusedWindow, at(3, 8, 0), "08:00-21:00"},
		{"a holiday", ten, func(c *Campaign, _ *Contact, _ *Facts) {
			c.Windows.Holidays = []Holiday{{Name: "盘点", First: day(2026, 11, 2), Last: day(2026, 11, 3)}}
		}, RefusedHoliday, at(4, 9, 0), "盘点"},
		{"the contact's own zone", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Zone = "Europe/London" }, RefusedWindow, at(2, 17, 0), "Europe/London"},
		{"two zones of one number", ten, func(_ *Campaign, k *Contact, _ *Facts) { k.Number = "+61412345678" }, "", time.Time{}, "Perth"},
		{"night in one of them", at(2, 8, 59), func(_ *Campaign, k *Contact, _ *Facts) { k.Number = "+61412345678" }, RefusedWindow, at(2, 9, 0), "Perth"},
		{"no hour in two months", ten, func(c *Campaign, _ *Contact, _ *Facts) { c.Windows = everyDay(Span{1300, 1380}) }, RefusedEnded, time.Time{}, "两个月"},
	} {
		t.Run(c.name, func(t *testing.T) {
			campaign, contact, facts := notice(), customer(), Facts{}
			if c.with != nil {
				c.with(&campaign, &contact, &facts)
			}
			v := rules().Allowed(c.now, campaign, contact, facts)
			require.Equal(t, c.want, v.Refusal, Words(v.Ground, "en"))
			require.Equal(t, c.next.UTC(), v.Next.UTC())
			zh, en := Words(v.Ground, "zh"), Words(v.Ground, "en")
			require.Contains(t, zh, c.zh)
			for _, words := range []string{zh, en} {
				require.NotEmpty(t, words)
				require.NotContains(t, words, "|", "a code without words")
				require.NotContains(t, words, "%!")
			}
			require.Equal(t, "a", v.Variant)
			if v.Refusal != "" {
				require.NotEmpty(t, v.Refusal.Words("zh"))
				require.NotEmpty(t, v.Refusal.Words("en"))
			}
		})
	}
}

// Whatever is set: nobody is called outside the law's hours, over a cap, on a list, or
// without a ground; and a refusal that is not final says a later time.
func TestNothingBypassesTheRules(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rules := rules()
	shanghai := zone(t, "Asia/Shanghai")
	allowed := 0
	for range 20_000 {
		c, k, f := notice(), customer(), Facts{}
		c.Purpose = []Purpose{Service, Reminder, Survey, Marketing}[r.IntN(4)]
		if r.IntN(2) == 0 {
			c.Windows = everyDay(Span{0, 1440})
		}
		c.Caps = Caps{PerDay: r.IntN(3), PerWeek: r.IntN(5), PerCampaign: r.IntN(3)}
		k.Made, k.Callback = r.IntN(4), r.IntN(4) == 0
		now := day(2026, 1, 1).Add(time.Duration(r.IntN(365*24*60)) * time.Minute)
		overall := 0
		for d := range 8 {
			if n := r.IntN(12) - 9; n > 0 {
				f.Calls = append(f.Calls, DayCalls{now.In(shanghai).AddDate(0, 0, -d).Format(time.DateOnly), "notice", n})
				if d < 7 {
					overall += n
				}
			}
		}
		listed := r.IntN(10) == 0
		if listed {
			f.Suppressions = []Suppression{{List: "own"}}
		}
		if r.IntN(2) == 0 {
			f.Consents = []Consent{{Purpose: c.Purpose, Given: r.IntN(2) == 0, At: now.Add(-time.Hour)}}
		}
		v := rules.Allowed(now, c, k, f)
		require.NotEmpty(t, v.Ground)
		if v.Refusal != "" {
			if !v.Refusal.Final() {
				require.True(t, v.Next.After(now), "%v until %v", v.Refusal, v.Next)
				h := v.Next.In(shanghai).Hour()
				require.True(t, h >= 8 && h < 21)
			}
			continue
		}
		allowed++
		h := now.In(shanghai).Hour()
		require.True(t, h >= 8 && h < 21, "called at %d", h)
		require.False(t, listed)
		require.Less(t, overall, 7)
		require.True(t, c.Purpose != Marketing || len(f.Consents) == 1 && f.Consents[0].Given)
	}
	require.Greater(t, allowed, 500)
}

func TestDryRun(t *testing.T) {
	list := func(yield func(Contact, Facts) bool) {
		for i := range 100 {
			k, f := customer(), Facts{}
			k.ID, k.Number = int64(i), fmt.Sprintf("+86138001380%02d", i)
			switch {
			case i < 10:
				f.Suppressions = []Suppression{{List: "own"}}
			case i < 30:
				k.Zone = "Europe/London"
			case i < 35:
				k.State = Reached
			}
			if !yield(k, f) {
				return
			}
		}
	}
	f := rules().DryRun(ten, notice(), list)
	require.Equal(t, 65, f.Now)
	require.Equal(t, 5, f.Over)
	require.Equal(t, 95, f.Contacts)
	require.Len(t, f.Refused, 2)
	require.Equal(t, RefusedWindow, f.Refused[0].Refusal)
	require.Equal(t, 20, f.Refused[0].Count)
	require.Equal(t, time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), f.Next.UTC())
	require.Equal(t, 10, f.Refused[1].Count)
	require.True(t, f.Refused[1].Final)
	require.Len(t, f.Refused[1].Samples, maxSamples)
	require.Contains(t, Words(f.Refused[1].Samples[0].Ground, "zh"), "免打扰")
}

func TestVariantsStickAndKeepTheirShares(t *testing.T) {
	c := notice()
	c.Variants = []Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 3}, {Name: "off", Weight: -1}}
	given := map[string]int{}
	for i := range 20_000 {
		k := Contact{ID: int64(i), Number: fmt.Sprintf("+86138%08d", i)}
		v := c.Assign(k)
		given[v]++
		k.ID = 0 // imported anew
		require.Equal(t, v, c.Assign(k))
	}
	require.Equal(t, []string{"a", "b"}, slices.Sorted(maps.Keys(given)))
	require.InDelta(t, 5000, given["a"], 250)
	other, same := c, 0
	other.ID = "other"
	for i := range 1000 {
		k := Contact{Number: fmt.Sprintf("+86139%08d", i)}
		if c.Assign(k) == other.Assign(k) {
			same++
		}
	}
	require.InDelta(t, 625, same, 60, "another campaign draws for itself")
}

func TestGoals(t *testing.T) {
	c := Campaign{Goals: []Goal{
		{Name: "nothing"}, {Name: "promised", Slot: "promise", Value: "yes"}, {Name: "glad", Score: 4}, {Name: "to a person", Transferred: true}, {Name: "dated", Slot: "date"},
	}}
	for want, r := range map[string]Result{
		"promised":    {Slots: map[string]string{"promise": "Yes"}},
		"glad":        {Score: 5},
		"to a person": {Person: "agent1", Score: 2},
		"dated":       {Slots: map[string]string{"date": "2026-11-03"}},
		"":            {Score: 3, Slots: map[string]string{"date": " ", "promise": "no"}},
	} {
		require.Equal(t, want, c.Reached(r))
	}
}

func TestDisclosure(t *testing.T) {
	for text, want := range map[string]bool{
		"您好,我是云上商城的智能助手小云": true, "这里是云上商城的机器人": true, "您好,我是小云,不是机器人": false, "您好,我是小王": false,
		"Hi, this is the automated assistant of Cloud Store": true, "Hi, I'm Ann's assistant": false,
		"Hello, I’m a bot, calling for Cloud Store": true, "I'm not a robot": false, "I promise I'm no machine.": false,
		"This is a virtual assistant.": true, "We met in Abbott, bottom line": false, "": false,
	} {
		require.Equal(t, want, SaysMachine(text), text)
	}
	require.True(t, SaysRecorded("This call is recorded"))
	require.True(t, SaysDecline("不方便的话可以直接挂断,可以挂"))
	require.True(t, SaysName("您好,这里是云上商城", "云上商城"))
}

// Where a machine speaks it says so; an agent who dials himself is none.
func TestWhoSpeaksDiscloses(t *testing.T) {
	c := notice()
	c.Variants = []Variant{{Name: "a", Greeting: "您好,我是云上商城的小王"}}
	for mode, want := range map[Mode]Refusal{Agentless: RefusedDisclosure, Predictive: RefusedDisclosure, Preview: "", Progressive: ""} {
		c.Mode = mode
		require.Equal(t, want, rules().Allowed(ten, c, customer(), Facts{}).Refusal, mode)
	}
}

func BenchmarkAllowed(b *testing.B) {
	r, c, k := rules(), notice(), customer()
	f := Facts{Calls: []DayCalls{{"2026-11-01", "notice", 1}}}
	b.ReportAllocs()
	for b.Loop() {
		r.Allowed(ten, c, k, f)
	}
}

// The holidays of the business hold beside the campaign's own, by the callee's calendar,
// and regions that are not the server's are never called.
func TestBoundsOfTheServer(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	r := NewRules(RulesConfig{Numbers: rules().cfg.Numbers, Zone: "Asia/Shanghai", Regions: []string{"+86"}, Holidays: func(line string) []Holiday {
		require.Equal(t, "main", line)
		return []Holiday{{Name: "stocktaking", First: day(2)}, {Name: "fair", First: day(3), Open: []Span{{12 * 60, 13 * 60}}}}
	}})
	c, k := notice(), customer()
	c.Line, c.Windows.Holidays = "main", []Holiday{{Name: "own", First: day(4)}, {Name: "open all the same", First: day(2), Open: []Span{{9 * 60, 20 * 60}}}}
	facts := Facts{Consents: []Consent{{Purpose: c.Purpose, Given: true, At: ten.AddDate(-1, 0, 0)}}}
	v := r.Allowed(ten, c, k, facts)
	require.Equal(t, RefusedHoliday, v.Refusal, "no campaign opens it again: %+v", v)
	require.Contains(t, v.Ground, "stocktaking")
	require.Equal(t, "2026-11-03 12:00", v.Next.In(ten.Location()).Format("2006-01-02 15:04"))
	require.Empty(t, r.Allowed(v.Next, c, k, facts).Refusal)
	require.Equal(t, RefusedHoliday, r.Allowed(ten.AddDate(0, 0, 2), c, k, facts).Refusal, "the campaign's own")
	require.Empty(t, r.Allowed(ten.AddDate(0, 0, 3), c, k, facts).Refusal)
	k.Number = "+16175550142"
	v = r.Allowed(ten.AddDate(0, 0, 3), c, k, facts)
	require.Equal(t, RefusedPlace, v.Refusal)
	require.Contains(t, Words(v.Ground, "en"), "+86 only")
}
