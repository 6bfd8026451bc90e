package spoken

import (
	"regexp"
	"sort"
	"strings"
)

// unit is how a unit is said.
type unit struct {
	zh      string
	one     string // English, one of it
	more    string // English, any other number
	anyCase bool   // also in other capitals
	temp    bool   // below zero it is 零下 in Chinese
}

// units by the way they are written.
var units = map[string]unit{
	"kg": {zh: "公斤", one: "kilogram", more: "kilograms", anyCase: true}, "g": {zh: "克", one: "gram", more: "grams"},
	"mg": {zh: "毫克", one: "milligram", more: "milligrams"}, "lb": {zh: "磅", one: "pound", more: "pounds"},
	"lbs": {zh: "磅", one: "pound", more: "pounds"}, "oz": {zh: "盎司", one: "ounce", more: "ounces"},
	"km": {zh: "公里", one: "kilometer", more: "kilometers", anyCase: true}, "m": {zh: "米", one: "meter", more: "meters"},
	"cm": {zh: "厘米", one: "centimeter", more: "centimeters", anyCase: true}, "mm": {zh: "毫米", one: "millimeter", more: "millimeters", anyCase: true},
	"mi": {zh: "英里", one: "mile", more: "miles"}, "ft": {zh: "英尺", one: "foot", more: "feet"}, "inch": {zh: "英寸", one: "inch", more: "inches"},
	"km/h": {zh: "公里每小时", one: "kilometer an hour", more: "kilometers an hour", anyCase: true}, "mph": {zh: "英里每小时", one: "mile an hour", more: "miles an hour"},
	"m2": {zh: "平方米", one: "square meter", more: "square meters"}, "m3": {zh: "立方米", one: "cubic meter", more: "cubic meters"},
	"L": {zh: "升", one: "liter", more: "liters"}, "l": {zh: "升", one: "liter", more: "liters"}, "mL": {zh: "毫升", one: "milliliter", more: "milliliters", anyCase: true},
	"℃": {zh: "度", one: "degree Celsius", more: "degrees Celsius", temp: true}, "°C": {zh: "度", one: "degree Celsius", more: "degrees Celsius", temp: true},
	"℉": {zh: "华氏度", one: "degree Fahrenheit", more: "degrees Fahrenheit", temp: true}, "°F": {zh: "华氏度", one: "degree Fahrenheit", more: "degrees Fahrenheit", temp: true},
	"°":  {zh: "度", one: "degree", more: "degrees", temp: true},
	"KB": {zh: "K B", one: "kilobyte", more: "kilobytes"}, "MB": {zh: "兆", one: "megabyte", more: "megabytes"}, "GB": {zh: "G B", one: "gigabyte", more: "gigabytes"},
	"TB": {zh: "T B", one: "terabyte", more: "terabytes"}, "Mbps": {zh: "兆", one: "megabit per second", more: "megabits per second", anyCase: true},
	"Gbps": {zh: "千兆", one: "gigabit per second", more: "gigabits per second", anyCase: true},
	"mAh":  {zh: "毫安时", one: "milliamp hour", more: "milliamp hours", anyCase: true}, "Wh": {zh: "瓦时", one: "watt hour", more: "watt hours"},
	"W": {zh: "瓦", one: "watt", more: "watts"}, "w": {zh: "瓦", one: "watt", more: "watts"}, "kW": {zh: "千瓦", one: "kilowatt", more: "kilowatts", anyCase: true},
	"kWh": {zh: "度", one: "kilowatt hour", more: "kilowatt hours", anyCase: true}, "V": {zh: "伏", one: "volt", more: "volts"}, "A": {zh: "安", one: "amp", more: "amps"},
	"Hz": {zh: "赫兹", one: "hertz", more: "hertz", anyCase: true}, "kHz": {zh: "千赫兹", one: "kilohertz", more: "kilohertz", anyCase: true},
	"MHz": {zh: "兆赫兹", one: "megahertz", more: "megahertz"}, "GHz": {zh: "吉赫兹", one: "gigahertz", more: "gigahertz", anyCase: true},
	"dB": {zh: "分贝", one: "decibel", more: "decibels", anyCase: true}, "min": {zh: "分钟", one: "minute", more: "minutes", anyCase: true}, "mins": {zh: "分钟", one: "minute", more: "minutes"},
	"h": {zh: "小时", one: "hour", more: "hours"}, "hr": {zh: "小时", one: "hour", more: "hours"}, "hrs": {zh: "小时", one: "hour", more: "hours"},
	"s": {zh: "秒", one: "second", more: "seconds"}, "sec": {zh: "秒", one: "second", more: "seconds"}, "ms": {zh: "毫秒", one: "millisecond", more: "milliseconds"},
	"px": {zh: "像素", one: "pixel", more: "pixels"}, "MP": {zh: "百万像素", one: "megapixel", more: "megapixels"}, "rpm": {zh: "转每分", one: "R P M", more: "R P M"},
}

// unitPattern matches any of them, the longest first.
var unitPattern = func() string {
	var names []string
	for n, u := range units {
		q := regexp.QuoteMeta(n)
		if u.anyCase {
			q = "(?i:" + q + ")"
		}
		names = append(names, q)
	}
	sort.Slice(names, func(i, j int) bool {
		if len(names[i]) != len(names[j]) {
			return len(names[i]) > len(names[j])
		}
		return names[i] < names[j]
	})
	return strings.Join(names, "|")
}()

// findUnit looks a written unit up.
func findUnit(name string) (unit, bool) {
	if u, ok := units[name]; ok {
		return u, true
	}
	for n, u := range units {
		if u.anyCase && strings.EqualFold(n, name) {
			return u, true
		}
	}
	return unit{}, false
}

func zhUnit(at place, m []string) (string, bool) {
	if isLatin(at.next()) || isLatin(lastRune(m[4])) && isDigit(at.next()) {
		return "", false
	}
	u, ok := findUnit(m[4])
	if !ok {
		return "", false
	}
	number := func(n string) string {
		if rest, below := strings.CutPrefix(n, "-"); below && u.temp {
			return "零下" + zhCount(rest)
		}
		return zhCount(n)
	}
	s := zhSign(at, m[1])
	if m[1] == "-" && u.temp {
		s = "零下"
	}
	s += zhCount(m[2])
	if m[3] != "" {
		s += "到" + number(m[3])
	}
	s += u.zh
	if m[5] != "" {
		per := m[5]
		if pu, ok := findUnit(per); ok {
			per = pu.zh
		}
		s += "每" + per
	}
	return s, true
}

func lastRune(s string) rune {
	p := place{before: s}
	return p.last()
}
