package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/internal/business"
)

func knowledgeFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, business.KnowledgeDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = string(data)
	}
	return out
}

// What was ticked is added to its question, the rest of the files stays letter by
// letter, and what must not be added is told of.
func TestGrownWordingsAreAccepted(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"business.yaml":   "name: 小店\nlanguage: zh\nlines:\n  - name: main\n    default: true\n    greeting: 您好，请讲。\n",
		"knowledge/a.csv": "\ufeff编号,问题,答案,相似问\nship,什么时候发货？,当天发货。,几时发货\n\ninvoice,怎么开发票？,\"在订单里, 点开票。\",我要发票|能开票吗\n",
		"ticked.tsv":      "accept\tpair\twording\nx\tinvoice\t给公司报销的票咋弄\n\tinvoice\t没有打勾的说法\n是\tship\t能开票吗\nx\tinvoice\t13800138000的发票\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := knowledgeFiles(t, dir)
	run := func(args ...string) string {
		t.Helper()
		t.Setenv("HOTLINE_DATA_DIR", filepath.Join(dir, "data"))
		var out bytes.Buffer
		root := newRoot()
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(append([]string{"knowledge", "grow", "--business", dir}, args...))
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out.String())
		}
		return out.String()
	}
	ticked := filepath.Join(dir, "ticked.tsv")
	if out := run("--accept", ticked); !strings.Contains(out, "1 wordings added, 2 left out, 1 files written") || !strings.Contains(out, "line 5") {
		t.Error(out)
	}
	for name, was := range before {
		want := strings.Replace(was, "我要发票|能开票吗", "我要发票|能开票吗|给公司报销的票咋弄", 1)
		if got := knowledgeFiles(t, dir)[name]; got != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
	if out := run("--accept", ticked); !strings.Contains(out, "0 wordings added, 3 left out, 0 files written") {
		t.Error(out)
	}
	history := filepath.Join(dir, "history.csv")
	if err := os.WriteFile(history, []byte("text,pair\n公司抬头的票怎么弄呀,invoice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run("--history", history, "--words-only"); !strings.Contains(out, "\tinvoice\t怎么开发票？\t公司抬头的票怎么弄呀\t1\t") {
		t.Error(out)
	}
	if out := run("--words-only"); !strings.Contains(out, "0 turns: 0 proposals") {
		t.Error(out)
	}
}
