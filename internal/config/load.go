package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"hotline/internal/strict"
)

// Prefix begins the name of every environment variable.
const Prefix = "HOTLINE_"

// Setting is one key of the configuration, for help, checks and documentation.
type Setting struct {
	Key    string // "sip.listen"
	Env    string // "HOTLINE_SIP_LISTEN"
	Secret bool
	Value  string // as it would be written; a secret shows as "***"

	field reflect.Value
	path  bool // separated as PATH is
	file  bool // names a file or folder
	plain bool // a secret that may stand in the file while it holds no password
}

// Settings are all keys of c with their values, in the order of the sections.
func (c *Config) Settings() []Setting {
	var out []Setting
	walk(reflect.ValueOf(c).Elem(), "", &out)
	return out
}

func walk(v reflect.Value, path string, out *[]Setting) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		key := strict.Join(path, name)
		if f.Type.Kind() == reflect.Struct {
			walk(v.Field(i), key, out)
			continue
		}
		s := Setting{
			Key: key, Env: Prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_")),
			field: v.Field(i), path: f.Tag.Get("env") == "path",
			file: f.Tag.Get("file") != "", plain: f.Tag.Get("plain") != "",
			Secret: f.Type == reflect.TypeFor[Secret](),
		}
		s.Value = s.text()
		*out = append(*out, s)
	}
}

func (s Setting) text() string {
	switch x := s.field.Interface().(type) {
	case []string:
		return strings.Join(x, s.separator())
	case []Trunk:
		names := make([]string, len(x))
		for i, t := range x {
			names[i] = t.Name
		}
		return strings.Join(names, ",")
	case []OutboundRule:
		return ""
	}
	return fmt.Sprint(s.field.Interface())
}

func (s Setting) separator() string {
	if s.path {
		return string(os.PathListSeparator)
	}
	return ","
}

// set fills the field from the environment's text.
func (s Setting) set(text string) error {
	if _, ok := s.field.Interface().([]string); ok {
		s.field.Set(reflect.ValueOf(fields(text, s.separator())))
		return nil
	}
	if err := strict.Set(s.field, text); err != nil {
		return fmt.Errorf("%q is not %s", s.shown(text), strict.Want(s.field.Type()))
	}
	return nil
}

func (s Setting) shown(text string) string {
	if s.Secret {
		return redacted
	}
	return text
}

func fields(text, sep string) []string {
	out := []string{}
	for f := range strings.SplitSeq(text, sep) {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// Error is everything that is wrong with the settings.
type Error struct{ Problems []string }

func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// Load reads the file at path, the defaults below it and environ ("KEY=value")
// over it. An empty path means hotline.yaml in the working directory if there is
// one; a path that was named must exist. Relative folders in the file are taken
// from the file's own folder, those of the environment from the working
// directory. The error is an [*Error] with every problem, each with file and
// line or the variable's name.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	l := loader{config: &c, settings: c.Settings()}
	named := path != ""
	if !named {
		path = "hotline.yaml"
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator's own settings file
	switch {
	case err == nil:
		l.file = path
		l.readFile(data)
	case named || !errors.Is(err, os.ErrNotExist):
		l.fail("", fmt.Sprintf("the settings cannot be read: %v", err))
	}
	l.readEnviron(environ)
	l.trunkPasswords(environ)
	l.home(environ)
	l.check()
	if len(l.problems) > 0 {
		return c, &Error{Problems: l.problems}
	}
	return c, nil
}

type loader struct {
	config   *Config
	settings []Setting
	file     string
	problems []string

	trunkLines []trunkLines // of the trunks in the file
}

// fail notes a problem; place is "file:line" or a variable's name.
func (l *loader) fail(place, message string) {
	if place != "" {
		message = place + ": " + message
	}
	l.problems = append(l.problems, message)
}

func (l *loader) at(line int) string { return l.file + ":" + strconv.Itoa(max(1, line)) }

func (l *loader) readFile(data []byte) {
	root, problem := strict.Parse(data)
	if problem != nil {
		l.fail(l.at(problem.Line), problem.String())
		return
	}
	base := filepath.Dir(l.file)
	secrets := map[string]Secret{}
	for _, s := range l.settings {
		if !s.Secret {
			continue
		}
		if k, ok := take(root, s.Key+"_file"); ok {
			secret, err := readSecret(under(base, k.Value.Text))
			if err != nil {
				l.fail(l.at(k.Line), fmt.Sprintf("%s_file: %v", s.Key, err))
			}
			secrets[s.Key] = secret
		}
		if k, ok := find(root, s.Key); ok && k.Value.Text != "" && (!s.plain || hasPassword(k.Value.Text)) {
			take(root, s.Key)
			l.fail(l.at(k.Line), fmt.Sprintf("%s is a secret and must not stand in this file; put it into the variable %s or into a file of its own named by %s_file", s.Key, s.Env, s.Key))
		}
	}
	l.readTrunks(root, base)
	problems, lines := root.Decode(l.config)
	for _, p := range problems {
		l.fail(l.at(p.Line), p.String())
	}
	for _, s := range l.settings {
		if secret, ok := secrets[s.Key]; ok {
			s.field.Set(reflect.ValueOf(secret))
		}
		if _, ok := lines[s.Key]; ok && s.file {
			s.rebase(base)
		}
	}
}

// find is the entry for a dotted key.
func find(n *strict.Node, key string) (strict.Key, bool) {
	for {
		head, rest, more := strings.Cut(key, ".")
		i := slices.IndexFunc(n.Keys, func(k strict.Key) bool { return k.Name == head })
		if i < 0 {
			return strict.Key{}, false
		}
		if !more {
			return n.Keys[i], true
		}
		n, key = n.Keys[i].Value, rest
	}
}

// take removes the entry for a dotted key and returns it.
func take(n *strict.Node, key string) (strict.Key, bool) {
	k, ok := find(n, key)
	if !ok {
		return k, false
	}
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		parent, _ := find(n, key[:i])
		n, key = parent.Value, key[i+1:]
	}
	n.Keys = slices.DeleteFunc(n.Keys, func(k strict.Key) bool { return k.Name == key })
	return k, true
}

func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true
	}
	_, in := u.User.Password()
	return in || u.Query().Has("password")
}

func readSecret(path string) (Secret, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("the secret cannot be read: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" {
		return "", fmt.Errorf("the secret in %s is empty", path)
	}
	return Secret(text), nil
}

// rebase takes relative paths from folder base.
func (s Setting) rebase(base string) {
	switch x := s.field.Interface().(type) {
	case string:
		s.field.SetString(under(base, x))
	case []string:
		for i := range x {
			x[i] = under(base, x[i])
		}
	}
}

func under(base, path string) string {
	if path == "" || filepath.IsAbs(path) || strings.HasPrefix(path, "~/") {
		return path
	}
	return filepath.Join(base, path)
}

// home puts the home folder for "~/".
func (l *loader) home(environ []string) {
	home := ""
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, "HOME="); ok {
			home = v
		}
	}
	if home == "" {
		return
	}
	expand := func(p string) string {
		if rest, ok := strings.CutPrefix(p, "~/"); ok {
			return filepath.Join(home, rest)
		}
		return p
	}
	for _, s := range l.settings {
		if !s.file {
			continue
		}
		switch x := s.field.Interface().(type) {
		case string:
			s.field.SetString(expand(x))
		case []string:
			for i := range x {
				x[i] = expand(x[i])
			}
		}
	}
}

func (l *loader) readEnviron(environ []string) {
	known := map[string]Setting{}
	var names []string
	for _, s := range append(slices.Clone(l.settings), l.environTrunks(environ)...) {
		known[s.Env] = s
		names = append(names, s.Env)
		if s.Secret {
			names = append(names, s.Env+"_FILE")
		}
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		if name == trunksEnv {
			continue // read before the rest
		}
		if s, ok := known[name]; ok {
			if err := s.set(value); err != nil {
				l.fail(name, err.Error())
			}
			continue
		}
		if s, ok := known[strings.TrimSuffix(name, "_FILE")]; ok && s.Secret && strings.HasSuffix(name, "_FILE") {
			secret, err := readSecret(value)
			if err != nil {
				l.fail(name, err.Error())
				continue
			}
			s.field.Set(reflect.ValueOf(secret))
			continue
		}
		if near := nearEnv(name, names); near != "" {
			l.fail(name, fmt.Sprintf("no such setting, did you mean %s?", near))
			continue
		}
		l.config.Unused = append(l.config.Unused, name)
	}
	slices.Sort(l.config.Unused)
}

// nearEnv is the variable that name is a slip of; one or two letters, no more.
func nearEnv(name string, known []string) string {
	rest := strings.TrimPrefix(name, Prefix)
	for _, k := range known {
		want := strings.TrimPrefix(k, Prefix)
		if d := strict.Distance(rest, want); d <= 2 && d*3 < len(want) {
			return k
		}
	}
	return ""
}
