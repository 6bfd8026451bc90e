package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound/outboundtest"
	"hotline/internal/seal"
	"hotline/internal/stand"
	"hotline/internal/store"
	"hotline/internal/testdata"
	"hotline/sip/siptest"
)

// called are the telephones that a campaign's carrier has, by the last digit of their
// numbers.
func called(m *siptest.Message) []siptest.Reply {
	if m.Method() != "INVITE" {
		return nil
	}
	user, _, _ := strings.Cut(strings.TrimPrefix(siptest.URI(m.Get("To")), "sip:"), "@")
	switch user[len(user)-1] {
	case '0', '1', '2':
		return []siptest.Reply{{Status: 100}, {Status: 486}}
	case '3', '4':
		return []siptest.Reply{{Status: 100}, {Status: 180}} // until it is given up
	case '5':
		return []siptest.Reply{{Status: 100}, {Status: 180}, {Status: 603}}
	case '6':
		return []siptest.Reply{{Status: 100}, {Status: 404}}
	case '7':
		if strings.HasSuffix(user, "077") { // the trunk fails, and rests
			return []siptest.Reply{{Status: 100}, {Status: 500}}
		}
		return []siptest.Reply{{Status: 100}, {Status: 480}}
	}
	return nil // answers, and says nothing
}

// A campaign is called by the server itself, which is killed every few seconds: no number
// is called twice for one attempt, none sooner than its interval, and every contact ends
// with a reason. Only the intervals between attempts are short; the calls are real.
func TestCampaignThroughKills(t *testing.T) {
	minutes(t)
	contacts, every := 200, 6*time.Second
	if os.Getenv("HOTLINE_E2E_LONG") != "" {
		contacts, every = 2000, 15*time.Second
	}
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{Reply: called})
	// Where it is about noon now, so that it may be called at.
	zone := fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)
	if time.Now().UTC().Hour() == 12 {
		zone = "Etc/GMT"
	}
	settings := filepath.Join(t.TempDir(), "hotline.yaml")
	require.NoError(t, os.WriteFile(settings, fmt.Appendf(nil, `trunks:
  - name: carrier
    kind: static
    proxy: sip:%s
    caller_number: "02112345678"
    outbound: [{match: "+86"}]
    options_interval: 0s
outbound: {max_calls_per_minute: 0, max_calls_per_day: 0, max_same_number_per_hour: 0}
call: {silence: 4s, record: false}
`, carrier.Addr()), 0o600))
	dir, err := os.MkdirTemp("", "hotline-campaign") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	folders, err := stand.Business(dir, nil, filepath.Join(testdata.Root(t), "examples/retail-zh"))
	require.NoError(t, err)
	data := filepath.Join(dir, "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	n, err := stand.Start(t.Context(), stand.Config{
		Binary: binary(t), Business: folders, Data: data, Models: []string{filepath.Join(dir, "none")}, Settings: settings,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(n.LastWords())
		}
		require.NoError(t, n.Stop())
		_ = os.RemoveAll(dir)
	})
	sealer, err := seal.Load(filepath.Join(n.Data, "master.key"))
	require.NoError(t, err)
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(n.Data, "hotline.db"), Sealer: sealer, Node: "test"})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()

	c := campaigns.Campaign{
		ID: "notice", Name: "Delivery", Purpose: campaigns.Service, Mode: campaigns.Agentless, Order: campaigns.AsListed, From: "02112345678",
		Concurrency: 20, PerSecond: 20, Attempts: 3, Ring: 2 * time.Second,
		Variants: []campaigns.Variant{{Name: "a", Greeting: "您好，我是优选商城的智能助手，您的包裹明天送到。"}},
		Retry: map[campaigns.Outcome]campaigns.Retry{
			campaigns.Busy: {After: 3 * time.Second, Times: 2}, campaigns.NoAnswer: {After: 4 * time.Second, Times: 1}, campaigns.Silence: {After: 3 * time.Second, Times: 1},
			campaigns.Interrupted: {After: 2 * time.Second, Times: 3}, campaigns.Failed: {After: 3 * time.Second, Times: 1},
			campaigns.Declined: {}, // the default would wait for a day
		},
	}
	c, err = db.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	list := make([]campaigns.Contact, contacts)
	for i := range list {
		list[i] = campaigns.Contact{Number: fmt.Sprintf("+86138%08d", i), Zone: zone}
	}
	_, err = db.AddContacts(t.Context(), c.ID, list)
	require.NoError(t, err)
	suppressed := map[string]time.Time{}
	for i := 8; i < contacts; i += 50 {
		suppressed[list[i].Number] = time.Now()
		require.NoError(t, db.Suppress(t.Context(), []campaigns.Suppression{{Number: list[i].Number, List: "own", How: "list"}}))
	}
	_, err = db.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)

	var wg sync.WaitGroup
	over := make(chan struct{})
	kills := 0
	wg.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(every/2 + rand.N(every)):
			}
			assert.NoError(t, n.Kill())
			kills++
			assert.NoError(t, n.Restart(t.Context()))
		}
	})
	limit := time.Now().Add(time.Duration(contacts) * 3 * time.Second)
	done := func() bool {
		now, err := db.Campaign(t.Context(), c.ID)
		return err == nil && now.State == campaigns.Done
	}
	for !done() && time.Now().Before(limit) {
		time.Sleep(250 * time.Millisecond)
	}
	close(over)
	wg.Wait()
	require.True(t, done(), "the campaign ends")

	log := outboundtest.Log{Campaign: c, Suppressed: suppressed, Rung: map[string]int{}, Interval: map[campaigns.Outcome]time.Duration{}, PerDay: 3}
	for o, r := range c.Retry {
		log.Interval[o] = r.After
	}
	log.Zone, err = time.LoadLocation(zone)
	require.NoError(t, err)
	log.From, log.To = 9*60, 20*60
	for after := int64(0); ; {
		some, err := db.Contacts(t.Context(), store.ContactFilter{Campaign: c.ID, After: after, Limit: 1000})
		require.NoError(t, err)
		if len(some) == 0 {
			break
		}
		log.Contacts, after = append(log.Contacts, some...), some[len(some)-1].ID
	}
	log.Attempts, err = db.CampaignAttempts(t.Context(), c.ID, 0, 10*contacts)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, m := range carrier.Requests("INVITE") {
		if id := m.Get("Call-ID"); !seen[id] { // not what comes again within a call
			seen[id] = true
			user, _, _ := strings.Cut(strings.TrimPrefix(siptest.URI(m.Get("To")), "sip:"), "@")
			log.Rung[user]++
		}
	}
	require.Empty(t, outboundtest.Check(log))
	outcomes, why := map[campaigns.Outcome]int{}, map[string]int{}
	for _, a := range log.Attempts {
		outcomes[a.Outcome]++
		why[fmt.Sprint(a.Outcome, " ", a.Kind, " ", a.Status, " ", a.Error)]++
	}
	t.Logf("%d kills, %d attempts: %v", kills, len(log.Attempts), why)
	assert.Positive(t, kills)
	assert.Positive(t, outcomes[campaigns.Busy])
	assert.Positive(t, outcomes[campaigns.NoAnswer])
	assert.Positive(t, outcomes[campaigns.Declined])
}
