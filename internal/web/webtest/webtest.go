// Package webtest fills a store with a day of a shop's calls and stands in for the
// services behind the web server, for its tests and for the console's end-to-end
// tests. The store, the web server and the recordings are the real ones.
//
// # Concurrency
//
// Functions keep no state. A [Services] is safe for concurrent use.
package webtest

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"
)

// Rate of the recordings, in Hz.
const Rate = 8000

// WriteRecording writes a stereo WAV in which each turn sounds on its side, the
// caller left. claimed is how many bytes of samples the header admits to: -1 all,
// less as in a file that grows or whose writer died.
func WriteRecording(path string, turns []call.TurnRecord, length time.Duration, claimed int64) error {
	frames := int(length.Milliseconds()) * Rate / 1000
	data := make([]byte, 44+4*frames)
	n := int64(4 * frames)
	if claimed >= 0 {
		n = claimed
	}
	copy(data, "RIFF")
	binary.LittleEndian.PutUint32(data[4:], uint32(36+n))
	copy(data[8:], "WAVEfmt ")
	for at, v := range map[int]uint32{16: 16, 24: Rate, 28: 4 * Rate, 40: uint32(n)} {
		binary.LittleEndian.PutUint32(data[at:], v)
	}
	for at, v := range map[int]uint16{20: 1, 22: 2, 32: 4, 34: 16} {
		binary.LittleEndian.PutUint16(data[at:], v)
	}
	copy(data[36:], "data")
	for _, t := range turns {
		side, pitch := 0, 165.0
		if t.Speaker != "caller" {
			side, pitch = 2, 220.0
		}
		for i := int(t.StartMS) * Rate / 1000; i < min(frames, int(t.EndMS)*Rate/1000); i++ {
			binary.LittleEndian.PutUint16(data[44+4*i+side:], uint16(voice(float64(i)/Rate, pitch)))
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// voice is a vowel in syllables, some four a second, of uneven weight.
func voice(t, pitch float64) int16 {
	syllable := math.Pow(math.Abs(math.Sin(math.Pi*t*3.7)), 0.6) * (0.55 + 0.45*math.Sin(t*1.9+math.Sin(t*7.1)))
	v := 0.0
	for h := 1; h <= 8; h++ {
		v += math.Sin(2*math.Pi*pitch*(1+0.03*math.Sin(t*2.3))*float64(h)*t) / float64(h)
	}
	return int16(6500 * syllable * v)
}

// Services are the parts of a telephone server that the web server asks.
type Services struct {
	Store *store.Store
	Bus   *event.Bus

	mu      sync.Mutex
	live    map[string]context.CancelFunc // guarded by mu
	started time.Time
}

// NewServices returns services whose calls in progress are those begun by [Services.Begin].
func NewServices(s *store.Store, bus *event.Bus, now time.Time) *Services {
	return &Services{Store: s, Bus: bus, live: map[string]context.CancelFunc{}, started: now.Add(-73 * time.Hour)}
}

// Begin marks a call as in progress; hangup is called when somebody ends it.
func (s *Services) Begin(id string, hangup context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[id] = hangup
}

// Hangup is of web.Ender.
func (s *Services) Hangup(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	hangup, ok := s.live[id]
	if ok {
		delete(s.live, id)
		hangup()
	}
	return ok
}

// Trunks is of web.TrunkLister.
func (s *Services) Trunks(context.Context) ([]web.Trunk, error) {
	until, quiet := time.Now().Add(4*time.Minute), time.Now().Add(-12*time.Minute)
	return []web.Trunk{
		{
			Name: "telecom", Kind: "register", State: "up", Registered: true, Until: &until, Proxy: "sip:203.0.113.10:5060", Since: s.started,
			Channels: 3, MaxChannels: 30, RTT: 18, Inbound: 412, Outbound: 96, Answered: 61, Failed: 1, AnswerRatio: 61.0 / 96, AverageSeconds: 74,
		},
		{
			Name: "backup", Kind: "static", State: "down", Proxy: "sip:198.51.100.7;transport=tcp", Since: quiet, LastError: "options: no response",
			MaxChannels: 10,
		},
	}, nil
}

// Ready is of web.Readiness.
func (s *Services) Ready() (ok bool, reasons []string) { return true, nil }

// Agents is of web.AgentLister.
func (s *Services) Agents(context.Context) ([]web.Agent, error) {
	at := func(minutes int) time.Time { return s.started.Add(73*time.Hour - time.Duration(minutes)*time.Minute) }
	return []web.Agent{
		{Name: "agent1", DisplayName: "王芳", Skills: []string{"after-sales"}, State: "talking", Since: at(3), Contacts: 1},
		{Name: "agent2", DisplayName: "李强", Skills: []string{"pre-sales", "after-sales"}, State: "ready", Since: at(41), Contacts: 2},
		{Name: "agent3", DisplayName: "Chen Jie", Skills: []string{"technical"}, State: "not_ready", Since: at(2), Contacts: 1},
		{Name: "agent4", DisplayName: "赵敏", Skills: []string{"after-sales"}, State: "offline", Since: at(190)},
	}, nil
}

// Lines is of web.LineLister.
func (s *Services) Lines(context.Context) ([]web.Line, error) {
	return []web.Line{
		{Name: "main", Title: "云帆数码 客服热线", Numbers: []string{"8000"}, Language: "zh", Open: true, Dial: "sip:8000@192.0.2.10:5060"},
		{Name: "english", Title: "Cloudsail Digital, in English", Numbers: []string{"8001"}, Language: "en", Open: true, Dial: "sip:8001@192.0.2.10:5060"},
	}, nil
}

// System is of web.SystemReporter.
func (s *Services) System(context.Context) (web.SystemState, error) {
	return web.SystemState{
		Version: "0.1.0", Business: "云帆数码", StartedAt: s.started,
		Workers:   []web.Worker{{Name: "speech", State: "up", Since: s.started.Add(69 * time.Hour), Restarts: 1, Detail: "whisper-base, kokoro-v1.0"}},
		Endpoints: []string{"sip:192.0.2.10:5060;transport=udp", "sip:192.0.2.10:5060;transport=tcp"},
		Models: []web.Model{
			{ID: "asr/sense-voice-small", Title: "SenseVoice small", Kind: "asr", Languages: []string{"zh", "en", "yue"}, Bytes: 239_000_000, Licence: "FunASR Model License"},
			{ID: "asr/whisper-base", Title: "Whisper base", Kind: "asr", Languages: []string{"*"}, Bytes: 148_000_000, Licence: "MIT", Installed: true, Used: []string{"zh", "en"}},
			{ID: "tts/kokoro-v1.0", Title: "Kokoro 1.0", Kind: "tts", Languages: []string{"zh", "en"}, Bytes: 171_000_000, Licence: "Apache-2.0", Installed: true, Used: []string{"zh", "en"}},
			{ID: "vad/silero-v6", Title: "Silero VAD 6", Kind: "vad", Languages: []string{"*"}, Bytes: 2_300_000, Licence: "MIT", Installed: true, Used: []string{"zh", "en"}},
			{ID: "embed/bge-small-zh", Title: "BGE small", Kind: "embed", Languages: []string{"zh"}, Bytes: 96_000_000, Licence: "MIT"},
		},
		Advice: []web.Advice{
			{Code: "better_model", Subject: "SenseVoice small", Text: "SenseVoice hears Chinese on the telephone better and faster than Whisper base.", Command: "hotline models pull asr/sense-voice-small"},
		},
	}, nil
}
