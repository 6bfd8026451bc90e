package business

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hotline/internal/strict"
)

// ErrNotPatched is of a file that is written in a way which cannot be changed without
// writing all of it anew.
var ErrNotPatched = errors.New("the file is written in a way that cannot be changed from here; change it by hand")

// raw is a scalar that stands without quotes: a number, a duration, a date.
type raw string

// entry is one key of a mapping that is to be written; mappings are []entry.
type entry struct {
	key   string
	value any // raw, string, []any or []entry
}

// patchYAML puts a value at a path of a YAML text ("queue.head_start.vip",
// "agents[2].skills"), or takes it away where it is nil. Every line that is not
// concerned stays as it was, with its comments; so do the items of a list that stay.
func patchYAML(text, path string, value any) (string, error) {
	eol := "\n"
	if strings.Contains(text, "\r\n") {
		eol, text = "\r\n", strings.ReplaceAll(text, "\r\n", "\n")
	}
	ended := strings.HasSuffix(text, "\n")
	lines, err := putAt(strings.Split(strings.TrimSuffix(text, "\n"), "\n"), 0, steps(path), value)
	if err != nil {
		return "", err
	}
	out := strings.Join(lines, eol)
	if ended {
		out += eol
	}
	return out, nil
}

// steps are the keys of a path; an index stands as "[2]".
func steps(path string) []string {
	return strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// silent tells whether a line holds nothing but a comment, if that.
func silent(line string) bool {
	t := strings.TrimSpace(line)
	return t == "" || strings.HasPrefix(t, "#")
}

// putAt patches the entries of a mapping, whose keys stand at an indent.
func putAt(lines []string, indent int, path []string, value any) ([]string, error) {
	if strings.HasPrefix(path[0], "[") {
		return putItem(lines, indent, path, value)
	}
	at, end := findKey(lines, indent, path[0])
	if at < 0 {
		if value == nil {
			return lines, nil
		}
		for i := len(path) - 1; i > 0; i-- {
			if strings.HasPrefix(path[i], "[") {
				return nil, ErrNotPatched
			}
			value = []entry{{path[i], value}}
		}
		last := len(lines)
		for last > 0 && silent(lines[last-1]) {
			last--
		}
		return slices.Insert(slices.Clone(lines), last, blockEntry(indent, entry{path[0], value}, "", nil)...), nil
	}
	head, rest, comment := parts(lines[at])
	switch {
	case len(path) == 1 && value == nil:
		return slices.Delete(slices.Clone(lines), at, end), nil
	case len(path) == 1:
		items, err := oldItems(lines[at:end], rest)
		if err != nil {
			return nil, err
		}
		return slices.Replace(slices.Clone(lines), at, end, blockEntry(indent, entry{path[0], value}, lines[at], items)...), nil
	case rest != "": // a mapping or a list in brackets
		flow, err := flowOf(lines[at:end], rest)
		if err != nil {
			return nil, err
		}
		if flow, err = putFlow(flow, path[1:], value); err != nil {
			return nil, err
		}
		return slices.Replace(slices.Clone(lines), at, end, withComment(head+" "+inline(flow), lines[at], comment)), nil
	}
	inside := lines[at+1 : end]
	child := indent + 2
	if i := slices.IndexFunc(inside, func(l string) bool { return !silent(l) }); i >= 0 {
		child = indentOf(inside[i])
	}
	made, err := putAt(inside, child, path[1:], value)
	if err != nil {
		return nil, err
	}
	return slices.Replace(slices.Clone(lines), at+1, end, made...), nil
}

// putItem patches an item of a list whose dashes stand at an indent.
func putItem(lines []string, indent int, path []string, value any) ([]string, error) {
	want, err := strconv.Atoi(strings.Trim(path[0], "[]"))
	if err != nil || len(path) < 2 {
		return nil, ErrNotPatched
	}
	at := -1
	for i, l := range lines {
		if !silent(l) && indentOf(l) == indent && strings.HasPrefix(l[indent:], "- ") {
			if at++; at == want {
				at = i
				break
			}
		}
		if i == len(lines)-1 {
			return nil, ErrNotPatched
		}
	}
	if len(lines) == 0 {
		return nil, ErrNotPatched
	}
	end := at + 1
	for end < len(lines) && (silent(lines[end]) || indentOf(lines[end]) > indent) {
		end++
	}
	for silent(lines[end-1]) {
		end--
	}
	text := strings.TrimSpace(lines[at][indent+2:])
	if strings.HasPrefix(text, "{") {
		body, comment := uncommented(text)
		flow, err := flowOf(lines[at:end], body)
		if err != nil {
			return nil, err
		}
		if flow, err = putFlow(flow, path[1:], value); err != nil {
			return nil, err
		}
		return slices.Replace(slices.Clone(lines), at, end, withComment(strings.Repeat(" ", indent)+"- "+inline(flow), lines[at], comment)), nil
	}
	item := slices.Clone(lines[at:end])
	child := indent + 2 + indentOf(lines[at][indent+2:])
	item[0] = strings.Repeat(" ", child) + text
	if item, err = putAt(item, child, path[1:], value); err != nil || len(item) == 0 {
		return nil, errors.Join(err, notPatchedIf(len(item) == 0))
	}
	item[0] = strings.Repeat(" ", indent) + "- " + strings.Repeat(" ", child-indent-2) + strings.TrimLeft(item[0], " ")
	return slices.Replace(slices.Clone(lines), at, end, item...), nil
}

func notPatchedIf(yes bool) error {
	if yes {
		return ErrNotPatched
	}
	return nil
}

// findKey is where a key of a mapping begins and ends; begin is -1 where it is not.
func findKey(lines []string, indent int, key string) (begin, end int) {
	for i, l := range lines {
		if silent(l) || indentOf(l) != indent {
			continue
		}
		name, _, ok := strings.Cut(l[indent:], ":")
		if !ok || strings.Trim(strings.TrimSpace(name), `"'`) != key {
			continue
		}
		_, rest, _ := parts(l)
		end := i + 1
		for end < len(lines) && (silent(lines[end]) || indentOf(lines[end]) > indent ||
			rest == "" && indentOf(lines[end]) == indent && strings.HasPrefix(lines[end][indent:], "- ")) {
			end++
		}
		for silent(lines[end-1]) { // they are of what comes next
			end--
		}
		return i, end
	}
	return -1, -1
}

// parts are "key:", what follows, and the comment with what stands before it.
func parts(line string) (head, rest, comment string) {
	i := strings.Index(line, ":")
	head = line[:i+1]
	rest, comment = uncommented(line[i+1:])
	return head, strings.TrimSpace(rest), comment
}

// uncommented parts a comment from what stands before it.
func uncommented(text string) (before, comment string) {
	var quote byte
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == '\\' && quote == '"' {
				continue
			}
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (i == 0 || text[i-1] == ' '):
			return strings.TrimRight(text[:i], " "), text[i:]
		}
	}
	return strings.TrimRight(text, " "), ""
}

// withComment puts the comment back where it stood, if there is room.
func withComment(line, was, comment string) string {
	if comment == "" {
		return line
	}
	column := len([]rune(strings.TrimSuffix(was, comment)))
	return line + strings.Repeat(" ", max(2, column-len([]rune(line)))) + comment
}

// oldItem is an item of a list as it stands, with the comments before it.
type oldItem struct {
	node  *strict.Node
	lines []string
}

// oldItems are those of a list in lines of its own; none for any other value.
func oldItems(lines []string, rest string) ([]oldItem, error) {
	if rest != "" {
		for _, l := range lines[1:] {
			if _, comment := uncommented(l); comment != "" {
				return nil, ErrNotPatched // it would be lost
			}
		}
		return nil, nil
	}
	if len(lines) < 2 {
		return nil, nil
	}
	body := lines[1:]
	i := slices.IndexFunc(body, func(l string) bool { return !silent(l) })
	if i < 0 {
		return nil, nil
	}
	indent := indentOf(body[i])
	if !strings.HasPrefix(body[i][indent:], "-") {
		return nil, nil
	}
	var out []oldItem
	var before []string
	for _, l := range body {
		switch {
		case silent(l):
			before = append(before, l)
		case indentOf(l) == indent:
			out = append(out, oldItem{lines: append(before, l)})
			before = nil
		case len(out) == 0:
			return nil, ErrNotPatched
		default:
			o := &out[len(out)-1]
			o.lines, before = append(append(o.lines, before...), l), nil
		}
	}
	for i := range out {
		n, problem := strict.Parse([]byte(strings.Join(out[i].lines, "\n")))
		if problem != nil || len(n.Items) != 1 {
			return nil, ErrNotPatched
		}
		out[i].node = n.Items[0]
	}
	return out, nil
}

// blockEntry is a key with its value in lines of its own. old is the line where the key
// stood, whose comment stays, "" for a new one; had are its items.
func blockEntry(indent int, e entry, old string, had []oldItem) []string {
	pad := strings.Repeat(" ", indent)
	comment := ""
	if old != "" {
		_, _, comment = parts(old)
	}
	line := func(text string) []string { return []string{withComment(pad+e.key+": "+text, old, comment)} }
	switch v := e.value.(type) {
	case []entry:
		if indent > 0 && len(had) == 0 { // a small table of numbers
			return line(inline(v))
		}
		out := []string{withComment(pad+e.key+":", old, comment)}
		for _, inner := range v {
			out = append(out, blockEntry(indent+2, inner, "", nil)...)
		}
		return out
	case []any:
		if len(v) == 0 || !isEntries(v[0]) {
			return line(inline(v))
		}
		out := []string{withComment(pad+e.key+":", old, comment)}
		deep := pad + "  "
		if len(had) > 0 {
			for _, l := range had[0].lines {
				if !silent(l) {
					deep = strings.Repeat(" ", indentOf(l))
					break
				}
			}
		}
		for _, item := range v {
			want, problem := strict.Parse([]byte(inline(item)))
			i := slices.IndexFunc(had, func(o oldItem) bool { return problem == nil && alike(o.node, want) })
			if i < 0 {
				out = append(out, deep+"- "+inline(item))
				continue
			}
			out = append(out, had[i].lines...)
			had = slices.Delete(slices.Clone(had), i, i+1)
		}
		return out
	default:
		return line(inline(v))
	}
}

func isEntries(v any) bool { _, ok := v.([]entry); return ok }

// alike tells whether two values say the same: 60s is 1m.
func alike(a, b *strict.Node) bool {
	return maps.EqualFunc(leaves(a), leaves(b), func(x, y string) bool {
		if x == y {
			return true
		}
		d, err := strict.ParseDuration(x)
		e, wrong := strict.ParseDuration(y)
		return err == nil && wrong == nil && d == e
	})
}

// leaves are the scalars of a value by their paths.
func leaves(n *strict.Node) map[string]string {
	out := map[string]string{}
	var walk func(n *strict.Node, path string)
	walk = func(n *strict.Node, path string) {
		switch n.Kind {
		case strict.Mapping:
			if len(n.Keys) == 0 {
				out[path] = "{}"
			}
			for _, k := range n.Keys {
				walk(k.Value, strict.Join(path, k.Name))
			}
		case strict.Sequence:
			if len(n.Items) == 0 {
				out[path] = "[]"
			}
			for i, x := range n.Items {
				walk(x, fmt.Sprintf("%s[%d]", path, i))
			}
		case strict.Scalar:
			out[path] = n.Text
		case strict.Null:
			out[path] = "~"
		}
	}
	walk(n, "")
	return out
}

// flowOf reads a value in brackets, which may stand on several lines.
func flowOf(lines []string, first string) (any, error) {
	whole := []string{first}
	for _, l := range lines[1:] {
		before, comment := uncommented(l)
		if comment != "" {
			return nil, ErrNotPatched // it would be lost
		}
		whole = append(whole, strings.TrimSpace(before))
	}
	n, problem := strict.Parse([]byte(strings.Join(whole, " ")))
	if problem != nil || n.Kind != strict.Mapping && n.Kind != strict.Sequence || !strings.ContainsAny(first[:1], "{[") {
		return nil, ErrNotPatched
	}
	return fromNode(n), nil
}

func fromNode(n *strict.Node) any {
	switch n.Kind {
	case strict.Mapping:
		out := []entry{}
		for _, k := range n.Keys {
			out = append(out, entry{k.Name, fromNode(k.Value)})
		}
		return out
	case strict.Sequence:
		out := []any{}
		for _, i := range n.Items {
			out = append(out, fromNode(i))
		}
		return out
	case strict.Scalar:
		if n.Quoted {
			return n.Text
		}
		return raw(n.Text)
	default:
		return raw("~")
	}
}

// putFlow puts a value into one that stands in brackets.
func putFlow(in any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	if list, ok := in.([]any); ok {
		i, err := strconv.Atoi(strings.Trim(path[0], "[]"))
		if err != nil || i < 0 || i >= len(list) || len(path) < 2 {
			return nil, ErrNotPatched
		}
		list[i], err = putFlow(list[i], path[1:], value)
		return list, err
	}
	m, ok := in.([]entry)
	if !ok {
		return nil, ErrNotPatched
	}
	i := slices.IndexFunc(m, func(e entry) bool { return e.key == path[0] })
	switch {
	case i < 0 && value == nil:
		return m, nil
	case i < 0 && len(path) > 1:
		inner, err := putFlow([]entry{}, path[1:], value)
		return append(m, entry{path[0], inner}), err
	case i < 0:
		return append(m, entry{path[0], value}), nil
	case len(path) == 1 && value == nil:
		return slices.Delete(m, i, i+1), nil
	}
	var err error
	m[i].value, err = putFlow(m[i].value, path[1:], value)
	return m, err
}

// plain is text that YAML takes for a string without quotes, everywhere.
var plain = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_/.，。、！？：；（）…-]*( [\p{L}\p{N}_/.，。、！？：；（）…-]+)*$`)

// inline is a value on one line.
func inline(v any) string {
	switch v := v.(type) {
	case raw:
		return string(v)
	case string:
		if plain.MatchString(v) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(v)) {
			return v
		}
		return quoteYAML(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = inline(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []entry:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = inline(e.key) + ": " + inline(e.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}
