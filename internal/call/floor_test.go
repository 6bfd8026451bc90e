package call

import (
	"testing"
	"time"

	"hotline/asr"
)

func TestFloor(t *testing.T) {
	start, pauseResult := asr.Result{Kind: asr.SpeechStart}, asr.Result{Kind: asr.SpeechPause}
	resumed := asr.Result{Kind: asr.SpeechResume}
	said := func(text string) asr.Result { return asr.Result{Kind: asr.Final, Text: text} }
	noise := asr.Result{Kind: asr.Final, Noise: true}
	type step struct {
		r    asr.Result
		want verdict
	}
	tests := []struct {
		name     string
		talking  bool
		mustHear bool
		steps    []step
	}{
		{"a question over the bot takes the floor", true, false, []step{{start, pause}, {pauseResult, goOn}, {said("运费多少"), yield}}},
		{"a cough lets it go on", true, false, []step{{start, pause}, {pauseResult, goOn}, {noise, resume}}},
		{"assent lets it go on", true, false, []step{{start, pause}, {pauseResult, goOn}, {said("嗯"), resume}}},
		{"assent that goes on is a turn", true, false, []step{{start, pause}, {pauseResult, goOn}, {asr.Result{Kind: asr.Partial, Text: "嗯"}, goOn}, {resumed, goOn}, {said("嗯那运费呢"), yield}}},
		{"a second sound while paused does not pause twice", true, false, []step{{start, pause}, {pauseResult, goOn}, {resumed, goOn}}},
		{"the disclosure is never cut", true, true, []step{{start, goOn}, {pauseResult, goOn}, {said("人工"), goOn}}},
		{"nobody to interrupt", false, false, []step{{start, goOn}, {pauseResult, goOn}, {said("嗯"), goOn}}},
		{"a lost engine lets it go on", true, false, []step{{start, pause}, {pauseResult, goOn}, {asr.Result{Kind: asr.Fault}, resume}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Now()
			f := floor{assent: func(s string) bool { return s == "嗯" }}
			f.bot(tt.talking, tt.mustHear, now)
			for i, s := range tt.steps {
				if got := f.heard(s.r, now); got != s.want {
					t.Fatalf("step %d: %v, want %v", i+1, got, s.want)
				}
			}
		})
	}
}

func TestFloorPausesWhenTheDisclosureEndsUnderTheCallersVoice(t *testing.T) {
	now := time.Now()
	f := floor{assent: func(string) bool { return false }}
	f.bot(true, true, now)
	f.heard(asr.Result{Kind: asr.SpeechStart}, now)
	if got := f.bot(true, false, now); got != pause {
		t.Errorf("the caller is speaking and the bot may be interrupted now: %v, want pause", got)
	}
}

func TestFloorDoesNotStaySilentForEver(t *testing.T) {
	now := time.Now()
	f := floor{assent: func(string) bool { return false }}
	f.bot(true, false, now)
	f.heard(asr.Result{Kind: asr.SpeechStart}, now)
	f.heard(asr.Result{Kind: asr.SpeechPause}, now)
	if got := f.tick(now.Add(time.Second)); got != goOn {
		t.Errorf("after a second: %v", got)
	}
	if got := f.tick(now.Add(maxHold + time.Second)); got != resume {
		t.Errorf("after %v without a text: %v, want resume", maxHold, got)
	}
}
