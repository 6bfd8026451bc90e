package business_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

func TestChineseHolidaysAndMakeUpWorkdays(t *testing.T) {
	b, _ := business.Load(pack(t, "retail-zh"))
	for at, open := range map[string]bool{
		"2026-03-03 09:00": true,  // Tuesday
		"2026-03-03 08:59": false, //
		"2026-03-03 20:59": true,
		"2026-03-03 21:00": false,
		"2026-03-07 09:30": false, // Saturday, from ten
		"2026-03-07 17:59": true,
		"2026-02-16 12:00": false, // New Year's Eve
		"2026-02-19 12:00": true,  // holiday with hours
		"2026-02-19 19:00": false,
		"2026-02-14 20:00": true, // a Saturday that is worked
		"2026-10-10 20:00": true,
		"2026-10-11 20:00": false, // the Sunday behind it
		"2026-09-20 20:00": true,
		"2027-02-06 12:00": false,
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", at, b.Location)
		require.NoError(t, err)
		require.Equal(t, open, b.Hours.Open(when), at)
		require.Equal(t, open, b.Hours.Open(when.UTC()), "%s from another time zone", at)
	}
	eve := time.Date(2026, 2, 16, 12, 0, 0, 0, b.Location)
	next, ok := b.Hours.NextOpen(eve)
	require.True(t, ok)
	require.Equal(t, "2026-02-19 10:00", next.Format("2006-01-02 15:04"))
}

func TestHoursAcrossAClockChange(t *testing.T) {
	b, _ := business.Load(pack(t, "retail-en"))
	saturday := time.Date(2026, 3, 7, 23, 0, 0, 0, b.Location) // clocks go forward that night
	next, ok := b.Hours.NextOpen(saturday)
	require.True(t, ok)
	require.Equal(t, "2026-03-08 10:00 EDT", next.Format("2006-01-02 15:04 MST"))
}

func TestHoursAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"09:00-21:00":              "09:00-21:00",
		"9:00 – 12:00，13：00至18:00": "09:00-12:00, 13:00-18:00",
		"8-20":                     "08:00-20:00",
		"休息":                       "closed",
		"全天":                       "00:00-24:00",
	} {
		var s business.Spans
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, s.String())
	}
	for _, text := range []string{"", "9", "25:00-26:00", "18:00-09:00", "9:00-12:00,11:00-13:00", "九点"} {
		var s business.Spans
		require.Error(t, s.UnmarshalText([]byte(text)), text)
	}
}

func TestDates(t *testing.T) {
	for _, text := range []string{"2026-3-1", "2026/03/01", "2026.3.1", "2026年3月1日", "20260301", "46082", "2026-03-01 00:00:00"} {
		d, err := business.ParseDate(text)
		require.NoError(t, err, text)
		require.Equal(t, "2026-03-01", d.String(), text)
	}
	for _, text := range []string{"", "1/3/2026", "2026-13-01", "2026-02-30", "3 March"} {
		_, err := business.ParseDate(text)
		require.Error(t, err, text)
	}
}

func TestRowsCountToTheEndOfTheirLastDay(t *testing.T) {
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	r := business.Row{ID: "a", Question: "q", Answer: "a", ValidFrom: business.Date{Year: 2026, Month: 5, Day: 1}, ValidTo: business.Date{Year: 2026, Month: 5, Day: 3}}
	last := time.Date(2026, 5, 3, 23, 59, 0, 0, loc)
	require.True(t, r.ValidAt(last, loc))
	require.False(t, r.ValidAt(last.Add(time.Minute), loc))
	p := business.Pairs([]business.Row{r}, loc)[0]
	require.True(t, last.Before(p.ValidTo))
	require.Equal(t, last.Add(time.Minute), p.ValidTo)
}

// The estimate is held against what Kokoro's zf_xiaoxiao and Piper's joe took.
func TestSecondsAreAboutRight(t *testing.T) {
	for text, want := range map[string]float64{
		"您好，这里是云上商城，我是智能助手小云，通话会录音。请说您要办的事。": 7.25,
		"门店每天上午十点到晚上九点营业，周末和节假日也一样。":         5.02,
		"微信、支付宝和银行卡都可以。":                     2.75,
		"整单退货的，没过期的优惠券会退回账户。只退一部分的，券不退。":     6.52,
	} {
		require.InDelta(t, want, business.Seconds(text, "zh"), 0.5, text)
	}
	for text, want := range map[string]float64{
		"Our stores are open from ten in the morning to nine at night, every day of the week.":               4.0,
		"You've got thirty days from delivery to send it back. It has to be unused and in its original box.": 5.4,
	} {
		require.InDelta(t, want, business.Seconds(text, "en"), 0.6, text)
	}
}
