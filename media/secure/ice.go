package secure

import (
	"net/netip"
	"strings"

	"github.com/pion/stun/v3"

	"hotline/media/sdp"
)

// agent is a lite ICE agent (RFC 8445 section 2.5): it has host candidates only,
// never checks, and answers the checks of the far end, which controls.
type agent struct {
	keys    sdp.ICE
	chosen  [2]netip.AddrPort // by component, once the far end has nominated it
	seen    [2]netip.AddrPort // checked but not yet nominated
	message stun.Message
}

func newAgent(k sdp.ICE) *agent { return &agent{keys: k} }

// target is where to send: what was nominated, else what was checked, else what
// was described.
func (a *agent) target(at int, described netip.AddrPort) netip.AddrPort {
	switch {
	case a.chosen[at].IsValid():
		return a.chosen[at]
	case a.seen[at].IsValid():
		return a.seen[at]
	}
	return described
}

const maxCheck = 1024 // octets of a connectivity check that is looked at

// check answers a connectivity check; nil means that it is none, or not from who
// knows our password (RFC 8445 section 7.3).
func (a *agent) check(data []byte, from netip.AddrPort, at int) []byte {
	if len(data) > maxCheck || !stun.IsMessage(data) {
		return nil
	}
	m := &a.message
	m.Raw = append(m.Raw[:0], data...)
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil // indications keep the way open and need nothing
	}
	var user stun.Username
	if user.GetFrom(m) != nil {
		return nil
	}
	ours, _, _ := strings.Cut(user.String(), ":")
	if ours != a.keys.Ufrag || stun.NewShortTermIntegrity(a.keys.Password).Check(m) != nil {
		return nil
	}
	if m.Contains(stun.AttrFingerprint) && stun.Fingerprint.Check(m) != nil {
		return nil
	}
	id := m.TransactionID
	if m.Contains(stun.AttrICEControlled) {
		// RFC 8445 section 7.3.1.1: a lite agent is never controlling, so the far end
		// has it wrong.
		return reply(id, stun.BindingError, stun.CodeRoleConflict, stun.NewShortTermIntegrity(a.keys.Password), stun.Fingerprint)
	}
	a.seen[at] = from
	if m.Contains(stun.AttrUseCandidate) {
		a.chosen[at] = from
	}
	return reply(id, stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())},
		stun.NewShortTermIntegrity(a.keys.Password), stun.Fingerprint)
}

func reply(id [stun.TransactionIDSize]byte, parts ...stun.Setter) []byte {
	m, err := stun.Build(append([]stun.Setter{stun.NewTransactionIDSetter(id)}, parts...)...)
	if err != nil {
		return nil
	}
	return m.Raw
}
