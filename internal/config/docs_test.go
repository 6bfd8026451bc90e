package config_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/config"
	"hotline/internal/testdata"
)

var update = flag.Bool("update", false, "write docs/settings.md anew")

// TestSettingsPageMatchesTheCode makes docs/settings.md from the comments in
// config.go and the defaults; `go test ./internal/config -update` writes it.
func TestSettingsPageMatchesTheCode(t *testing.T) {
	page := filepath.Join(testdata.Root(t), "docs", "settings.md")
	want := render(t)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(page), 0o755))
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run: go test ./internal/config -update")
}

func render(t *testing.T) string {
	t.Helper()
	var decls []ast.Decl
	for _, name := range []string{"config.go", "trunk.go", "campaigns.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		decls = append(decls, file.Decls...)
	}
	structs := map[string]*ast.StructType{}
	docs := map[string]string{}
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			if ts, ok := s.(*ast.TypeSpec); ok {
				if st, ok := ts.Type.(*ast.StructType); ok {
					structs[ts.Name.Name], docs[ts.Name.Name] = st, g.Doc.Text()
				}
			}
		}
	}
	c := config.Default()
	values := map[string]config.Setting{}
	for _, s := range c.Settings() {
		values[s.Key] = s
	}
	var b strings.Builder
	b.WriteString(`# Settings

One file, ` + "`hotline.yaml`" + `, and environment variables over it; every setting has both names. A server that is told nothing runs on the defaults. A key that does not exist is an error that names the line and the nearest key. Lengths of time have a unit (` + "`6s`, `15m`, `12h`" + `). In the environment lists are separated by commas, folders of models as in ` + "`PATH`" + `. Relative folders count from the file that names them.

Secrets never stand in the file: give the variable, the variable with ` + "`_FILE`" + ` behind it (a file that holds the secret), or the key with ` + "`_file`" + ` behind it. They are never logged or shown.

This page is made from the comments in ` + "`internal/config/config.go`" + `.
`)
	section(t, &b, structs, docs, values, "Config", "", "General")

	trunk := config.DefaultTrunk()
	trunk.Name = "name"
	c.Trunks = []config.Trunk{trunk}
	values = map[string]config.Setting{}
	for _, s := range c.TrunkSettings("name") {
		values[s.Key] = s
	}
	entries(t, &b, structs, docs, values, "Trunk", "Trunks", "trunks.name.")
	entries(t, &b, structs, docs, nil, "OutboundRule", "Outbound rules of a trunk", "")
	return b.String()
}

func section(t *testing.T, b *strings.Builder, structs map[string]*ast.StructType, docs map[string]string, values map[string]config.Setting, name, path, title string) {
	t.Helper()
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if path != "" {
		_, text, _ := strings.Cut(oneLine(docs[name]), " is ")
		fmt.Fprintf(b, "%s%s\n\n", strings.ToUpper(text[:1]), text[1:])
	}
	b.WriteString("| key | variable | default | |\n|---|---|---|---|\n")
	var nested []*ast.Field
	for _, f := range structs[name].Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		if id, ok := f.Type.(*ast.Ident); ok && structs[id.Name] != nil {
			nested = append(nested, f)
			continue
		}
		if tag == "-" {
			continue
		}
		key := tag
		if path != "" {
			key = path + "." + tag
		}
		s, ok := values[key]
		require.True(t, ok, key)
		require.NotEmpty(t, f.Doc.Text(), "%s has no comment", key)
		value := "`" + s.Value + "`"
		if s.Value == "" {
			value = "–"
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", key, s.Env, value, oneLine(f.Doc.Text())+secretNote(s))
	}
	for _, f := range nested {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		section(t, b, structs, docs, values, f.Type.(*ast.Ident).Name, tag, tag)
	}
}

// entries writes the keys of what stands in a list.
func entries(t *testing.T, b *strings.Builder, structs map[string]*ast.StructType, docs map[string]string, values map[string]config.Setting, name, title, prefix string) {
	t.Helper()
	_, text, _ := strings.Cut(oneLine(docs[name]), " ")
	fmt.Fprintf(b, "\n## %s\n\nEach entry %s\n\n| key | variable | default | |\n|---|---|---|---|\n", title, text)
	for _, f := range structs[name].Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		require.NotEmpty(t, f.Doc.Text(), "%s has no comment", tag)
		variable, value := "–", "–"
		s, ok := values[prefix+tag]
		if ok {
			variable = "`" + s.Env + "`"
			if s.Value != "" {
				value = "`" + s.Value + "`"
			}
		}
		note := ""
		if ok {
			note = secretNote(s)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", tag, variable, value, oneLine(f.Doc.Text())+note)
	}
}

func secretNote(s config.Setting) string {
	if s.Secret {
		return " *Secret.*"
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
