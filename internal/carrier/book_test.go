package carrier_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/carrier"
	"hotline/internal/config"
	"hotline/internal/rules"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// desk is a Book over the trunk of a settings file.
type desk struct {
	*testing.T

	book *carrier.Book
	put  []config.Trunk
	fail error
	db   *store.Store
	file string
}

func open(t *testing.T, settings ...config.Trunk) *desk {
	t.Helper()
	d := &desk{T: t, file: filepath.Join(t.TempDir(), "h.db")}
	sealer, _, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	d.db, err = store.Open(t.Context(), store.Config{URL: d.file, Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.db.Close()) })
	d.book = carrier.New(carrier.Config{
		Settings: settings, Node: "main", Store: d.db, Line: func(text string) bool { return text == "main" || text == "8000" },
		Put: func(list []config.Trunk) error {
			if d.fail == nil {
				d.put = list
			}
			return d.fail
		},
	})
	return d
}

func telecom() config.Trunk {
	t := config.DefaultTrunk()
	t.Name, t.Proxy, t.User, t.Password = "telecom", []string{"sip:carrier.example"}, "1001", "of the settings"
	t.Inbound, t.Outbound, t.Costs = config.Table{"*": "main"}, []config.OutboundRule{{Match: "+86"}}, config.Prices{"+86": 0.1}
	return t
}

func (d *desk) page() carrier.TrunkPage {
	d.Helper()
	p, err := d.book.Show(d.Context())
	require.NoError(d, err)
	data, err := json.Marshal(p)
	require.NoError(d, err)
	assert.NotContains(d, string(data), `"password"`, "nobody is shown one")
	assert.NotContains(d, string(data), "of the settings")
	return p
}

// save changes the trunks as the form has them.
func (d *desk) save(change func(p *carrier.TrunkPage)) (rules.EditCheck, error) {
	d.Helper()
	p := d.page()
	change(&p)
	return d.book.Save(d.Context(), p.Stamp, p.Trunks, "li")
}

func (d *desk) saved(change func(p *carrier.TrunkPage)) []string {
	d.Helper()
	done, err := d.save(change)
	require.NoError(d, err, "%v", done.Problems)
	return done.Changed
}

func (d *desk) password(name string) string {
	d.Helper()
	list, err := d.book.InForce(d.Context())
	require.NoError(d, err)
	for _, t := range list {
		if t.Name == name {
			return t.Password.Reveal()
		}
	}
	return ""
}

func fresh() carrier.TrunkForm {
	return carrier.TrunkForm{
		Name: "backup", Kind: "static", Proxy: []string{"sip:198.51.100.7"}, Expires: 300, Addresses: []string{"198.51.100.0/24"}, Inbound: []carrier.TrunkInbound{{Number: "0216123", Line: "8000"}},
		Outbound: []carrier.TrunkOutbound{{Match: "955"}}, CallerStyle: "from", Options: 30, DTMF: "auto", Codecs: []string{},
		CallerNumbers: []string{}, Costs: []carrier.TrunkPrice{},
	}
}

func TestTrunksOfTheConsoleGoOverTheSettings(t *testing.T) {
	d := open(t, telecom())
	p := d.page()
	require.Len(t, p.Trunks, 1)
	assert.Equal(t, map[string]string{"telecom": carrier.Settings}, p.Origins)
	assert.Equal(t, []string{"telecom"}, p.Secrets)
	assert.Empty(t, p.Problems)
	assert.Empty(t, d.saved(func(*carrier.TrunkPage) {}), "nothing is other")
	assert.Nil(t, d.put)

	// A new one, and another bound for that of the settings, which keeps its password.
	assert.Equal(t, []string{"telecom.channels", "backup"}, d.saved(func(p *carrier.TrunkPage) {
		p.Trunks[0].Channels = 30
		p.Trunks = append(p.Trunks, fresh())
	}))
	require.Len(t, d.put, 2)
	assert.Equal(t, 30, d.put[0].Channels)
	assert.Equal(t, config.Prices{"+86": 0.1}, d.put[0].Costs)
	assert.Equal(t, "of the settings", d.password("telecom"))
	assert.Equal(t, 30*time.Second, d.put[1].OptionsInterval)
	p = d.page()
	assert.Equal(t, map[string]string{"telecom": carrier.Changed, "backup": carrier.Console}, p.Origins)
	assert.Len(t, p.Settings, 1)
	assert.Equal(t, 0, p.Settings[0].Channels, "as hotline.yaml has it")
	require.Len(t, p.Versions, 1)
	assert.True(t, p.Versions[0].Now)

	// A password is taken, kept when nothing is said of it, moves with its name, and is
	// never told.
	assert.Equal(t, []string{"backup.kind", "backup.user", "backup.password"}, d.saved(func(p *carrier.TrunkPage) {
		p.Trunks[1].Kind, p.Trunks[1].User, p.Trunks[1].Password = "register", "2002", "of the console"
	}))
	assert.Equal(t, []string{"backup.channels"}, d.saved(func(p *carrier.TrunkPage) { p.Trunks[1].Channels = 2 }))
	assert.Equal(t, "of the console", d.password("backup"))
	assert.ElementsMatch(t, []string{"second", "backup"}, d.saved(func(p *carrier.TrunkPage) { p.Trunks[1].Name = "second" }))
	assert.Equal(t, "of the console", d.password("second"))
	assert.Contains(t, d.saved(func(p *carrier.TrunkPage) { p.Trunks[0].Password = "new" }), "telecom.password")
	assert.Equal(t, "new", d.password("telecom"))
	assert.Equal(t, []string{"telecom", "second"}, d.page().Secrets)

	// As hotline.yaml has it again; taken out; taken back.
	assert.Equal(t, []string{"telecom.channels", "telecom.password"}, d.saved(func(p *carrier.TrunkPage) { p.Trunks[0].AsSettings = true }))
	assert.Equal(t, carrier.Settings, d.page().Origins["telecom"])
	assert.Equal(t, []string{"telecom"}, d.saved(func(p *carrier.TrunkPage) { p.Trunks = p.Trunks[1:] }))
	require.Len(t, d.put, 1)
	p = d.page()
	require.Len(t, p.Settings, 1, "it can be taken in again")
	_, err := d.book.Undo(t.Context(), p.Versions[1].Version, "li")
	require.ErrorIs(t, err, rules.ErrNotLast)
	_, err = d.book.Undo(t.Context(), p.Versions[0].Version, "li")
	require.NoError(t, err)
	require.Len(t, d.put, 2)
	assert.Equal(t, "of the settings", d.password("telecom"))
	assert.Positive(t, d.page().Versions[0].Undoes)

	// Another server of the same database has its own.
	other := carrier.New(carrier.Config{Node: "b", Store: d.db})
	list, err := other.InForce(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.NotContains(t, contents(t, d.file), "of the console", "it is kept sealed")
}

// contents are the bytes of a database and of what belongs to it.
func contents(t *testing.T, file string) string {
	t.Helper()
	files, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	var all []byte
	for _, f := range files {
		data, err := os.ReadFile(filepath.Clean(f))
		require.NoError(t, err)
		all = append(all, data...)
	}
	return string(all)
}

// Who may change a server's address must not get the password that he cannot see sent there.
func TestAKeptPasswordGoesToNoOtherServer(t *testing.T) {
	d := open(t, telecom())
	d.saved(func(p *carrier.TrunkPage) {
		mine := fresh()
		mine.Kind, mine.User, mine.Password = "register", "2002", "of the console"
		free := fresh()
		free.Name = "free"
		p.Trunks = append(p.Trunks, mine, free)
	})
	for name, change := range map[string]func(p *carrier.TrunkPage){
		"of the settings":    func(p *carrier.TrunkPage) { p.Trunks[0].Proxy[0] = "sip:evil.example" },
		"of the console":     func(p *carrier.TrunkPage) { p.Trunks[1].Proxy[0] = "sip:evil.example" },
		"one more server":    func(p *carrier.TrunkPage) { p.Trunks[0].Proxy = append(p.Trunks[0].Proxy, "evil.example") },
		"not encrypted":      func(p *carrier.TrunkPage) { p.Trunks[0].Proxy[0] += ";transport=udp" },
		"by its address":     func(p *carrier.TrunkPage) { p.Trunks[0].Kind, p.Trunks[0].Proxy[0] = "static", "sip:evil.example" },
		"under another name": func(p *carrier.TrunkPage) { p.Trunks[1].Name, p.Trunks[1].Proxy[0] = "other", "sip:evil.example" },
		"as if it were new":  func(p *carrier.TrunkPage) { p.Trunks[0].Was, p.Trunks[0].Proxy[0] = "", "sip:evil.example" },
		"another in its place": func(p *carrier.TrunkPage) {
			p.Trunks[2].Name, p.Trunks[2].Kind, p.Trunks[2].User, p.Trunks = "telecom", "register", "1001", p.Trunks[1:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := d.page()
			change(&p)
			for _, f := range p.Trunks {
				one, check, err := d.book.One(t.Context(), f)
				require.NoError(t, err)
				if strings.Contains(strings.Join(one.Proxy, " "), "evil.example") {
					require.NotEmpty(t, check.Problems, "nor is it tried there")
				}
			}
			done, err := d.book.Save(t.Context(), p.Stamp, p.Trunks, "li")
			require.ErrorIs(t, err, rules.ErrWrong)
			require.Len(t, done.Problems, 1)
			assert.True(t, strings.HasSuffix(done.Problems[0].Field, ".password"), done.Problems[0].Field)
			assert.Contains(t, done.Problems[0].English, "again")
		})
	}
	// Typed again it goes there; written otherwise it is the same server.
	assert.Equal(t, []string{"telecom.proxy", "telecom.password"}, d.saved(func(p *carrier.TrunkPage) {
		p.Trunks[0].Proxy, p.Trunks[0].Password = []string{"sip:new.example", "sip:old.example"}, "typed"
	}))
	assert.Equal(t, []string{"telecom.proxy"}, d.saved(func(p *carrier.TrunkPage) { p.Trunks[0].Proxy = []string{"SIP:Old.example", "new.example"} }))
	assert.Equal(t, "typed", d.password("telecom"))
	// Nor does that of the settings go where another one was typed for.
	_, err := d.save(func(p *carrier.TrunkPage) { p.Trunks[0].Was = "" })
	require.ErrorIs(t, err, rules.ErrWrong)
}

func TestWrongTrunksAreNotTaken(t *testing.T) {
	for field, change := range map[string]func(f *carrier.TrunkForm){
		"name":               func(f *carrier.TrunkForm) { f.Name = "Old Carrier" },
		"proxy":              func(f *carrier.TrunkForm) { f.Proxy = nil },
		"user":               func(f *carrier.TrunkForm) { f.Kind, f.Password = "register", "x" },
		"password":           func(f *carrier.TrunkForm) { f.Kind, f.User = "register", "1" },
		"addresses":          func(f *carrier.TrunkForm) { f.Addresses = []string{"0.0.0.0/0"} },
		"inbound[0]":         func(f *carrier.TrunkForm) { f.Inbound[0].Line = "" },
		"outbound[0].match":  func(f *carrier.TrunkForm) { f.Outbound[0].Match = "abc" },
		"outbound[0].strip":  func(f *carrier.TrunkForm) { f.Outbound[0].Strip = 9 },
		"costs":              func(f *carrier.TrunkForm) { f.Costs = []carrier.TrunkPrice{{Prefix: "+86", Price: -1}} },
		"channels":           func(f *carrier.TrunkForm) { f.Channels = -1 },
		"expires_s":          func(f *carrier.TrunkForm) { f.Expires = -1 },
		"options_interval_s": func(f *carrier.TrunkForm) { f.Options = -1 },
		"codecs":             func(f *carrier.TrunkForm) { f.Codecs = []string{"MP3"} },
	} {
		t.Run(field, func(t *testing.T) {
			d := open(t, telecom())
			wrong := fresh()
			change(&wrong)
			done, err := d.save(func(p *carrier.TrunkPage) { p.Trunks = append(p.Trunks, wrong) })
			require.ErrorIs(t, err, rules.ErrWrong)
			var at []string
			for _, p := range done.Problems {
				at = append(at, p.Field)
				assert.NotEmpty(t, p.English)
				assert.NotEqual(t, "写法不对", p.Chinese)
			}
			assert.Equal(t, []string{"trunks[1]." + field}, at)
			assert.Nil(t, d.put)
		})
	}
	d := open(t, telecom())
	_, err := d.save(func(p *carrier.TrunkPage) { p.Stamp = "older" })
	require.ErrorIs(t, err, rules.ErrStale)
	same := fresh()
	same.Name = "telecom"
	_, err = d.save(func(p *carrier.TrunkPage) { p.Trunks = append(p.Trunks, same) })
	require.ErrorIs(t, err, rules.ErrWrong)
	stray := fresh()
	stray.Inbound[0].Line = "nobody"
	check, err := d.book.Check(t.Context(), []carrier.TrunkForm{stray})
	require.NoError(t, err)
	require.Len(t, check.Problems, 1)
	assert.Equal(t, "warning", check.Problems[0].Severity)

	// What the server refuses is not kept.
	d.fail = errors.New("no such thing")
	done, err := d.save(func(p *carrier.TrunkPage) { p.Trunks = append(p.Trunks, fresh()) })
	require.ErrorIs(t, err, rules.ErrWrong)
	assert.Contains(t, done.Problems[0].English, "no such thing")
	assert.Empty(t, d.page().Versions)
	list, err := d.book.InForce(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	assert.Len(t, list, 1)
}

func TestAFormSaysWhatTheSettingsSay(t *testing.T) {
	d := open(t, telecom())
	one, check, err := d.book.One(t.Context(), d.page().Trunks[0])
	require.NoError(t, err)
	assert.Empty(t, check.Problems)
	want := telecom()
	assert.Equal(t, want.Password, one.Password)
	assert.True(t, strings.HasPrefix(one.Proxy[0], "sip:"))
	assert.Equal(t, want.Expires, one.Expires)
	assert.Equal(t, want.Inbound, one.Inbound)
	assert.Equal(t, want.Outbound, one.Outbound)
	assert.Equal(t, want.OptionsInterval, one.OptionsInterval)
}
