package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/assist"
	"hotline/internal/call"
	"hotline/internal/stand"
)

// whispered is what an agent's page is told, by the event stream.
type whispered struct {
	suggested chan assist.Suggestion
	warned    chan assist.Warning
}

// page opens an agent's page, so far as its events go, until the test ends.
func page(t *testing.T, s *stand.Stand, agent string) *whispered {
	t.Helper()
	status, answer, err := s.Post(t.Context(), "/api/v1/tokens", map[string]any{"name": agent, "role": "agent", "days": 1})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", answer)
	var token struct {
		Secret string `json:"token"`
	}
	require.NoError(t, json.Unmarshal(answer, &token))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Web+"/api/v1/events?kinds=assist.suggested,assist.warned", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token.Secret)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	w := &whispered{make(chan assist.Suggestion, 64), make(chan assist.Warning, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		kind := ""
		for lines.Scan() {
			if k, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				kind = k
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			switch {
			case !ok:
			case kind == string(assist.Suggested):
				tell(t, w.suggested, data)
			case kind == string(assist.Warned):
				tell(t, w.warned, data)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = resp.Body.Close()
	})
	return w
}

func tell[T any](t *testing.T, to chan T, data string) {
	t.Helper()
	var e struct {
		Data T `json:"data"`
	}
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		t.Errorf("an event of the agent's page: %s: %v", data, err)
		return
	}
	select {
	case to <- e.Data:
	default:
	}
}

// What a caller asks an agent, both on telephones, is heard by the recogniser and brings
// the agent answers; what the agent promises brings him a warning. Nobody else is told.
func TestWhatIsSaidBetweenPeopleHelpsTheAgent(t *testing.T) {
	minutes(t)
	s := shared(t)
	for _, talk := range []struct{ number, asks, about, promises string }{
		{"8000", "我想问一下，退货的运费由谁来出？", "运费", "我向您保证，明天一定给您退款。"},
		{"8001", "Could you tell me how long the warranty is?", "warranty", "I promise you will have the money back by tomorrow."},
	} {
		t.Run(talk.number, func(t *testing.T) {
			question, promise := voice(t, talk.asks), voice(t, talk.promises)
			told, others := page(t, s, "agent1"), page(t, s, "agent2")
			desk := atDesk(t, s, "agent1")
			registered(t, s, "agent1", "ready")
			var s1 assist.Suggestion
			var w1 assist.Warning
			ring(t, s, talk.number, func(c *caller) {
				c.listen(0)
				c.keys("0")
				require.True(t, c.await(60*time.Second, func() bool {
					live, err := s.Live(c.ctx, c.number)
					return err == nil && len(live.Events(call.KindBridge)) > 0
				}), "a person takes the call")
				agent := desk.talks()
				require.NotNil(t, agent)
				c.pause(time.Second)
				for range 3 { // a slow machine hears late: he asks again
					c.say(question)
					if c.await(20*time.Second, func() bool { return helps(told.suggested, talk.about, &s1) }) {
						break
					}
				}
				for range 3 {
					agent.say(promise)
					if c.await(20*time.Second, func() bool {
						select {
						case w1 = <-told.warned:
							return w1.Kind == assist.Promised
						default:
							return false
						}
					}) {
						break
					}
				}
				desk.hangUp()
				c.untilHungUp()
			})
			assert.NotEmpty(t, s1.Answers, "the agent is shown answers about %s", talk.about)
			assert.Equal(t, assist.Promised, w1.Kind, "the agent is told that he gave his word")
			assert.Equal(t, "agent", w1.Speaker)
			assert.Empty(t, others.suggested, "nobody else is")
			assert.Empty(t, others.warned)
		})
	}
}

// helps takes what was suggested until an answer is about something.
func helps(suggested <-chan assist.Suggestion, about string, last *assist.Suggestion) bool {
	for {
		select {
		case s := <-suggested:
			for _, a := range s.Answers {
				if strings.Contains(strings.ToLower(a.Question+a.Long), about) {
					*last = s
					return true
				}
			}
		default:
			return false
		}
	}
}
