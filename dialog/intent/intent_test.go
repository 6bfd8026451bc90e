package intent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/intent"
)

// The small world of the tests: what callers say, put together from parts.
var (
	wants = map[string][]string{
		"track":  {"where is my parcel", "track my order", "has my package shipped yet", "when does the delivery arrive"},
		"refund": {"i want my money back", "refund this purchase", "how do i get a refund", "return the payment to my card"},
		"hours":  {"when do you open", "what are your opening hours", "are you open on sunday", "what time do you close"},
		"发票":     {"帮我开一张发票", "发票抬头写错了", "电子发票在哪里下载", "什么时候给我开票"},
		"退货":     {"这个东西我不想要了要退", "怎么退货", "申请退货退款", "商品有问题我要退回去"},
	}
	elsewhere = []string{"how tall is the eiffel tower", "play some jazz", "今天天气怎么样", "讲个笑话给我听", "who won the football match", "what is the square root of nine"}
	before    = []string{"", "hello ", "please ", "um ", "那个", "请问"}
	after     = []string{"", " please", " thanks", " today", "呢", "谢谢", " right now"}
)

func world(seed uint64, n int) []intent.Example {
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	var out []intent.Example
	for range n {
		for _, name := range []string{"track", "refund", "hours", "发票", "退货"} {
			out = append(out, intent.Example{Text: pick(before) + pick(wants[name]) + pick(after), Intent: name})
		}
		out = append(out, intent.Example{Text: pick(before) + pick(elsewhere) + pick(after), Intent: intent.OutOfScope})
	}
	return out
}

// meaning is an embedder whose vectors are sums of directions of the letters.
type meaning struct {
	err   error
	calls int
}

func (m *meaning) Embed(_ context.Context, texts []string) ([][]float32, error) {
	m.calls++
	if m.err != nil {
		return nil, m.err
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		v := make([]float32, 24)
		for w := range strings.FieldsSeq(strings.Join(strings.Split(t, ""), " ")) {
			h := fnv.New32a()
			_, _ = h.Write([]byte(w))
			v[h.Sum32()%24]++
		}
		var s float64
		for _, f := range v {
			s += float64(f * f)
		}
		for k := range v {
			v[k] /= float32(math.Sqrt(max(s, 1)))
		}
		out[i] = v
	}
	return out, nil
}

func train(tb testing.TB, e intent.Embedder) *intent.Model {
	tb.Helper()
	m, err := intent.Train(tb.Context(), world(1, 60), intent.Options{Embedder: e})
	require.NoError(tb, err)
	return m
}

func TestRecognises(t *testing.T) {
	for name, e := range map[string]intent.Embedder{"words": nil, "words and meaning": &meaning{}} {
		t.Run(name, func(t *testing.T) {
			m := train(t, e)
			assert.Equal(t, []string{"hours", "refund", "track", "发票", "退货"}, m.Intents())
			right, inside, found, outside := 0, 0, 0, 0
			for _, x := range world(2, 40) {
				r := m.Classify(t.Context(), x.Text)
				assert.NotEqual(t, intent.OutOfScope, r.Intent, "the likeliest is one of the business's")
				assert.NotEqual(t, r.Intent, r.Second)
				assert.True(t, r.Confidence >= 0 && r.Confidence <= 1)
				if x.Intent == intent.OutOfScope {
					outside++
					if r.OutOfScope {
						found++
					}
					continue
				}
				inside++
				if !r.OutOfScope && r.Intent == x.Intent {
					right++
				}
			}
			assert.Greater(t, float64(right)/float64(inside), 0.97)
			assert.Greater(t, float64(found)/float64(outside), 0.9)
			for text, want := range map[string]string{
				"where's my order": "track", "i'd like a refund": "refund", "你们能开发票吗": "发票",
				"发飘抬头写错了": "发票", // misrecognised, sounds right
			} {
				assert.Equal(t, want, m.Classify(t.Context(), text).Intent, text)
			}
		})
	}
}

// Which words stand together decides, and no word alone; neither their order nor what
// is between them matters.
func TestWordsThatBelongTogether(t *testing.T) {
	between := []string{"", "my", "the old", "that", "please", "again", "his own", "this very"}
	say := func(r *rand.Rand, a, b string) string {
		return strings.Join([]string{a, between[r.IntN(len(between))], b, between[r.IntN(len(between))]}, " ")
	}
	r := rand.New(rand.NewPCG(5, 5))
	var examples []intent.Example
	for range 40 {
		for _, x := range [][3]string{{"open", "account", "yes"}, {"close", "account", "no"}, {"open", "ticket", "no"}, {"close", "ticket", "yes"}} {
			examples = append(examples, intent.Example{Text: say(r, x[0], x[1]), Intent: x[2]})
		}
	}
	for name, e := range map[string]intent.Embedder{"words": nil, "words and meaning": &meaning{}} {
		m, err := intent.Train(t.Context(), examples, intent.Options{Embedder: e})
		require.NoError(t, err)
		for text, want := range map[string]string{
			"the account that i want you to open": "yes", "my account please just close": "no",
			"ticket number three please open": "no", "a ticket i would like you to close": "yes",
		} {
			assert.Equal(t, want, m.Classify(t.Context(), text).Intent, "%s: %s", name, text)
		}
	}
}

// What a topic's other intents are asked with counts for all of its intents.
func TestTopicsTellIntentsApart(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var examples []intent.Example
	add := func(topic, name string, words ...string) {
		for range 12 {
			r.Shuffle(len(words), func(a, b int) { words[a], words[b] = words[b], words[a] })
			examples = append(examples, intent.Example{Text: strings.Join(words[:2], ""), Intent: name, Topic: topic})
		}
	}
	add("发票", "开票", "电子", "抬头", "税号")
	add("发票", "改票", "电子", "抬头", "写错")
	add("发票", "何时开票", "多久", "几天", "何时")
	add("物流", "催单", "快递", "派送", "站点")
	add("物流", "改址", "快递", "派送", "地址")
	add("物流", "何时送到", "多久", "几天", "何时")
	m, err := intent.Train(t.Context(), examples, intent.Options{Embedder: &meaning{}})
	require.NoError(t, err)
	for text, want := range map[string]string{"抬头多久几天": "何时开票", "快递多久几天": "何时送到", "几天电子何时": "何时开票", "何时派送多久": "何时送到"} {
		assert.Equal(t, want, m.Classify(t.Context(), text).Intent, text)
	}
}

// The same examples make the same model, to the last bit.
func TestDeterministic(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		require.NoError(t, train(t, &meaning{}).Save(&files[i]))
	}
	assert.True(t, bytes.Equal(files[0].Bytes(), files[1].Bytes()))
}

func TestSaveAndLoad(t *testing.T) {
	e := &meaning{}
	m := train(t, e)
	var b bytes.Buffer
	require.NoError(t, m.Save(&b))
	again, err := intent.Load(bytes.NewReader(b.Bytes()), e)
	require.NoError(t, err)
	for _, x := range world(3, 10) {
		assert.Equal(t, m.Classify(t.Context(), x.Text), again.Classify(t.Context(), x.Text), x.Text)
	}
	data := b.Bytes()
	for _, at := range []int{0, 20, 30, len(data) / 2, len(data) - 1} {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		_, err := intent.Load(bytes.NewReader(bad), e)
		require.ErrorIs(t, err, intent.ErrFile, "byte %d", at)
	}
	_, err = intent.Load(bytes.NewReader(data[:len(data)-1]), e)
	require.ErrorIs(t, err, intent.ErrFile)
}

// Whoever loses the embedder goes on by words.
func TestWordsDecideWhenMeaningFails(t *testing.T) {
	e := &meaning{}
	m := train(t, e)
	e.err = errors.New("the worker is gone")
	r := m.Classify(t.Context(), "where is my parcel please")
	assert.Equal(t, "track", r.Intent)
	assert.False(t, r.OutOfScope)
	assert.Greater(t, r.Confidence, 0.8)
}

func TestTrainRefuses(t *testing.T) {
	_, err := intent.Train(t.Context(), nil, intent.Options{})
	require.ErrorContains(t, err, "at least two intents")
	_, err = intent.Train(t.Context(), []intent.Example{{Text: "a", Intent: "x"}, {Text: "b", Intent: "x"}, {Text: "c", Intent: intent.OutOfScope}}, intent.Options{})
	require.ErrorContains(t, err, "at least two intents")
	_, err = intent.Train(t.Context(), world(1, 2), intent.Options{Embedder: &meaning{err: errors.New("no room")}})
	require.ErrorContains(t, err, "no room")
	gone := errors.New("the caller has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	_, err = intent.Train(ctx, world(1, 2), intent.Options{})
	require.ErrorIs(t, err, gone)
}

// Odd examples and odd texts harm nothing.
func TestOddTexts(t *testing.T) {
	examples := []intent.Example{{Text: "", Intent: "a"}, {Text: "", Intent: "b"}, {Text: "?!", Intent: "a"}, {Text: "x", Intent: "b"}, {Text: "x", Intent: "a"}, {Text: strings.Repeat("长", 5000), Intent: "c"}}
	for _, e := range []intent.Embedder{nil, &meaning{}} {
		m, err := intent.Train(t.Context(), examples, intent.Options{Embedder: e})
		require.NoError(t, err)
		for _, text := range []string{"", " ", "\xff\xfe", strings.Repeat("a b ", 5000), "😀", "从来没有见过"} {
			r := m.Classify(t.Context(), text)
			assert.Contains(t, m.Intents(), r.Intent)
			assert.False(t, math.IsNaN(r.Confidence))
		}
	}
}

func TestRead(t *testing.T) {
	got, err := intent.Read(strings.NewReader("\ufefftext,Intent,topic\n\"a, b\",x,t\n查物流,y,u\n"), "")
	require.NoError(t, err)
	assert.Equal(t, []intent.Example{{Text: "a, b", Intent: "x", Topic: "t"}, {Text: "查物流", Intent: "y", Topic: "u"}}, got)
	got, err = intent.Read(strings.NewReader("text,intent,topic\na,x,t\n"), "topic")
	require.NoError(t, err)
	assert.Equal(t, intent.Example{Text: "a", Intent: "t", Detail: "x"}, got[0])
	for file, says := range map[string]string{
		"":                      "empty",
		"text,label\na,b\n":     `no column "intent" among text, label`,
		"intent\nb\n":           `no column "text"`,
		"text,intent\na,b\nc\n": "line 3",
		"text,intent\na,\n":     "line 2",
		"text,intent\n\"a,b\n":  "line",
	} {
		_, err := intent.Read(strings.NewReader(file), "")
		require.ErrorContains(t, err, says, file)
	}
	assert.Equal(t, "zh", intent.Language([]intent.Example{{Text: "打开QQ"}, {Text: "查天气"}, {Text: "stop"}}))
	assert.Equal(t, "en", intent.Language([]intent.Example{{Text: "hello"}}))
}

func FuzzLoad(f *testing.F) {
	m, err := intent.Train(f.Context(), world(1, 2), intent.Options{Embedder: &meaning{}})
	require.NoError(f, err)
	var b bytes.Buffer
	require.NoError(f, m.Save(&b))
	f.Add(intent.Body(b.Bytes()), "where is my parcel")
	f.Add([]byte("x"), "")
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		m, err := intent.Decode(body)
		if err != nil {
			return
		}
		r := m.Classify(t.Context(), text)
		if r.Intent == "" && !strings.Contains(fmt.Sprint(m.Intents()), "") {
			t.Fatal("no intent")
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("text,intent\na,b\n", "intent")
	f.Add("\ufefftext,x\n\"a\",b", "x")
	f.Fuzz(func(_ *testing.T, file, label string) { _, _ = intent.Read(strings.NewReader(file), label) })
}

func BenchmarkClassify(b *testing.B) {
	m, err := intent.Train(b.Context(), world(1, 60), intent.Options{})
	require.NoError(b, err)
	for b.Loop() {
		m.Classify(b.Context(), "hello where is my parcel please")
	}
}
