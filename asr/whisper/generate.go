package whisper

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	ort "github.com/yalue/onnxruntime_go"

	"hotline/asr"
)

// Bounds of what is generated.
const (
	tokensPerSecond = 8   // nobody speaks faster
	tokensAtLeast   = 10  // for the shortest word and its punctuation
	maxPrompt       = 200 // tokens; half of the decoder's context
)

// scratch is the memory of one decode.
type scratch struct {
	features *featurer
	mel      []float32
	self     [2][2][]float32 // two of each, in turn the decoder's input and output: keys, values
	logits   []float32
	tokens   []int64
}

// generated is what the decoder wrote.
type generated struct {
	ids      []int64
	logProb  float64 // sum over ids and the end token
	count    int     // how many logProb is a sum of
	noSpeech float64
	language string
	stopped  bool // by repetition or by the limit
}

// values frees what a run was given.
type values []ort.Value

func (v values) destroy() {
	for _, t := range v {
		if t != nil {
			_ = t.Destroy()
		}
	}
}

func (m *Model) runEncoder(ctx context.Context, sc *scratch, e *encoding, rows int) error {
	var vs values
	defer func() { vs.destroy() }()
	heads, dim := int64(m.spec.heads), int64(m.spec.width/m.spec.heads)
	layers := int64(m.spec.layers)
	for _, t := range []struct {
		data  []float32
		shape ort.Shape
	}{
		{sc.mel, ort.NewShape(1, int64(m.spec.mels), int64(rows))},
		{e.k, ort.NewShape(layers, 1, heads, dim, int64(e.rows))},
		{e.v, ort.NewShape(layers, 1, heads, int64(e.rows), dim)},
	} {
		v, err := ort.NewTensor(t.shape, t.data)
		if err != nil {
			return err
		}
		vs = append(vs, v)
	}
	return m.encoder.RunContext(ctx, vs[:1], vs[1:])
}

// decoderRun is the decoder's state over the steps of one text.
type decoderRun struct {
	m     *Model
	sc    *scratch
	cross values // keys and values of the sound
	rows  int    // of the self cache
	turn  int    // which half of sc.self is the input
	first bool
}

func (m *Model) newRun(sc *scratch, e *encoding, length int) (*decoderRun, error) {
	heads, dim := int64(m.spec.heads), int64(m.spec.width/m.spec.heads)
	layers := int64(m.spec.layers)
	k, err := ort.NewTensor(ort.NewShape(layers, 1, heads, dim, int64(e.rows)), e.k)
	if err != nil {
		return nil, err
	}
	v, err := ort.NewTensor(ort.NewShape(layers, 1, heads, int64(e.rows), dim), e.v)
	if err != nil {
		_ = k.Destroy()
		return nil, err
	}
	length = (length + 63) / 64 * 64
	for i := range sc.self {
		for j := range sc.self[i] {
			sc.self[i][j] = grow(sc.self[i][j], m.spec.layers*m.spec.width*length)
		}
	}
	sc.logits = grow(sc.logits, m.spec.vocabulary)
	return &decoderRun{m: m, sc: sc, cross: values{k, v}, first: true}, nil
}

// step feeds ids and returns the logits behind the last of them. They are
// overwritten by the next step.
func (r *decoderRun) step(ids []int64) ([]float32, error) {
	m := r.m
	layers, width := int64(m.spec.layers), int64(m.spec.width)
	var vs values
	defer func() { vs.destroy() }()
	var failed error
	floats := func(data []float32, shape ...int64) ort.Value {
		t, err := ort.NewTensor(ort.NewShape(shape...), data)
		if err != nil {
			failed = err
			return nil
		}
		vs = append(vs, t)
		return t
	}
	ints := func(data []int64, shape ...int64) ort.Value {
		t, err := ort.NewTensor(ort.NewShape(shape...), data)
		if err != nil {
			failed = err
			return nil
		}
		vs = append(vs, t)
		return t
	}
	in, out := r.sc.self[r.turn], r.sc.self[1-r.turn]
	// With offset 0 the graph takes the cache for empty, whatever is in it.
	before, after := int64(max(r.rows, 1)), int64(r.rows+len(ids))
	offset := []int64{int64(r.rows)}
	inputs := []ort.Value{
		ints(ids, 1, int64(len(ids))),
		floats(in[0], layers, 1, before, width), floats(in[1], layers, 1, before, width),
		r.cross[0], r.cross[1], ints(offset, 1),
	}
	outputs := []ort.Value{nil, floats(out[0], layers, 1, after, width), floats(out[1], layers, 1, after, width)}
	if !r.first {
		outputs[0] = floats(r.sc.logits, 1, 1, int64(m.spec.vocabulary))
	}
	if failed != nil {
		return nil, failed
	}
	if err := m.decoder.Run(inputs, outputs); err != nil {
		return nil, err
	}
	if r.first {
		// Graphs built to end on non-speech give two rows here: the last counts.
		t, ok := outputs[0].(*ort.Tensor[float32])
		if !ok || len(t.GetData()) < m.spec.vocabulary {
			return nil, fmt.Errorf("the logits are of shape %v", outputs[0].GetShape())
		}
		copy(r.sc.logits, t.GetData()[len(t.GetData())-m.spec.vocabulary:])
		_ = t.Destroy()
	}
	r.first = false
	r.turn, r.rows = 1-r.turn, int(after)
	return r.sc.logits, nil
}

// generate writes the text of e.
func (m *Model) generate(ctx context.Context, sc *scratch, e *encoding, s asr.Segment, sound time.Duration) (generated, error) {
	language, prompt := s.Language, s.Prompt
	ids := sc.tokens[:0]
	if prompt = strings.TrimSpace(prompt); prompt != "" {
		ids = append(ids, int64(m.spec.prev))
		ids = m.tokens.encode(ids, " "+prompt)
		if len(ids) > maxPrompt { // what is said last is nearest
			ids = append(ids[:1], ids[len(ids)-maxPrompt+1:]...)
		}
	}
	ids = append(ids, int64(m.spec.sot))
	limit := tokensAtLeast + int(tokensPerSecond*sound.Seconds())
	limit = min(limit, m.spec.context-len(ids)-3)
	run, err := m.newRun(sc, e, len(ids)+3+limit)
	if err != nil {
		return generated{}, fmt.Errorf("whisper decoder: %w", err)
	}
	defer run.cross.destroy()

	var g generated
	token, known := m.spec.languages[language]
	switch {
	case known && len(s.Also) > 0 && sound >= enoughToTell:
		if token, err = m.between(run, ids, token, s.Also); err != nil {
			return g, err
		}
		ids = ids[:0]
	case !known:
		if token = int(e.language.Load()); token == 0 {
			logits, err := run.step(ids)
			if err != nil {
				return g, fmt.Errorf("whisper decoder: %w", err)
			}
			token = m.likeliest(logits)
			e.language.Store(int32(token))
			ids = ids[:0]
		}
	}
	for code, id := range m.spec.languages {
		if id == token {
			g.language = code
		}
	}
	ids = append(ids, int64(token), int64(m.spec.transcribe), int64(m.spec.noTimestamps))
	sc.tokens = ids
	for len(g.ids) < limit {
		if err := ctx.Err(); err != nil {
			return g, context.Cause(ctx)
		}
		logits, err := run.step(ids)
		if err != nil {
			return g, fmt.Errorf("whisper decoder: %w", err)
		}
		best, p := choose(logits, m.spec.eot)
		if len(g.ids) == 0 {
			// The probability that nothing at all is said.
			g.noSpeech = math.Exp(logProb(logits, m.spec.eot))
		}
		g.logProb += p
		g.count++
		if best == m.spec.eot {
			return g, nil
		}
		g.ids = append(g.ids, int64(best))
		if repeats(g.ids) {
			break
		}
		ids = append(ids[:0], int64(best))
	}
	g.stopped = true
	return g, nil
}

// A sound shorter than enoughToTell, or one of which it is not so sure as sureOfOther,
// is held to be in the language that is expected: short words are told apart badly.
const (
	enoughToTell = 1200 * time.Millisecond
	sureOfOther  = 0.9
)

// between is own, or the language among also that surely is spoken in its place. It feeds
// ids, which end in the start token.
func (m *Model) between(run *decoderRun, ids []int64, own int, also []string) (int, error) {
	logits, err := run.step(ids)
	if err != nil {
		return 0, fmt.Errorf("whisper decoder: %w", err)
	}
	best, token, sum := logits[own], own, 1.0
	for _, l := range also {
		id, ok := m.spec.languages[l]
		if !ok || id == own {
			continue
		}
		sum += math.Exp(float64(logits[id] - logits[own]))
		if logits[id] > best {
			best, token = logits[id], id
		}
	}
	if math.Exp(float64(best-logits[own]))/sum < sureOfOther {
		return own, nil
	}
	return token, nil
}

// likeliest is the token of the likeliest of the languages told apart.
func (m *Model) likeliest(logits []float32) int {
	best, token := float32(math.Inf(-1)), 0
	for _, l := range m.o.Languages {
		if id, ok := m.spec.languages[l]; ok && (token == 0 || logits[id] > best) {
			best, token = logits[id], id
		}
	}
	return token
}

// choose returns the likeliest token up to the end token and its log-probability.
func choose(logits []float32, eot int) (token int, lp float64) {
	for i, v := range logits[:eot+1] {
		if v > logits[token] {
			token = i
		}
	}
	return token, logProb(logits, token)
}

// logProb is the log-probability of a token.
func logProb(logits []float32, token int) float64 {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range logits {
		if d := v - top; d > -16 { // the rest adds less than a hundredth
			sum += math.Exp(float64(d))
		}
	}
	return float64(logits[token]-top) - math.Log(sum)
}

// repeats says whether ids end in a phrase that is being repeated without end.
func repeats(ids []int64) bool {
	for p := 1; p <= len(ids)/3; p++ {
		need := 3
		switch {
		case p == 1:
			need = 12 // digits are dictated so
		case p <= 3:
			need = 6
		}
		if len(ids) < p*need {
			continue
		}
		same := true
		for i := len(ids) - p*(need-1); i < len(ids) && same; i++ {
			same = ids[i] == ids[i-p]
		}
		if same {
			return true
		}
	}
	return false
}

// transcript makes text and figures of what was generated.
func (m *Model) transcript(g generated) asr.Transcript {
	text := strings.TrimSpace(m.tokens.decode(g.ids))
	if m.simplified != nil && (g.language == "zh" || g.language == "yue") {
		text = strings.Map(func(r rune) rune {
			if s, ok := m.simplified[r]; ok {
				return s
			}
			return r
		}, text)
	}
	text, looped := asr.CutLoop(text)
	t := asr.Transcript{Text: text, Language: g.language, NoSpeech: g.noSpeech, Engine: m.o.Name}
	if g.count > 0 {
		t.LogProb = g.logProb / float64(g.count)
	}
	if invented(text) {
		t.NoSpeech = max(t.NoSpeech, 0.9)
	}
	t.Confidence = confidence(t, looped || g.stopped)
	return t
}

// invented says whether text is one that Whisper writes where nobody speaks: it
// has learnt from subtitles.
func invented(text string) bool {
	t := strings.ToLower(strings.TrimFunc(text, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) }))
	for _, s := range []string{
		"字幕", "请不吝点赞", "订阅", "转发", "打赏支持", "明镜与点点", "谢谢观看", "感谢观看", "谢谢大家观看", "下期再见", "中文字幕", "优优独播剧场",
		"amara.org", "thanks for watching", "thank you for watching", "please subscribe", "subtitles by",
	} {
		if strings.Contains(t, s) {
			return true
		}
	}
	switch t {
	case "you", "music", "音乐", "掌声", "笑声":
		return true
	}
	return false
}
