package webtest

import (
	"context"
	"math"

	"hotline/internal/web"
	"hotline/media/wav"
)

// Voices are those of two lines, which hum what they are to say.
type Voices struct{}

// Voices is of web.Voices.
func (Voices) Voices(context.Context) ([]web.Voice, error) {
	return []web.Voice{
		{
			Line: "main", Title: "云帆数码", Language: "zh", Voice: "kokoro-v1.0/zf_xiaoxiao", Chosen: true, Rate: 1, Business: "retail-zh", Named: "chinese", Choices: []string{"kokoro-v1.0/zf_xiaobei", "kokoro-v1.0/zf_xiaoxiao", "kokoro-v1.0/zm_yunxi"},
			Sample: "您好，我是云帆数码的智能助手小云，通话会录音。请问有什么可以帮您？",
			Sentences: []web.VoiceSentence{
				{Text: "您好，我是云帆数码的智能助手小云，通话会录音。", State: web.VoiceRendered},
				{Text: "请问有什么可以帮您？", State: web.VoiceRendered},
				{Text: "门店每天早上十点营业，晚上九点半关门。", State: web.VoiceKept},
				{Text: "请说订单号，后四位就行。", State: web.VoiceKept},
				{Text: "满五十元免运费，不满收六元。", State: web.VoiceMade},
			},
		},
		{
			Line: "english", Title: "Cloudsail Digital", Language: "en", Voice: "kokoro-v1.0/af_sarah", Rate: 1.1, Business: "retail-en", Named: "english", Choices: []string{"kokoro-v1.0/af_sarah", "kokoro-v1.0/am_adam"},
			Sample:    "Cloudsail Digital, this is Robin, the virtual assistant, and this call's recorded. How can I help?",
			Sentences: []web.VoiceSentence{{Text: "How can I help?", State: web.VoiceRendered}, {Text: "Thanks for calling. Goodbye.", State: web.VoiceMade}},
		},
	}, nil
}

// Speak is of web.Voices.
func (Voices) Speak(_ context.Context, line, text, _ string, pace float64) ([]byte, bool, error) {
	if line != "main" && line != "english" {
		return nil, false, nil
	}
	if pace == 0 {
		pace = 1
	}
	samples := make([]int16, int(float64(len([]rune(text)))*Rate/5/pace))
	for i := range samples {
		samples[i] = int16(6000 * math.Sin(2*math.Pi*220*float64(i)/Rate))
	}
	return wav.Encode(wav.Audio{Rate: Rate, Channels: [][]int16{samples}}), true, nil
}
