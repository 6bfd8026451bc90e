package carrier

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hotline/internal/config"
)

// TrunkForm is a carrier as a form holds it: durations in seconds, tables as rows.
type TrunkForm struct {
	Was            string          `json:"was,omitempty" maxLength:"64" doc:"its name as it is kept; empty is a new one"`
	Name           string          `json:"name" maxLength:"64"`
	AsSettings     bool            `json:"as_settings,omitempty" doc:"as hotline.yaml has it; all else but the name is not read"`
	Kind           string          `json:"kind" enum:"register,static"`
	Proxy          []string        `json:"proxy" maxItems:"16"`
	Domain         string          `json:"domain" maxLength:"255"`
	User           string          `json:"user" maxLength:"128"`
	AuthUser       string          `json:"auth_user" maxLength:"128"`
	Password       string          `json:"password,omitempty" maxLength:"256" doc:"a new one; it is never shown"`
	Expires        int             `json:"expires_s"`
	Addresses      []string        `json:"addresses" maxItems:"200" doc:"where its calls come from"`
	Inbound        []TrunkInbound  `json:"inbound" maxItems:"1000"`
	Outbound       []TrunkOutbound `json:"outbound" maxItems:"500"`
	CallerNumber   string          `json:"caller_number" maxLength:"64"`
	CallerNumbers  []string        `json:"caller_numbers" maxItems:"1000"`
	CallerStyle    string          `json:"caller_style" enum:"pai,from,account,rpid"`
	Channels       int             `json:"channels" doc:"0: no limit"`
	CallsPerSecond float64         `json:"calls_per_second" doc:"0: no limit"`
	Priority       int             `json:"priority"`
	Costs          []TrunkPrice    `json:"costs" maxItems:"1000"`
	Options        int             `json:"options_interval_s" doc:"0: it is never asked"`
	Codecs         []string        `json:"codecs" maxItems:"8"`
	DTMF           string          `json:"dtmf" enum:"auto,info,inband"`
}

// TrunkInbound is a called number and the line that answers it.
type TrunkInbound struct {
	Number string `json:"number" maxLength:"64" doc:"or the beginning of several; * is the rest"`
	Line   string `json:"line" maxLength:"64" doc:"its name or a number of it"`
}

// TrunkOutbound is which numbers go out by the trunk.
type TrunkOutbound struct {
	Match string `json:"match" maxLength:"64"`
	Strip int    `json:"strip"`
	Add   string `json:"add" maxLength:"64"`
}

// TrunkPrice is the price of a started minute.
type TrunkPrice struct {
	Prefix string  `json:"prefix" maxLength:"32"`
	Price  float64 `json:"price"`
}

// formOf is a trunk of the settings as a form holds it, without its password.
func formOf(t config.Trunk) TrunkForm {
	f := TrunkForm{
		Was: t.Name, Name: t.Name, Kind: t.Kind, Proxy: some(t.Proxy), Domain: t.Domain, User: t.User, AuthUser: t.AuthUser,
		Expires: int(t.Expires / time.Second), Addresses: some(t.Addresses), Inbound: []TrunkInbound{}, Outbound: []TrunkOutbound{},
		CallerNumber: t.CallerNumber, CallerNumbers: some(t.CallerNumbers), CallerStyle: t.CallerStyle, Channels: t.Channels,
		CallsPerSecond: t.CallsPerSecond, Priority: t.Priority, Costs: []TrunkPrice{}, Options: int(t.OptionsInterval / time.Second), Codecs: some(t.Codecs), DTMF: t.DTMF,
	}
	for _, n := range slices.Sorted(maps.Keys(t.Inbound)) {
		f.Inbound = append(f.Inbound, TrunkInbound{n, t.Inbound[n]})
	}
	for _, r := range t.Outbound {
		f.Outbound = append(f.Outbound, TrunkOutbound(r))
	}
	for _, p := range slices.Sorted(maps.Keys(t.Costs)) {
		f.Costs = append(f.Costs, TrunkPrice{p, t.Costs[p]})
	}
	return f
}

// settings are those of a form; what it leaves empty is as in hotline.yaml.
func (f TrunkForm) settings() config.Trunk {
	d := config.DefaultTrunk()
	t := config.Trunk{
		Name: f.Name, Kind: cmp.Or(f.Kind, d.Kind), Proxy: full(f.Proxy), Domain: f.Domain, User: f.User, AuthUser: f.AuthUser, Password: config.Secret(f.Password),
		Expires: cmp.Or(time.Duration(f.Expires)*time.Second, d.Expires), Addresses: full(f.Addresses), CallerNumber: f.CallerNumber, CallerNumbers: full(f.CallerNumbers),
		CallerStyle: cmp.Or(f.CallerStyle, d.CallerStyle), Channels: f.Channels, CallsPerSecond: f.CallsPerSecond, Priority: f.Priority,
		OptionsInterval: time.Duration(f.Options) * time.Second, Codecs: full(f.Codecs), DTMF: cmp.Or(f.DTMF, d.DTMF),
	}
	for _, i := range f.Inbound {
		if i != (TrunkInbound{}) {
			if t.Inbound == nil {
				t.Inbound = config.Table{}
			}
			t.Inbound[i.Number] = i.Line
		}
	}
	for _, o := range f.Outbound {
		t.Outbound = append(t.Outbound, config.OutboundRule(o))
	}
	for _, c := range f.Costs {
		if c != (TrunkPrice{}) {
			if t.Costs == nil {
				t.Costs = config.Prices{}
			}
			t.Costs[c.Prefix] = c.Price
		}
	}
	return t
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return slices.Clone(list)
}

// full are the entries that say something.
func full(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
}
