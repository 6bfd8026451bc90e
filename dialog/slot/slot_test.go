package slot_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"hotline/dialog/slot"
)

// wednesday is when all of this is said.
var wednesday = time.Date(2026, 3, 4, 10, 0, 0, 0, time.FixedZone("CST", 8*3600))

// specs are those that the test data name.
func specs(language string) map[string]slot.Spec {
	m := map[string]slot.Spec{
		"code":      {Kind: slot.Code},
		"code4":     {Kind: slot.Code, MinLength: 4, MaxLength: 4},
		"code8":     {Kind: slot.Code, MinLength: 8, MaxLength: 8},
		"order":     {Kind: slot.Code, MinLength: 6, MaxLength: 16},
		"ab":        {Kind: slot.Code, Pattern: `[A-Z]{2}\d{6}`},
		"phone":     {Kind: slot.Phone},
		"phonegb":   {Kind: slot.Phone, Country: "GB"},
		"date":      {Kind: slot.Date},
		"dategb":    {Kind: slot.Date, Country: "GB"},
		"datepast":  {Kind: slot.Date, Past: true},
		"datefut":   {Kind: slot.Date, Future: true},
		"time":      {Kind: slot.Time},
		"timegb":    {Kind: slot.Time, Country: "GB"},
		"datetime":  {Kind: slot.DateTime},
		"money":     {Kind: slot.Money},
		"quantity":  {Kind: slot.Quantity},
		"name":      {Kind: slot.Name},
		"address":   {Kind: slot.Address},
		"yesno":     {Kind: slot.YesNo},
		"addressgb": {Kind: slot.Address, Country: "GB"},
	}
	if language == "zh" {
		m["colour"] = slot.Spec{Kind: slot.Choice, Choices: []slot.Option{{"red", []string{"红色", "红的"}}, {"blue", []string{"蓝色", "蓝的"}}, {"darkred", []string{"深红色", "深红"}}}}
		m["express"] = slot.Spec{Kind: slot.Choice, Choices: []slot.Option{{"sf", []string{"顺丰速运"}}, {"yto", []string{"圆通快递"}}, {"ems", []string{"邮政特快"}}}}
	} else {
		m["colour"] = slot.Spec{Kind: slot.Choice, Choices: []slot.Option{{"red", []string{"red"}}, {"blue", []string{"blue"}}, {"darkred", []string{"dark red", "burgundy"}}}}
		m["express"] = slot.Spec{Kind: slot.Choice, Choices: []slot.Option{{"fedex", []string{"FedEx"}}, {"ups", []string{"UPS", "U P S"}}, {"usps", []string{"US Postal Service"}}}}
	}
	for k, s := range m {
		s.Language = language
		m[k] = s
	}
	return m
}

func made(tb testing.TB, s slot.Spec) *slot.Slot {
	tb.Helper()
	sl, err := slot.New(s)
	if err != nil {
		tb.Fatal(err)
	}
	return sl
}

// rows reads a file of test data.
func rows(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][]string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if line := strings.TrimSpace(sc.Text()); line != "" && line[0] != '#' {
			parts := strings.Split(line, "|")
			for i := range parts {
				parts[i] = strings.TrimSpace(parts[i])
			}
			out = append(out, parts)
		}
	}
	return out
}

// best is the value that a flow would take, as the test data write it.
func best(vs []slot.Value) string {
	if len(vs) == 0 || vs[0].Confidence < 0.2 {
		return "-"
	}
	if vs[0].Partial {
		return "~" + vs[0].Canonical
	}
	return vs[0].Canonical
}

// What callers say is understood.
func TestFind(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		kinds := map[string]*slot.Slot{}
		for k, s := range specs(language) {
			kinds[k] = made(t, s)
		}
		for _, row := range rows(t, language+".txt") {
			vs := kinds[row[0]].Find(row[1], wednesday)
			if got := best(vs); got != row[2] {
				t.Errorf("%s %s: %q is %s, not %s (%+v)", language, row[0], row[1], row[2], got, vs)
			}
		}
	}
}

// A question of the caller's own is no answer.
func TestAside(t *testing.T) {
	for _, row := range rows(t, "aside.txt") {
		for k, spec := range specs(row[0]) {
			if k == row[1] {
				continue
			}
			if vs := made(t, spec).Find(row[2], wednesday); len(vs) > 0 && vs[0].Confidence >= 0.35 {
				t.Errorf("%s %q: %+v", k, row[2], vs)
			}
		}
	}
}
