package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lines tells where each value stood, by its path ("lines[0].numbers[1]").
type Lines map[string]int

// Of returns the line of path or, where it was left out, of what it would stand in.
func (l Lines) Of(path string) int {
	for {
		if n, ok := l[path]; ok {
			return n
		}
		i := strings.LastIndexAny(path, ".[")
		if i <= 0 {
			return max(1, l[""])
		}
		path = path[:i]
	}
}

// Decode fills into, a pointer to a struct, from n and returns every problem. A
// single value is taken for a list of one; durations are "6s", "1m30s" or "6 秒".
// Types with UnmarshalText read their own scalars.
func (n *Node) Decode(into any) ([]Problem, Lines) {
	d := decoder{lines: Lines{}}
	if n == nil {
		return nil, d.lines
	}
	d.value(n, reflect.ValueOf(into).Elem(), "")
	return d.problems, d.lines
}

type decoder struct {
	problems []Problem
	lines    Lines
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *decoder) wrong(n *Node, path, want string) {
	p := Problem{Code: WrongType, Line: n.Line, Column: n.Column, Path: path, Value: describe(n), Want: want}
	d.problems = append(d.problems, p)
}

func describe(n *Node) string {
	switch n.Kind {
	case Sequence:
		return "a list"
	case Mapping:
		return "a block of keys"
	case Null:
		return "nothing"
	case Scalar:
	}
	return n.Text
}

func (d *decoder) value(n *Node, v reflect.Value, path string) {
	if _, ok := d.lines[path]; !ok {
		d.lines[path] = n.Line
	}
	if n.Kind == Null {
		return // "key:" with nothing behind it leaves the default
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path)
		return
	}
	if isText(v) && (n.Kind == Scalar || v.Kind() == reflect.String || v.Kind() == reflect.Struct) {
		if n.Kind != Scalar {
			d.wrong(n, path, Want(v.Type()))
			return
		}
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Text)); err != nil {
			d.problems = append(d.problems, Problem{Code: BadValue, Line: n.Line, Column: n.Column, Path: path, Value: n.Text, Want: Want(v.Type()), Detail: err.Error()})
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		if n.Kind != Scalar {
			d.wrong(n, path, Want(v.Type()))
			return
		}
		if err := Set(v, n.Text); err != nil {
			d.wrong(n, path, Want(v.Type()))
		}
	}
}

func isText(v reflect.Value) bool {
	return v.CanAddr() && v.Addr().Type().Implements(textType)
}

func (d *decoder) structure(n *Node, v reflect.Value, path string) {
	if n.Kind != Mapping {
		d.wrong(n, path, "a block of keys")
		return
	}
	known := Fields(v.Type())
	seen := map[string]bool{}
	for _, k := range n.Keys {
		at := Join(path, k.Name)
		i, ok := known[k.Name]
		if !ok {
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			d.problems = append(d.problems, Problem{Code: UnknownKey, Line: k.Line, Path: path, Value: k.Name, Near: Nearest(k.Name, names), Known: names})
			continue
		}
		if seen[k.Name] {
			d.problems = append(d.problems, Problem{Code: Duplicate, Line: k.Line, Path: path, Value: k.Name})
			continue
		}
		seen[k.Name] = true
		d.lines[at] = k.Line
		d.value(k.Value, v.FieldByIndex(i), at)
	}
}

func (d *decoder) table(n *Node, v reflect.Value, path string) {
	if n.Kind != Mapping {
		d.wrong(n, path, "a block of keys")
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	seen := map[string]bool{}
	for _, k := range n.Keys {
		if seen[k.Name] {
			d.problems = append(d.problems, Problem{Code: Duplicate, Line: k.Line, Path: path, Value: k.Name})
			continue
		}
		seen[k.Name] = true
		at := Join(path, k.Name)
		d.lines[at] = k.Line
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(k.Value, e, at)
		v.SetMapIndex(reflect.ValueOf(k.Name).Convert(v.Type().Key()), e)
	}
}

func (d *decoder) list(n *Node, v reflect.Value, path string) {
	items := n.Items
	switch {
	case n.Kind == Sequence:
	case n.Kind == Scalar, v.Type().Elem().Kind() == reflect.Struct:
		items = []*Node{n}
	default:
		d.wrong(n, path, "a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(items))
	for i, item := range items {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(item, e, fmt.Sprintf("%s[%d]", path, i))
		out = reflect.Append(out, e)
	}
	v.Set(out)
}

// Fields are the keys of a struct by its yaml tags, with the index of each.
func Fields(t reflect.Type) map[string][]int {
	out := map[string][]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if opts == "inline" {
			for n, index := range Fields(f.Type) {
				out[n] = append([]int{i}, index...)
			}
			continue
		}
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		out[name] = []int{i}
	}
	return out
}

// Join appends a key to a path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Want says in words what a value of type t looks like.
func Want(t reflect.Type) string {
	if t == durationType {
		return "a length of time such as 6s, 90s or 15m"
	}
	if w, ok := reflect.New(t).Interface().(interface{ Want() string }); ok {
		return w.Want()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint16:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a block of keys"
	default:
		return "text"
	}
}

// Set fills a single, addressable value from its text.
func Set(v reflect.Value, text string) error {
	if v.Type() == durationType {
		t, err := ParseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(t))
		return nil
	}
	if isText(v) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "on", "是":
			v.SetBool(true)
		case "false", "no", "off", "否":
			v.SetBool(false)
		default:
			return fmt.Errorf("parse bool %q", text)
		}
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return err
		}
		v.SetInt(n)
	case reflect.Uint16:
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return err
		}
		v.SetUint(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != n || n-n != 0 {
			return fmt.Errorf("parse number %q", text)
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("set a %s from text", v.Type())
	}
	return nil
}

var chineseUnits = strings.NewReplacer("毫秒", "ms", "小时", "h", "分钟", "m", "分", "m", "秒", "s", " ", "")

// ParseDuration reads "6s", "1m30s", "6 秒", "15 分钟", and days as "30d" or
// "30天". A bare number is refused: nobody would know its unit.
func ParseDuration(text string) (time.Duration, error) {
	s := chineseUnits.Replace(text)
	for _, unit := range []string{"d", "天"} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			days, err := strconv.Atoi(n)
			if err != nil || days < 0 || days > 36500 {
				return 0, fmt.Errorf("parse days %q", text)
			}
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	t, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("parse duration %q: %w", text, err)
	}
	return t, nil
}

// Nearest is the known word that word was probably meant to be, "" if none is near.
func Nearest(word string, known []string) string {
	best, at := "", 1<<30
	w := strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	for _, k := range known {
		d := Distance(w, strings.ToLower(k))
		if d < at {
			best, at = k, d
		}
	}
	if limit := max(1, (len([]rune(w))+2)/3); at <= limit && at < len([]rune(best)) {
		return best
	}
	return ""
}

// Distance counts the letters to insert, delete, replace or swap with a neighbour
// to make a into b.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	var older []int
	prev := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, prev = prev, row
	}
	return prev[len(y)]
}
