package flow

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"hotline/dialog/internal/lang"
)

// condition is a compiled `if`.
type condition struct {
	text    string
	program *vm.Program
}

// compileCondition checks text against what the flow knows. Slots are strings, ""
// while they are not known; rows are maps of strings. number, days, empty, found and
// says make of them what can be compared.
func compileCondition(text string, names environment) (condition, error) {
	program, err := expr.Compile(text, expr.Env(names.with(time.Time{})), expr.AsBool())
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return condition{}, fmt.Errorf("%s", line)
	}
	return condition{text, program}, nil
}

// holds evaluates the condition.
func (c condition) holds(names environment, now time.Time) (bool, error) {
	out, err := expr.Run(c.program, names.with(now))
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return false, fmt.Errorf("condition %q: %s", c.text, line)
	}
	b, _ := out.(bool)
	return b, nil
}

// environment is what a condition can name.
type environment map[string]any

// with adds the functions, which shadow nothing: their names are taken.
func (e environment) with(now time.Time) map[string]any {
	out := map[string]any{}
	maps.Copy(out, e)
	out["number"] = number
	out["empty"] = func(v any) bool { return strings.TrimSpace(text(v)) == "" }
	out["days"] = func(v any) float64 { return daysSince(text(v), now) }
	out["found"] = func(v any) bool { row, _ := v.(map[string]string); return len(row) > 0 }
	out["says"] = func(v any, words ...string) bool {
		heard := text(v)
		return slices.ContainsFunc(words, func(w string) bool { return says(heard, w) })
	}
	return out
}

// says tells whether heard holds words, or what sounds just like them: a recogniser
// writes 骨梅气味 for 有股煤气味, and gas must not be missed for that.
func says(heard, words string) bool {
	h, w := lang.Fold(heard), lang.Fold(words)
	if w == "" {
		return false
	}
	if strings.Contains(h, w) {
		return true
	}
	units, want := lang.Syllables(h), lang.Syllables(w)
	if len(want) < 2 || !strings.ContainsFunc(w, lang.Han) {
		return false
	}
	for i := 0; i+len(want) <= len(units); i++ {
		if slices.Equal(units[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// taken are names that slots and rows cannot have.
func taken() []string {
	return []string{"number", "empty", "days", "found", "says", "and", "or", "not", "in", "true", "false", "nil", "len", "caller", "line", "today"}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// number reads an amount as tables write it: "1,299.00", "￥59", "59元"; NaN, which
// no comparison holds for, where it is none.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r == '.', r == '-':
			return r
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return -1
	}, text(v))
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// daysSince is how many days ago a date was, negative for one to come, NaN for none.
func daysSince(s string, now time.Time) float64 {
	for _, layout := range []string{"2006-01-02", "2006-1-2", "2006/1/2", "2006年1月2日", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), now.Location()); err == nil {
			day := func(t time.Time) time.Time {
				y, m, d := t.Date()
				return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
			}
			return math.Round(day(now).Sub(day(t)).Hours() / 24)
		}
	}
	return math.NaN()
}
