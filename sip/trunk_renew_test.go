package sip_test

import (
	"strings"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// registered are the times that a carrier was asked for, one for each REGISTER that it
// took.
func registered(c *siptest.Carrier) (out []string) {
	for _, m := range c.Requests("REGISTER") {
		out = append(out, m.Get("Expires"))
	}
	return out
}

// Trunks come, change and go while calls are in progress, which notice nothing.
func TestTrunksChangeWhileCallsGoOn(t *testing.T) {
	sideBySide(t)
	first, second := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret"}), siptest.NewCarrier(t, siptest.CarrierConfig{})
	a, b := account("a", first), static("b", second)
	a.Outbound, b.Outbound = []sip.OutboundRule{{Match: "+86"}}, []sip.OutboundRule{{Match: "955"}}
	trunks := trunksOf(t, sip.Policy{}, a)
	untilUp(t, trunks, "a")
	_, err := trunks.Dial(t.Context(), out("95588"))
	var refused *sip.PolicyError
	require.ErrorAs(t, err, &refused, "no rule names it yet")
	onA, err := trunks.Dial(t.Context(), out("+862112345678"))
	require.NoError(t, err)

	// One more: the one there was is not asked to register again.
	asked := len(registered(first))
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{a, b}))
	untilUp(t, trunks, "b")
	onB, err := trunks.Dial(t.Context(), out("95588"))
	require.NoError(t, err)
	assert.Equal(t, "b", trunks.Of(onB))
	assert.Len(t, registered(first), asked)

	// Its bounds and rules: calls in progress count, the registration stays.
	a.Channels = 1
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{a, b}))
	st := state(trunks, "a")
	assert.True(t, st.Up && st.Registered)
	assert.Equal(t, 1, st.Channels)
	assert.Equal(t, 1, st.MaxChannels)
	_, err = trunks.Dial(t.Context(), out("+862112345679"))
	require.ErrorContains(t, err, "has no free channel")
	assert.Len(t, registered(first), asked)

	// What is wrong changes nothing.
	wrong := b
	wrong.Name, wrong.Proxies = "c", nil
	require.ErrorContains(t, trunks.Renew([]sip.TrunkConfig{wrong}), `trunk "c": no proxy`)
	require.ErrorContains(t, trunks.Renew([]sip.TrunkConfig{b, b}), "the name is taken")
	require.Len(t, trunks.States(), 2)

	// Another way to the same account: it registers anew and never takes itself out.
	a.Channels, a.Expires = 0, 2*time.Minute
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{a, b}))
	eventually(t, "it registers by the new settings", func() bool { return strings.HasSuffix(strings.Join(registered(first), " "), "120") })
	assert.NotContains(t, registered(first), "0")

	// Gone: it unregisters, takes no calls, and its call ends by itself.
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{b}))
	eventually(t, "it unregisters", func() bool { return strings.HasSuffix(strings.Join(registered(first), " "), " 0") })
	require.Len(t, trunks.States(), 1)
	assert.Equal(t, "a", trunks.Of(onA))
	require.NoError(t, onA.Context().Err())
	_, err = trunks.Dial(t.Context(), out("+862112345679"))
	require.ErrorAs(t, err, &refused, "no rule names it any more")
	assert.Empty(t, first.Requests("BYE"))
	hangup(t, onA)
	eventually(t, "its call ends", func() bool { return len(first.Requests("BYE")) == 1 })

	// Another account of the same name: the old one is signed out, the new one in.
	third := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1002", Password: "secret"})
	c := account("c", third)
	c.User = "1002"
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{b, c}))
	untilUp(t, trunks, "c")
	c.Domain = "other.example"
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{b, c}))
	eventually(t, "it is registered there", func() bool {
		rs := third.Requests("REGISTER")
		return strings.Contains(rs[len(rs)-1].Start, "other.example") && state(trunks, "c").Registered
	})
	assert.Contains(t, registered(third), "0")
	hangup(t, onB)
}

// Settings are tried before they count, and leave nothing behind.
func TestTrunkSettingsAreTried(t *testing.T) {
	sideBySide(t)
	carrier := siptest.NewCarrier(t, siptest.CarrierConfig{User: "1001", Password: "secret"})
	trunks := trunksOf(t, sip.Policy{})
	try := func(c sip.TrunkConfig) (sip.Trial, string, string) {
		r, err := trunks.Try(t.Context(), c)
		require.NoError(t, err)
		options, register := r.Plain()
		return r, options, register
	}
	a := account("a", carrier)
	got, options, register := try(a)
	assert.Empty(t, options+register)
	assert.Equal(t, time.Minute, got.Granted)
	assert.Positive(t, got.RTT)
	assert.Contains(t, got.Proxy, carrier.Addr())
	assert.Equal(t, "0", registered(carrier)[len(registered(carrier))-1], "it is taken back")
	assert.Empty(t, trunks.States())

	a.Auth.Password = "wrong"
	_, options, register = try(a)
	assert.Empty(t, options)
	assert.Contains(t, register, "403")

	silent := siptest.NewCarrier(t, siptest.CarrierConfig{Silent: true})
	_, options, _ = try(static("b", silent))
	assert.Equal(t, "no response", options)

	_, err := trunks.Try(t.Context(), sip.TrunkConfig{Name: "c"})
	require.ErrorContains(t, err, "no proxy")

	// Of an account that is in use nothing is taken away.
	a = account("a", carrier)
	require.NoError(t, trunks.Renew([]sip.TrunkConfig{a}))
	untilUp(t, trunks, "a")
	before := len(registered(carrier))
	_, _, register = try(a)
	assert.Empty(t, register)
	eventually(t, "the trunk registers again", func() bool { return len(registered(carrier)) > before+1 })
	assert.NotContains(t, registered(carrier)[before:], "0")
	assert.True(t, state(trunks, "a").Registered)
}
