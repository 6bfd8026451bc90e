package web

import (
	"net/http"
	"slices"

	"hotline/internal/store"
)

// A right is a set of roles.
type right []store.Role

func (r right) has(role store.Role) bool { return slices.Contains(r, role) }

var (
	look   = right{store.Admin, store.Supervisor, store.AgentRole, store.Analyst}
	work   = right{store.Admin, store.Supervisor, store.AgentRole}
	manage = right{store.Admin, store.Supervisor}
	govern = right{store.Admin}
	open   = right(nil) // nobody need sign in
)

// When an operation is written into the audit trail.
type auditing int

const (
	changes auditing = iota // unless it only reads
	always                  // a read of personal data: once in a while for each subject
	never                   // it says nothing that matters, or writes its own
)

// A rule says who may do an operation.
type rule struct {
	roles right
	scope string // the area that a token's scope names
	audit auditing
}

// accessTable says for each operation of the API, by its id, who may do it. What calls
// are seen is narrower still: see sees. An operation that is not here is no route.
func accessTable() map[string]rule {
	return map[string]rule{
		"login":  {open, "session", never}, // writes its own
		"me":     {look, "session", never},
		"logout": {look, "session", changes},

		"change-my-password":    {look, "account", changes},
		"my-sessions":           {look, "account", changes},
		"end-my-session":        {look, "account", changes},
		"end-my-other-sessions": {look, "account", changes},
		"begin-totp":            {look, "account", changes},
		"confirm-totp":          {look, "account", changes},
		"end-my-totp":           {look, "account", changes},

		"list-users":         {govern, "users", changes},
		"add-user":           {govern, "users", changes},
		"change-user":        {govern, "users", changes},
		"reset-password":     {govern, "users", changes},
		"end-totp":           {govern, "users", changes},
		"list-sessions":      {govern, "users", changes},
		"end-sessions":       {govern, "users", changes},
		"end-session":        {govern, "users", changes},
		"set-phone-password": {govern, "users", changes},
		"list-tokens":        {govern, "users", changes},
		"add-token":          {govern, "users", changes},
		"revoke-token":       {govern, "users", changes},

		"kept":            {govern, "privacy", changes},
		"privacy-report":  {govern, "privacy", always},
		"look-for-caller": {govern, "privacy", changes}, // it reads, and is written down as a change is
		"export-caller":   {govern, "privacy", never},   // writes its own
		"erase-caller":    {govern, "privacy", never},   // writes its own

		"audit":       {govern, "audit", changes},
		"audit-trail": {govern, "audit", changes},
		"check-trail": {govern, "audit", changes},

		"list-calls":    {look, "calls", changes}, // says itself whose numbers were shown
		"get-call":      {look, "calls", always},
		"export-calls":  {look, "calls", always},
		"get-recording": {look, "recordings", always},
		"get-waveform":  {look, "recordings", changes},
		"place-call":    {manage, "calls", changes},
		"hang-up":       {manage, "calls", changes},
		"join-call":     {manage, "calls", changes},

		"list-supervisors": {manage, "calls", changes},
		"supervise-call":   {manage, "calls", changes}, // its mode is in the audit trail's detail
		"leave-call":       {manage, "calls", changes},
		"supervisor-phone": {manage, "calls", never}, // as desk-phone

		"list-assessments":  {look, "quality", changes}, // as list-calls; agents see reviews of their own calls
		"get-assessment":    {look, "quality", always},
		"pick-assessment":   {manage, "quality", changes},
		"draw-assessments":  {manage, "quality", changes},
		"review-assessment": {manage, "quality", changes},
		"reply-assessment":  {work, "quality", changes}, // who had the call

		"list-nodes":   {look, "live", changes},
		"list-alerts":  {manage, "alerts", changes}, // as list-calls
		"change-alert": {manage, "alerts", changes},

		"set-agent-state": {work, "desk", changes}, // an agent his own only
		"queue":           {look, "live", changes},
		"share":           {look, "desk", changes},
		"set-share":       {manage, "desk", changes},
		"rollout":         {look, "desk", changes},
		"set-rollout":     {manage, "desk", changes},

		"list-campaigns":       {look, "campaigns", changes},
		"get-campaign":         {look, "campaigns", changes},
		"create-campaign":      {manage, "campaigns", changes},
		"change-campaign":      {manage, "campaigns", changes},
		"start-campaign":       {manage, "campaigns", changes},
		"pause-campaign":       {manage, "campaigns", changes},
		"resume-campaign":      {manage, "campaigns", changes},
		"stop-campaign":        {manage, "campaigns", changes},
		"campaign-results":     {look, "campaigns", changes},
		"forecast-campaign":    {look, "campaigns", changes},
		"list-contacts":        {look, "campaigns", always},
		"get-contact":          {look, "campaigns", always},
		"export-contacts-csv":  {look, "campaigns", always},
		"export-contacts-xlsx": {look, "campaigns", always},
		"add-contact":          {manage, "campaigns", changes},
		"import-contacts":      {manage, "campaigns", changes},
		"look-at-contacts":     {manage, "campaigns", never}, // it keeps nothing
		"withdraw-contact":     {manage, "campaigns", changes},
		"dial-contact":         {work, "campaigns", changes}, // by one's own telephone
		"next-contact":         {work, "campaigns", always},
		"skip-contact":         {work, "campaigns", changes},
		"trigger":              {manage, "campaigns", changes},
		"campaign-files":       {look, "campaigns", changes},
		"campaign-bounds":      {look, "campaigns", changes},
		"list-suppressions":    {look, "campaigns", always},
		"suppress":             {work, "campaigns", changes}, // whoever is asked to, at once
		"unsuppress":           {manage, "campaigns", changes},
		"import-suppressions":  {manage, "campaigns", changes},
		"list-consents":        {look, "campaigns", always},
		"add-consent":          {work, "campaigns", changes},
		"import-consents":      {manage, "campaigns", changes},

		"rules":       {govern, "rules", changes},
		"check-rules": {govern, "rules", never}, // it changes nothing
		"set-rules":   {govern, "rules", changes},
		"undo-rules":  {govern, "rules", changes},
		"sheets":      {govern, "rules", changes},
		"set-sheets":  {govern, "rules", changes},
		"undo-sheets": {govern, "rules", changes},
		"words":       {govern, "rules", changes},
		"set-words":   {govern, "rules", changes},
		"undo-words":  {govern, "rules", changes},

		"command-call":    {work, "calls", changes}, // an agent in his own only
		"desk":            {work, "desk", changes},
		"desk-phone":      {work, "desk", never},    // all the while, and it opens nothing that the session does not
		"wrap-up-call":    {work, "calls", changes}, // an agent his own only
		"get-wrap-up":     {work, "calls", always},  // as wrap-up-call, and one's own text only
		"keep-wrap-up":    {work, "calls", never},   // all the while he types; it is one's own, and what is saved is written down
		"list-wrap-ups":   {work, "calls", changes}, // one's own
		"wrap-up-figures": {look, "live", changes},  // an agent his own, a supervisor his teams'
		"call-assist":     {work, "calls", always},  // whoever talks in the call, nobody else
		"call-customer":   {work, "customers", always},
		"send-sms":        {work, "calls", changes}, // as wrap-up-call

		"list-wishes": {look, "wishes", changes}, // as list-calls
		"set-wish":    {work, "wishes", changes},

		"list-tickets":        {look, "tickets", changes}, // as list-calls
		"list-ticket-types":   {look, "tickets", changes},
		"export-tickets-csv":  {look, "tickets", always},
		"export-tickets-xlsx": {look, "tickets", always},
		"create-ticket":       {work, "tickets", changes},
		"get-ticket":          {look, "tickets", always},
		"change-ticket":       {work, "tickets", changes}, // an agent his own, his team's, nobody's
		"comment-ticket":      {work, "tickets", changes},
		"attach-file":         {work, "tickets", changes},
		"get-file":            {work, "tickets", always},
		"list-dead-webhooks":  {manage, "tickets", changes},
		"retry-webhook":       {manage, "tickets", changes},

		"list-reviews":   {look, "reviews", changes}, // an agent whom the owner has named
		"get-review":     {look, "reviews", always},
		"approve-review": {work, "reviews", changes},
		"refuse-review":  {work, "reviews", changes},
		"undo-review":    {work, "reviews", changes},

		"list-customers":       {look, "customers", changes}, // masked
		"get-customer":         {look, "customers", always},
		"get-customer-numbers": {work, "customers", always},
		"change-customer":      {work, "customers", changes},
		"merge-customers":      {manage, "customers", changes},
		"part-customer":        {manage, "customers", changes},
		"do-not-call":          {work, "customers", changes}, // whoever is asked to, at once
		"may-call":             {manage, "customers", changes},

		"list-knowledge":          {look, "knowledge", changes},
		"create-knowledge":        {manage, "knowledge", changes},
		"get-knowledge":           {look, "knowledge", changes},
		"change-knowledge":        {manage, "knowledge", changes},
		"list-knowledge-versions": {look, "knowledge", changes},
		"check-knowledge":         {look, "knowledge", never},
		"search-knowledge":        {look, "knowledge", never},
		"export-knowledge":        {look, "knowledge", changes},
		"write-knowledge":         {manage, "knowledge", changes},
		"import-knowledge":        {manage, "knowledge", changes},
		"submit-knowledge":        {manage, "knowledge", changes},
		"publish-knowledge":       {manage, "knowledge", changes},
		"withdraw-knowledge":      {manage, "knowledge", changes},
		"restore-knowledge":       {manage, "knowledge", changes},
		"discard-knowledge":       {manage, "knowledge", changes},
		"resolve-knowledge":       {manage, "knowledge", changes},
		"reject-knowledge":        {manage, "knowledge", changes},
		"list-proposals":          {look, "knowledge", changes},
		"look-for-proposals":      {manage, "knowledge", changes},
		"approve-proposals":       {manage, "knowledge", changes},
		"refuse-proposals":        {manage, "knowledge", changes},
		"undo-proposals":          {manage, "knowledge", changes},
		"paraphrase-question":     {manage, "knowledge", changes},

		"list-flows": {look, "flows", changes},
		"flow":       {look, "flows", changes},

		"flow-schema":        {look, "flows", changes},
		"list-flow-versions": {look, "flows", changes},
		"create-flow":        {manage, "flows", changes},
		"save-flow":          {manage, "flows", changes}, // which other systems are asked: an administrator
		"delete-flow":        {manage, "flows", changes},
		"restore-flow":       {manage, "flows", changes},
		"check-flow":         {manage, "flows", never},
		"try-flow":           {manage, "flows", never},
		"run-flow-dialogs":   {manage, "flows", never},

		"list-voices": {look, "system", changes},
		"speak":       {manage, "system", never},

		"figures":           {look, "live", changes},
		"list-agents":       {look, "live", changes},
		"events":            {look, "live", changes},
		"list-lines":        {look, "system", changes},
		"list-trunks":       {look, "system", changes},
		"trunk-settings":    {govern, "system", changes},
		"check-trunks":      {govern, "system", never}, // it only looks
		"set-trunks":        {govern, "system", changes},
		"undo-trunks":       {govern, "system", changes},
		"try-trunk":         {govern, "system", changes},
		"system":            {look, "system", changes},
		"list-public-lines": {open, "public", never},
	}
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// refuses tells why an identity may not do an operation; nil when it may.
func (r rule) refuses(i *identity, method string) *ProblemError {
	if r.roles == nil {
		return nil
	}
	if !r.roles.has(i.role) {
		return problem(http.StatusForbidden, "forbidden", "your role may not do this")
	}
	if len(i.scopes) == 0 {
		return nil
	}
	what := r.scope + ":write"
	if reads(method) {
		what = r.scope + ":read"
	}
	if !slices.Contains(i.scopes, r.scope) && !slices.Contains(i.scopes, what) {
		return problem(http.StatusForbidden, "scope", "the token's scopes do not include "+what)
	}
	return nil
}

// mayListen are the agents whose calls an identity sees, with "" for calls that no agent
// had; all when it sees everybody's.
func (s *Server) mayListen(i *identity) (agents []string, all bool) {
	switch i.role {
	case store.AgentRole:
		return []string{i.agent}, false
	case store.Supervisor:
		if len(i.user.Teams) == 0 || s.cfg.Teams == nil {
			return nil, true
		}
		agents = []string{"", i.agent}
		teams := s.cfg.Teams()
		for _, t := range i.user.Teams {
			agents = append(agents, teams[t]...)
		}
		return agents, false
	case store.Admin, store.Analyst:
		return nil, true
	default:
		return nil, false
	}
}

// sees tells whether an identity sees the call of an agent; "" for one that none had.
func (s *Server) sees(i *identity, call, agent string) bool {
	agents, all := s.mayListen(i)
	if all || slices.Contains(agents, agent) {
		return true
	}
	if s.cfg.Involved != nil {
		for _, a := range s.cfg.Involved(call) {
			if slices.Contains(agents, a) {
				return true
			}
		}
	}
	return false
}
