package webtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"time"

	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/store"

	"golang.org/x/sync/errgroup"
)

// Password of the users that Users makes: admin, li (supervisor) and zhou (analyst).
const Password = "correct-horse-battery"

// A line of a script: who says what, for how long, after which pause.
type says struct {
	who       string
	text      string
	ms, pause int64
	intent    string
	knows     []dialog.Candidate
	heard     string
	mood      string
}

type script struct {
	line, language, caller string
	outcome                call.Outcome
	cause, reason, agent   string
	summary                string
	says                   []says
	wish                   *call.Wish
}

const disclosure = "您好，这里是云帆数码。我是智能语音助手，通话会被录音。请问有什么可以帮您？"

func known(list ...any) (c []dialog.Candidate) {
	for i := 0; i+2 < len(list); i += 3 {
		score := list[i+2].(float64)
		c = append(c, dialog.Candidate{
			ID: list[i].(string), Question: list[i+1].(string), Score: score,
			Lexical: score * 0.7, Sound: min(1, score*0.95), Meaning: min(1, score*1.02),
		})
	}
	return c
}

func scripts() []script {
	return []script{
		{
			line: "main", language: "zh", caller: "13812348000", outcome: call.Transferred, cause: "agent_hangup", reason: "asked", agent: "agent1",
			summary: "耳机左耳没声音，想换货，已转售后王芳。",
			says: []says{
				{who: "bot", text: disclosure, ms: 6200},
				{who: "caller", text: "你好，我上周买的蓝牙耳机，左边那只没有声音了。", ms: 4300, pause: 500},
				{
					who: "bot", text: "左耳没有声音，可以先把两只耳机放回充电盒，长按按钮十秒重置。如果还是不行，七天内可以免费换新。", ms: 7600, pause: 640, intent: "earbud-one-side",
					knows: known("tech-012", "耳机一边没有声音怎么办", 0.91, "ret-003", "收到的商品有质量问题怎么办", 0.42, "tech-015", "耳机连不上手机", 0.31),
					heard: "左耳没有声音，可以先把两只耳机放回充电盒，长按按钮",
				},
				{who: "caller", text: "重置我试过了，没用，我要换货。", ms: 2600, pause: -2400, mood: "upset"},
				{
					who: "bot", text: "好的，换货需要售后同事帮您登记。要现在为您转接吗？", ms: 4100, pause: 580, intent: "exchange",
					knows: known("ret-001", "怎么换货", 0.88, "ret-002", "换货要多久", 0.47, "ret-004", "怎么退货", 0.39),
				},
				{who: "caller", text: "转人工吧。", ms: 900, pause: 700},
				{who: "bot", text: "好的，正在为您转接，请稍等。", ms: 2300, pause: 410, intent: "human"},
				{who: "agent", text: "您好，我是售后王芳，左耳没声音需要换货是吗？", ms: 4200, pause: 5200},
				{who: "caller", text: "对的，订单尾号是六六零三。", ms: 2500, pause: 400},
				{who: "agent", text: "好的，已经给您登记换新，明天快递上门取件。", ms: 4000, pause: 900},
				{who: "caller", text: "好，谢谢。", ms: 900, pause: 300},
			},
		},
		{
			line: "main", language: "zh", caller: "13900016621", outcome: call.Resolved, cause: "caller_hangup", summary: "问周末营业时间。",
			says: []says{
				{who: "bot", text: disclosure, ms: 6200},
				{who: "caller", text: "请问你们门店周末几点开门啊？", ms: 2400, pause: 600},
				{
					who: "bot", text: "门店周末早上十点开门，晚上九点半关门。", ms: 3400, pause: 520, intent: "hours",
					knows: known("pre-001", "门店营业时间是几点", 0.94, "pre-002", "节假日营业吗", 0.51, "pre-030", "客服几点下班", 0.33),
				},
				{who: "caller", text: "好的，谢谢。", ms: 1100, pause: 700},
				{who: "bot", text: "不客气，祝您生活愉快，再见。", ms: 2500, pause: 390, intent: "goodbye"},
			},
		},
		{
			line: "main", language: "zh", caller: "02155551234", outcome: call.Unresolved, cause: "bot_hangup", reason: "not_understood",
			summary: "对公发票抬头修改，无人接听，已登记回电。",
			says: []says{
				{who: "bot", text: disclosure, ms: 6200},
				{who: "caller", text: "我们公司的发票抬头开错了，能不能重开一张？", ms: 3600, pause: 800},
				{
					who: "bot", text: "您是想修改发票信息，还是补开发票？", ms: 3000, pause: 930, intent: "clarify",
					knows: known("inv-004", "发票信息写错了能改吗", 0.56, "inv-002", "怎么补开发票", 0.53, "inv-001", "怎么开发票", 0.40),
				},
				{who: "caller", text: "改抬头，要专票。", ms: 1600, pause: 600},
				{who: "bot", text: "专票需要财务同事处理，现在都在忙。要给您回电吗？", ms: 4300, pause: 1320, intent: "callback"},
				{who: "caller", text: "可以，下午三点以后打。", ms: 2000, pause: 500},
				{who: "bot", text: "好的，下午三点以后给您回电，再见。", ms: 3200, pause: 480, intent: "goodbye"},
			},
			wish: &call.Wish{Kind: "callback", When: "下午三点以后", Summary: "专用发票抬头开错，要重开", Reason: "not_understood", Fields: map[string]string{"发票类型": "专票"}},
		},
		{
			line: "english", language: "en", caller: "+442079460958", outcome: call.Resolved, cause: "caller_hangup", summary: "Asked how long delivery takes.",
			says: []says{
				{who: "bot", text: "Hello, this is Cloudsail Digital. I'm an automated assistant and this call is recorded. How can I help?", ms: 6500},
				{who: "caller", text: "Hi, how long does delivery to the UK usually take?", ms: 3100, pause: 500},
				{
					who: "bot", text: "Delivery to the United Kingdom takes five to eight working days.", ms: 4000, pause: 610, intent: "delivery-time",
					knows: known("del-002", "How long does delivery take?", 0.92, "del-005", "Where is my parcel?", 0.44, "del-001", "What does delivery cost?", 0.38),
				},
				{who: "caller", text: "Great, thanks, bye.", ms: 1300, pause: 400},
				{who: "bot", text: "You're welcome. Goodbye!", ms: 1700, pause: 350, intent: "goodbye"},
			},
		},
		{
			line: "main", language: "zh", caller: "18600009973", outcome: call.Abandoned, cause: "caller_hangup", summary: "",
			says: []says{
				{who: "bot", text: disclosure, ms: 6200, heard: "您好，这里是云帆数码。"},
			},
		},
		{
			line: "main", language: "zh", caller: "13711112222", outcome: call.Unresolved, cause: "caller_hangup", reason: "", summary: "留言：快递柜取件码过期。",
			says: []says{
				{who: "bot", text: disclosure, ms: 6200},
				{who: "caller", text: "快递放柜子里，取件码过期了怎么弄？", ms: 3000, pause: 700},
				{
					who: "bot", text: "这个问题我还不会回答。您可以留言，同事会尽快处理。", ms: 4600, pause: 740, intent: "unknown",
					knows: known("log-006", "快递放在快递柜了", 0.36, "log-002", "怎么查快递", 0.29),
				},
				{who: "caller", text: "那我留个言吧，取件码过期了，麻烦重新发一个。", ms: 4100, pause: 500},
				{who: "bot", text: "留言已经记下，再见。", ms: 1900, pause: 450, intent: "goodbye"},
			},
			wish: &call.Wish{Kind: "message", Summary: "快递柜取件码过期，请重新发一个", Reason: "not_understood"},
		},
	}
}

// play turns a script into turns and marks.
func play(id string, s script) (turns []call.TurnRecord, events []call.Event, length int64) {
	events = append(events, call.Event{Kind: call.KindAnswered})
	at := int64(150)
	for i, line := range s.says {
		at = max(at+line.pause, 150)
		t := call.TurnRecord{
			Call: id, Index: i, Speaker: line.who, Text: line.text, StartMS: at, EndMS: at + line.ms, Intent: line.intent,
			Candidates: line.knows, Heard: line.heard, Emotion: line.mood,
		}
		switch line.who {
		case "caller":
			t.Confidence = 0.86
			events = append(events, call.Event{MS: at, Kind: call.KindSpeechStart}, call.Event{MS: t.EndMS, Kind: call.KindSpeechEnd},
				call.Event{MS: t.EndMS + 260, Kind: call.KindTranscript, Data: map[string]any{"text": line.text}})
			if line.pause < 0 {
				events = append(events, call.Event{MS: at, Kind: call.KindBargeIn, Data: map[string]any{"stopped_ms": 140}})
				turns[i-1].EndMS = at + 140
			}
		case "bot":
			t.Source = "fallback"
			if i > 0 {
				t.ResponseMS = line.pause
				t.Timing = &call.Timing{EndpointMS: line.pause * 6 / 10, DecodeMS: line.pause * 4 / 10, ThinkMS: 14, SynthesizeMS: line.pause * 3 / 10, PlayMS: 21}
			}
			if len(line.knows) > 0 && line.knows[0].Score > 0.8 {
				t.Source, t.KnowledgeID, t.Confidence = "knowledge", line.knows[0].ID, line.knows[0].Score
			}
			events = append(events, call.Event{MS: at, Kind: call.KindSayStart}, call.Event{MS: t.EndMS, Kind: call.KindSayEnd})
			if line.intent == "human" {
				events = append(events, call.Event{MS: t.EndMS + 200, Kind: call.KindTransfer, Data: map[string]any{"agent": s.agent, "reason": s.reason}})
			}
		case "agent":
			if i > 0 && turns[i-1].Speaker == "bot" {
				events = append(events, call.Event{MS: at - 300, Kind: call.KindBridge, Data: map[string]any{"agent": s.agent}})
			}
		}
		turns = append(turns, t)
		at = t.EndMS
	}
	length = at + 600
	events = append(events, call.Event{MS: length, Kind: call.KindHangup, Data: map[string]any{"cause": s.cause}})
	return turns, events, length
}

// Users makes one user of each of three roles.
func Users(ctx context.Context, s *store.Store) error {
	for _, u := range []store.User{
		{Name: "admin", DisplayName: "管理员", Role: store.Admin},
		{Name: "li", DisplayName: "李主管", Role: store.Supervisor},
		{Name: "zhou", DisplayName: "周分析", Role: store.Analyst},
	} {
		if _, err := s.AddUser(ctx, u, Password); err != nil {
			return err
		}
	}
	return nil
}

// Seed fills the store with calls of the last two days up to now, the newest with
// recordings below dataDir, and returns the ids of the scripts' newest calls.
func Seed(ctx context.Context, s *store.Store, dataDir string, now time.Time) (newest []string, err error) {
	if err := Users(ctx, s); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(8, 1))
	all := scripts()
	const calls = 140
	at := now.Add(-4 * time.Minute)
	g, keeping := errgroup.WithContext(ctx) // together: the store commits in groups
	g.SetLimit(64)
	for i := range calls {
		k := i % len(all)
		script := all[k]
		if i >= len(all) {
			script.caller = fmt.Sprintf("1%d%09d", 3+random.IntN(7), random.IntN(1_000_000_000))
			script.wish = nil
		}
		// The newest first; most call in the middle of the day, few at night.
		if i > 0 {
			quiet := 0.5 + 0.5*math.Cos(2*math.Pi*(float64(at.Hour())+float64(at.Minute())/60-2.5)/24)
			at = at.Add(-time.Duration(5+70*quiet*quiet*quiet+6*random.Float64()) * time.Minute)
		}
		begun := at
		id := fmt.Sprintf("01SEED%020d", calls-i)
		g.Go(func() error { return keep(keeping, s, dataDir, id, script, begun, i < len(all)) })
		if i < len(all) {
			newest = append(newest, id)
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return newest, work(ctx, s, newest, now)
}

func keep(ctx context.Context, s *store.Store, dataDir, id string, script script, at time.Time, recorded bool) error {
	turns, events, length := play(id, script)
	r := call.Record{
		ID: id, SIPCallID: id + "@192.0.2.20", Line: script.line, Language: script.language, Direction: "inbound", Caller: script.caller,
		Called: map[string]string{"main": "8000", "english": "8001"}[script.line], StartedAt: at, AnsweredAt: at.Add(120 * time.Millisecond),
		EndedAt: at.Add(time.Duration(120+length) * time.Millisecond), Outcome: script.outcome, EndCause: script.cause, TransferReason: script.reason,
		Agent: script.agent, Summary: script.summary, Codec: "PCMA/8000",
		Media: call.Quality{
			Security: "plain", Received: length / 20, Sent: length / 20, Lost: 3, JitterMS: 2.1, LossRate: 0.002, MOS: 4.3,
			FarMOS: 4.2, FarReports: length / 5000, FarLossRate: 0.004, FarJitterMS: 3.4, RoundTripMS: 24,
		},
		Signalling: call.Signalling{Trunk: "telecom", Network: "udp"},
	}
	if script.agent != "" {
		r.AgentMedia = []call.LegMedia{{Name: script.agent, Codec: "opus/48000/2", Media: call.Quality{
			Security: "dtls", Received: length / 40, Sent: length / 40, Lost: 41, JitterMS: 14.2, LossRate: 0.031, MOS: 3.6,
			FarMOS: 4.3, FarReports: length / 10000, FarLossRate: 0.001, FarJitterMS: 4.1, RoundTripMS: 38,
		}}}
	}
	if recorded {
		r.Recording = filepath.Join("recordings", id+".wav")
		if err := WriteRecording(filepath.Join(dataDir, r.Recording), turns, time.Duration(length)*time.Millisecond, -1); err != nil {
			return err
		}
	}
	if err := s.Begin(ctx, r); err != nil {
		return err
	}
	for _, t := range turns {
		if err := s.AddTurn(ctx, t); err != nil {
			return err
		}
	}
	if err := s.AddEvents(ctx, id, events); err != nil {
		return err
	}
	if script.wish == nil {
		return nil
	}
	w := *script.wish
	if w.Kind == "message" && recorded {
		said := turns[len(turns)-2]
		w.Recording = fmt.Sprintf("%s#t=%.1f,%.1f", filepath.ToSlash(r.Recording), float64(said.StartMS)/1000, float64(said.EndMS)/1000)
	}
	w.ID, w.Call, w.Number, w.CreatedAt = "01WISH"+id[20:], id, script.caller, r.EndedAt
	if err := s.AddWish(ctx, w); err != nil || w.Recording == "" {
		return err
	}
	return s.KeepTranscript(ctx, w.ID, call.Transcript{Text: "取件码过期了，麻烦尽快重新发一个，我下午要用。", Urgent: []string{"尽快"}})
}
