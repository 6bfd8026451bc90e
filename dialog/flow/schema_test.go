package flow_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"hotline/dialog/flow"
	"hotline/internal/testdata"
)

// types are what stands in a flow's file.
func types() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[flow.Flow](), reflect.TypeFor[flow.Start](), reflect.TypeFor[flow.Slot](), reflect.TypeFor[flow.Choice](), reflect.TypeFor[flow.Step](), reflect.TypeFor[flow.Lookup](),
		reflect.TypeFor[flow.Book](), reflect.TypeFor[flow.Ticket](), reflect.TypeFor[flow.SMS](), reflect.TypeFor[flow.Callback](), reflect.TypeFor[flow.Review](), reflect.TypeFor[flow.Transfer](),
	}
}

// schema is what an editor reads: through JSON and back.
func schema(t *testing.T) map[string]any {
	t.Helper()
	data, err := json.Marshal(flow.Schema())
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

// validate says what v breaks of a schema, with the few words that ours is made of.
func validate(root, s map[string]any, v any, at string) []string {
	if ref, ok := s["$ref"].(string); ok {
		defs := root["$defs"].(map[string]any)
		return validate(root, defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), v, at)
	}
	var out []string
	bad := func(format string, args ...any) { out = append(out, at+": "+fmt.Sprintf(format, args...)) }
	fits := func(one any) bool { return len(validate(root, one.(map[string]any), v, at)) == 0 }
	count := func(list []any) (n int) {
		for _, one := range list {
			if fits(one) {
				n++
			}
		}
		return n
	}
	if list, ok := s["anyOf"].([]any); ok && count(list) == 0 {
		bad("fits none of %d", len(list))
	}
	if list, ok := s["oneOf"].([]any); ok && count(list) != 1 {
		bad("fits %d, not one", count(list))
	}
	if list, ok := s["enum"].([]any); ok && !slices.Contains(list, v) {
		bad("%v is not among %v", v, list)
	}
	if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(fmt.Sprint(v)) {
		bad("%v does not match", v)
	}
	if types := s["type"]; types != nil {
		have := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Uint64: "integer", reflect.Float64: "number", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Map: "object"}[reflect.ValueOf(v).Kind()]
		want := fmt.Sprint(types)
		if !strings.Contains(want, have) && (have != "integer" || !strings.Contains(want, "number")) || have == "" {
			bad("a %s, not %s", have, want)
			return out
		}
	}
	if items, ok := s["items"].(map[string]any); ok {
		for i, x := range v.([]any) {
			out = append(out, validate(root, items, x, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return out
	}
	if names, ok := s["required"].([]any); ok {
		for _, name := range names {
			if _, ok := object[name.(string)]; !ok {
				bad("%v is missing", name)
			}
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		p, known := properties[key].(map[string]any)
		if !known {
			p, known = s["additionalProperties"].(map[string]any)
		}
		if !known && s["additionalProperties"] == false {
			bad("%s is not known", key)
		} else if known {
			out = append(out, validate(root, p, object[key], at+"."+key)...)
		}
	}
	return out
}

func TestEveryShippedFlowFitsTheSchema(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob(filepath.Join(testdata.Root(t), "examples", "*", "flows", "*.yaml"))
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var v any
		require.NoError(t, yaml.Unmarshal(data, &v), file)
		require.Empty(t, validate(s, s, v, filepath.Base(file)))
	}
}

func TestTheSchemaFindsMistakes(t *testing.T) {
	s := schema(t)
	for text, want := range map[string]string{
		"title: x\nsteps: {say: hello}":                             "",
		"title: x\nsteps: [{say: hello}, {end: done}]":              "",
		"title: x\nsteps: [{lookup: {url: u, as: a, timeout: 2s}}]": "",
		"title: x":                                                    "steps is missing",
		"title: x\nstep: []\nsteps: []":                               "step is not known",
		"title: x\nsteps: [{say: a, ask: b}]":                         "fits none",
		"title: x\nsteps: [{id: a}]":                                  "fits none",
		"title: x\nsteps: {end: over}":                                "fits none",
		"title: x\nsteps: []\nslots: [{type: code}]":                  "fits none",
		"title: x\nsteps: []\nslots: [{name: a, type: number}]":       "fits none",
		"title: x\nsteps: [{lookup: {url: u, as: a, timeout: soon}}]": "fits none",
	} {
		var v any
		require.NoError(t, yaml.Unmarshal([]byte(text), &v))
		found := strings.Join(validate(s, s, v, ""), "\n")
		require.Equal(t, want == "", found == "", "%s\n%s", text, found)
		require.Contains(t, found, want, text)
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	defs := schema(t)["$defs"].(map[string]any)
	var docs []string
	for _, name := range []string{"flows.md", "flows.zh.md"} {
		data, err := os.ReadFile(filepath.Join(testdata.Root(t), "docs", name))
		require.NoError(t, err)
		docs = append(docs, string(data))
	}
	for _, typ := range types() {
		properties := defs[typ.Name()].(map[string]any)["properties"].(map[string]any)
		require.Len(t, properties, len(flow.Keys(typ)))
		for key, p := range properties {
			require.NotEmpty(t, p.(map[string]any)["description"], "%s.%s", typ.Name(), key)
			for i, text := range docs {
				require.Contains(t, text, "`"+key+"`", "%s.%s in the %s document", typ.Name(), key, []string{"English", "Chinese"}[i])
			}
		}
	}
}
