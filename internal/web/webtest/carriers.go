package webtest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"hotline/internal/business"
	"hotline/internal/carrier"
	"hotline/internal/config" //nolint:depguard // it stands in for cmd, which fills it
	"hotline/internal/rules"
	"hotline/internal/store"
	"hotline/internal/web"
)

// Carriers are the settings of the trunks that Services lists. A carrier whose server has
// "silent" in its name does not answer.
type Carriers struct{ *carrier.Book }

// NewCarriers returns those of two carriers.
func NewCarriers(s *store.Store) Carriers {
	telecom, backup := config.DefaultTrunk(), config.DefaultTrunk()
	telecom.Name, telecom.Proxy, telecom.User, telecom.Password = "telecom", []string{"sip:sip.telecom.example"}, "02161234567", "secret"
	telecom.Inbound, telecom.Outbound = config.Table{"02161234567": "main"}, []config.OutboundRule{{Match: "+86", Strip: 3, Add: "0"}}
	telecom.Channels, telecom.Costs = 30, config.Prices{"+86": 0.1}
	backup.Name, backup.Kind, backup.Proxy, backup.Addresses = "backup", "static", []string{"sip:198.51.100.7:5060"}, []string{"198.51.100.0/24"}
	return Carriers{carrier.New(carrier.Config{
		Settings: []config.Trunk{telecom, backup}, Node: "main", Store: s, Put: func([]config.Trunk) error { return nil },
		Line: func(text string) bool { return text != "nobody" },
	})}
}

// Try implements web.Carriers.
func (c Carriers) Try(ctx context.Context, t carrier.TrunkForm) (web.TrunkTrial, rules.EditCheck, error) {
	_, check, err := c.One(ctx, t)
	if err != nil || slices.ContainsFunc(check.Problems, func(p rules.EditProblem) bool { return p.Severity == string(business.Error) }) {
		return web.TrunkTrial{}, check, errors.Join(err, rules.ErrWrong)
	}
	out := web.TrunkTrial{Proxy: t.Proxy[0], RTT: 18, Registers: t.Kind == "register", Granted: 300}
	if strings.Contains(t.Proxy[0], "silent") {
		out.OptionsError, out.RegisterError, out.RTT, out.Granted = "no response", "no response", 0, 0
	}
	return out, check, nil
}
