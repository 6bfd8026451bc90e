package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/config"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
	return p
}

func TestDefaultsAreValidAndAsPromised(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := config.Load("", nil)
	require.NoError(t, err)
	require.Equal(t, []string{":5060"}, c.SIP.Listen)
	require.Equal(t, ":8080", c.HTTP.Listen)
	require.Equal(t, []int{20000, 29999}, []int{c.RTP.Low, c.RTP.High})
	require.Equal(t, "data", c.Data.Dir)
	require.Empty(t, c.Database.URL)
}

func TestEnvironmentLiesOverTheFile(t *testing.T) {
	p := write(t, "hotline.yaml", `
business: pack
sip: {listen: "127.0.0.1:5070"}
speech:
  asr: {zh: asr/a, en: asr/b}
  urls: [http://one]
call: {silence: 15 秒}
models: [~/m, other]
`)
	c, err := config.Load(p, []string{
		"HOME=/home/x", "HOTLINE_SIP_LISTEN=:6000", "HOTLINE_SPEECH_URLS=http://a, http://b",
		"HOTLINE_API_TOKEN=abc", "HOTLINE_CALL_RECORD=false", "HOTLINE_PORT_8080_TCP=tcp://x", "PATH=/bin",
	})
	require.NoError(t, err)
	require.Equal(t, []string{":6000"}, c.SIP.Listen)
	require.Equal(t, []string{"http://a", "http://b"}, c.Speech.URLs)
	require.Equal(t, "asr/a", c.Speech.ASR.For("zh"))
	require.Empty(t, c.Speech.ASR.For("fr"))
	require.Equal(t, 15*time.Second, c.Call.Silence)
	require.Equal(t, "abc", c.API.Token.Reveal())
	require.False(t, c.Call.Record)
	require.Equal(t, []string{filepath.Join(filepath.Dir(p), "pack")}, c.Business, "folders in the file count from the file")
	require.Equal(t, []string{"/home/x/m", filepath.Join(filepath.Dir(p), "other")}, c.Models)
	require.Equal(t, []string{"HOTLINE_PORT_8080_TCP"}, c.Unused)
}

func TestEveryProblemIsReportedAtOnceWithItsPlace(t *testing.T) {
	p := write(t, "hotline.yaml", `
sip:
  listn: ":5060"
rtp:
  low: twenty
  high: 30001
log: {level: loud}
api:
  token: hunter2
call: {silence: 5}
`)
	_, err := config.Load(p, []string{"HOTLINE_SIP_LISTN=:1", "HOTLINE_HTTP_LISTEN=nowhere"})
	require.Error(t, err)
	for _, want := range []string{
		p + `:3: sip: unknown key "listn", did you mean "listen"?`,
		p + `:5: rtp.low: "twenty" is not a whole number`,
		p + `:9: api.token is a secret`,
		`HOTLINE_API_TOKEN`, `token_file`,
		p + `:10: call.silence: "5" is not a length of time`,
		`HOTLINE_SIP_LISTN: no such setting, did you mean HOTLINE_SIP_LISTEN?`,
		`http.listen: "nowhere"`,
		`log.level: "loud" is none of debug, info, warn, error`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestSecretsComeFromFilesAndAreNeverShown(t *testing.T) {
	secret := write(t, "token", "s3cr3t-text\n")
	p := write(t, "hotline.yaml", "api: {token_file: "+secret+"}\ndatabase: {url: 'postgres://hotline@db/calls'}\n")
	c, err := config.Load(p, []string{"HOTLINE_LLM_API_KEY_FILE=" + secret, "HOTLINE_DEMO_PASSWORD=s3cr3t-text"})
	require.NoError(t, err)
	require.Equal(t, "s3cr3t-text", c.API.Token.Reveal())
	require.Equal(t, "s3cr3t-text", c.LLM.APIKey.Reveal())

	j, err := json.Marshal(c)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "token", c.API.Token)
	var settings strings.Builder
	for _, s := range c.Settings() {
		fmt.Fprintln(&settings, s.Key, s.Value)
	}
	for _, out := range []string{string(j), log.String(), settings.String(), fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.API.Token, c.API.Token, c.API.Token)} {
		require.NotContains(t, out, "s3cr3t-text")
		require.NotContains(t, out, "7333637233")
	}

	_, err = config.Load(write(t, "h.yaml", "database: {url: 'postgres://u:pw123@db/calls'}\n"), nil)
	require.ErrorContains(t, err, "HOTLINE_DATABASE_URL")
	require.NotContains(t, err.Error(), "pw123")
	require.Equal(t, "postgres://u:xxxxx@db/calls", config.Secret("postgres://u:pw123@db/calls").String())
}

func TestLimitsAgainstOverloadAndStrangers(t *testing.T) {
	c, err := config.Load(write(t, "h.yaml", "overload: {cpu: 75, late: 40ms}\nguard: {trusted: [192.0.2.0/24, '2001:db8::1'], block: 5m}\n"), nil)
	require.NoError(t, err)
	require.Equal(t, config.Overload{CPU: 75, Memory: 92, Late: 40 * time.Millisecond}, c.Overload)
	require.Equal(t, []string{"192.0.2.0/24", "2001:db8::1"}, c.Guard.Trusted)
	_, err = config.Load(write(t, "h.yaml", "overload: {cpu: 0}\nguard: {trusted: [carrier.example], calls_per_second: 0}\n"), nil)
	for _, want := range []string{"overload.cpu: 0 is no share", `guard.trusted: "carrier.example" is neither`, "guard.calls_per_second: 0 shuts"} {
		require.ErrorContains(t, err, want)
	}
}

func TestBoundsOfCampaigns(t *testing.T) {
	p := write(t, "h.yaml", "campaigns: {hours: ['09:00-12:00', '14:00-20:00'], max_per_number_per_day: 1, consent: [marketing, survey], national: [none], national_lists: [dnc.csv], regions: [+86]}\nanswers: {silence: 4s}\n")
	c, err := config.Load(p, []string{"HOTLINE_CAMPAIGNS_MAX_PER_NUMBER_PER_WEEK=2", "HOTLINE_ANSWERS_HELLO=300ms", "HOTLINE_CAMPAIGNS_HOLIDAYS=false"})
	require.NoError(t, err)
	require.Equal(t, config.Campaigns{
		Hours: []string{"09:00-12:00", "14:00-20:00"}, MaxPerNumberPerDay: 1, MaxPerNumberPerWeek: 2, Consent: []string{"marketing", "survey"}, National: []string{"none"},
		NationalLists: []string{filepath.Join(filepath.Dir(p), "dnc.csv")}, Regions: []string{"+86"},
	}, c.Campaigns)
	require.Empty(t, config.Purposes(c.Campaigns.National))
	require.Equal(t, config.Answers{Silence: 4 * time.Second, FirstWords: 2 * time.Second, Hello: 300 * time.Millisecond, Greeting: time.Minute, Quiet: 2200 * time.Millisecond}, c.Answers)

	_, err = config.Load(write(t, "h.yaml", "campaigns: {hours: [], max_per_number_per_day: -1, consent: [], national: [none, survey], regions: [CN], disclosure: false}\nanswers: {silence: 50s, quiet: 1ms, greeting: 1s}\n"), nil)
	for _, want := range []string{
		"campaigns.hours: is empty", "campaigns.max_per_number_per_day: -1 is negative", "campaigns.consent: is empty; name purposes, or write none", `campaigns.national: "none" is none of`,
		`campaigns.regions: "CN" is no beginning`, `unknown key "disclosure"`, "answers.silence: 50s is not within 1s and 30s", "answers.quiet: 1ms is not within", "answers.greeting: 1s",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = config.Load(write(t, "h.yaml", "campaigns: {hours: ['21:00-08:00']}\n"), nil)
	require.ErrorContains(t, err, `campaigns.hours: "21:00-08:00"`)
}

func TestAFileThatWasNamedMustExist(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "no.yaml"), nil)
	require.ErrorContains(t, err, "no.yaml")
}

func FuzzLoad(f *testing.F) {
	f.Add("sip: {listen: x}\nrtp:\n  low: 1\n", "HOTLINE_SIP_LISTEN=:1")
	f.Add("a: &a [*a]\n<<: *a", "HOTLINE_=")
	f.Add("api: [1]\napi: {token_file: }\n", "HOTLINE_API_TOKEN_FILE=")
	f.Fuzz(func(t *testing.T, text, env string) {
		p := write(t, "h.yaml", text)
		c, err := config.Load(p, []string{env})
		if err == nil {
			require.NotEmpty(t, c.SIP.Listen)
		}
	})
}
