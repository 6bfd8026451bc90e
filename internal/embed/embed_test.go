package embed_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr/onnx/onnxtest"
	"hotline/internal/embed"
	"hotline/internal/testdata"
)

func open(tb testing.TB, id string) *embed.Model {
	tb.Helper()
	dir := testdata.Model(tb, id)
	onnxtest.Start(tb)
	m, err := embed.Open(dir, embed.Options{})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = m.Close() })
	return m
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// A question is nearest to the one that means the same, in other words and in
// another language.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		id, name  string
		questions [][2]string
	}{
		{"embed/e5-small-zhen", "Chinese", [][2]string{{"我的快递到哪里了", "怎么还没收到货"}, {"可以开发票吗", "我要报销,需要票据"}, {"几点关门", "营业时间到什么时候"}}},
		{"embed/e5-small-zhen", "across", [][2]string{{"我想退货", "I want to return what I bought"}, {"怎么修改收货地址", "How do I change the delivery address?"}, {"几点关门", "When do you close?"}}},
		{"embed/minilm-l6-en", "English", [][2]string{{"Where is my parcel?", "My order has not arrived yet"}, {"What time do you close?", "Until when is the shop open?"}, {"I want my money back", "How do I get a refund?"}, {"The screen is broken", "My display has a crack"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, questions := c.id, c.questions
			m := open(t, id)
			var left, right []string
			for _, q := range questions {
				left, right = append(left, q[0]), append(right, q[1])
			}
			a, err := m.Embed(t.Context(), left)
			require.NoError(t, err)
			b, err := m.Embed(t.Context(), right)
			require.NoError(t, err)
			for i := range a {
				best := 0
				for k := range b {
					if dot(a[i], b[k]) > dot(a[i], b[best]) {
						best = k
					}
				}
				assert.Equal(t, right[i], right[best], "nearest to %q", left[i])
			}
		})
	}
}

// A text's vector does not depend on the company that it comes in.
func TestBatches(t *testing.T) {
	m := open(t, "embed/e5-small-zhen")
	texts := []string{"退货", "", strings.Repeat("我想知道我的快递什么时候能到", 60), "hello"}
	for range 40 {
		texts = append(texts, "几点开门")
	}
	all, err := m.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, all, len(texts))
	for i, text := range texts[:5] {
		one, err := m.Embed(t.Context(), []string{text})
		require.NoError(t, err)
		assert.Len(t, one[0], m.Dim())
		assert.InDelta(t, 1, dot(one[0], one[0]), 1e-5)
		// Dynamic quantisation takes its scale from the whole batch.
		assert.Greater(t, dot(one[0], all[i]), 0.98, "%.20s", text)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := open(t, "embed/minilm-l6-en")
	want, err := m.Embed(t.Context(), []string{"Where is my parcel?"})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				got, err := m.Embed(t.Context(), []string{"Where is my parcel?"})
				if assert.NoError(t, err) {
					assert.Equal(t, want, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestEmbedStops(t *testing.T) {
	m := open(t, "embed/minilm-l6-en")
	cause := errors.New("the caller has hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := m.Embed(ctx, []string{"hello"})
	require.ErrorIs(t, err, cause)
	none, err := m.Embed(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	onnxtest.Start(t)
	dir := t.TempDir()
	_, err := embed.Open(dir, embed.Options{})
	require.ErrorIs(t, err, embed.ErrNoModel)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte("[CLS]\n[SEP]\n[UNK]\n"), 0o600))
	_, err = embed.Open(dir, embed.Options{})
	require.Error(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.int8.onnx"), make([]byte, 1000), 0o600))
	_, err = embed.Open(dir, embed.Options{})
	require.ErrorContains(t, err, "model.int8.onnx")
}

func TestClientTellsWhatServersDoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"refused":     {429, `{"error":{"message":"too much to do"}}`, "too much to do"},
		"no JSON":     {200, `<html>`, "reading the answer"},
		"too few":     {200, `{"data":[]}`, "does not fit"},
		"wrong index": {200, `{"data":[{"index":7,"embedding":[1]}]}`, "does not fit"},
		"no vector":   {200, `{"data":[{"index":0,"embedding":[]}]}`, "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer srv.Close()
			_, err := embed.NewClient(srv.URL+"/v1").Embed(t.Context(), []string{"hello"})
			require.ErrorContains(t, err, c.says)
		})
	}
}

func BenchmarkEmbed(b *testing.B) {
	for _, id := range []string{"embed/e5-small-zhen", "embed/minilm-l6-en"} {
		b.Run(id, func(b *testing.B) {
			m := open(b, id)
			for b.Loop() {
				_, err := m.Embed(b.Context(), []string{"我的快递到哪里了"})
				require.NoError(b, err)
			}
		})
	}
}

// Two models together tell what either tells, and their vectors are as long as one's.
func TestJoined(t *testing.T) {
	e5, mini := open(t, "embed/e5-small-zhen"), open(t, "embed/minilm-l6-en")
	both := embed.Joined{e5, mini}
	texts := []string{"Where is my parcel?", "My order has not arrived yet"}
	v, err := both.Embed(t.Context(), texts)
	require.NoError(t, err)
	a, err := e5.Embed(t.Context(), texts)
	require.NoError(t, err)
	b, err := mini.Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, v[0], len(a[0])+len(b[0]))
	assert.InDelta(t, 1, dot(v[0], v[0]), 1e-4)
	assert.InDelta(t, (dot(a[0], a[1])+dot(b[0], b[1]))/2, dot(v[0], v[1]), 1e-3)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = both.Embed(gone, texts)
	require.ErrorIs(t, err, context.Canceled)
}
