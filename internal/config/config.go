package config

import "time"

// Config is everything that a server needs to be told about the machine it runs
// on. What the business says and knows is in its own folder (package business).
//
// The comments below are the text of docs/settings.md: the first paragraph says
// what the field is for and its unit.
type Config struct {
	// The folders of the businesses that this server answers for. The first line
	// that is marked as default, in the first folder that has one, takes the
	// numbers that nobody listed.
	Business []string `yaml:"business" file:"path"`
	// Where models are looked for, first hit wins. In the environment the folders
	// are separated as in PATH.
	Models []string `yaml:"models" env:"path" file:"path"`
	// A file with the key that personal data is sealed with. Without it one is
	// made in the data folder at the first start.
	MasterKeyFile string `yaml:"master_key_file" file:"path"`
	// The password of the demo agents and of the first console login. Without it
	// one is made and printed at the first start.
	DemoPassword Secret `yaml:"demo_password"`
	// The carriers that calls come from and go out to; see Trunks below.
	Trunks []Trunk `yaml:"trunks"`

	SIP       SIP       `yaml:"sip"`
	RTP       RTP       `yaml:"rtp"`
	HTTP      HTTP      `yaml:"http"`
	Data      Data      `yaml:"data"`
	Database  Database  `yaml:"database"`
	Speech    Speech    `yaml:"speech"`
	LLM       LLM       `yaml:"llm"`
	SMS       SMS       `yaml:"sms"`
	Webhook   Webhook   `yaml:"webhook"`
	API       API       `yaml:"api"`
	Call      Call      `yaml:"call"`
	Outbound  Outbound  `yaml:"outbound"`
	Campaigns Campaigns `yaml:"campaigns"`
	Answers   Answers   `yaml:"answers"`
	Overload  Overload  `yaml:"overload"`
	Guard     Guard     `yaml:"guard"`
	Privacy   Privacy   `yaml:"privacy"`
	Log       Log       `yaml:"log"`

	// Unused are HOTLINE_* variables that mean nothing here.
	Unused []string `yaml:"-"`
}

// SIP is the telephone signalling.
type SIP struct {
	// The addresses that signalling is taken on: udp:, tcp:, tls:, ws: or wss: before
	// ADDRESS:PORT, tls::5061 say. Without one of these, both UDP and TCP. Browsers
	// need none: WebSocket is at /sip of the console's address.
	Listen []string `yaml:"listen"`
	// The host, or host:port, that the outside reaches us by, for a server behind
	// address translation; the port counts for UDP and TCP. Empty: the address of the
	// interface that a packet came in on.
	PublicAddr string `yaml:"public_addr"`
	// The networks (192.168.0.0/16) on our side of that translation, which are shown
	// our own address. Empty: those that are private.
	LocalNetworks []string `yaml:"local_networks"`
	// The certificate for tls: and wss:, with those that lead to its authority, in
	// PEM. It is read again when the file changes.
	TLSCert string `yaml:"tls_cert" file:"path"`
	// Its key, in PEM.
	TLSKey string `yaml:"tls_key" file:"path"`
	// Authorities that may sign the certificates of carriers and phones that we
	// connect to by TLS, in PEM, beside those of the system.
	TLSCA string `yaml:"tls_ca" file:"path"`
	// Pages of other hosts that browsers may call from: HOST, *.DOMAIN or
	// https://HOST:PORT. Those of our own host always may.
	Origins []string `yaml:"origins"`
	// The digests that phones may log in by, the most wanted first: MD5, SHA-256.
	// Some phones give up when they are offered another than MD5; browsers are
	// offered MD5 alone.
	Digest []string `yaml:"digest"`
	// How often registered phones are asked whether they are there, which keeps their
	// way through address translation open. 0: never.
	Ping time.Duration `yaml:"ping"`
	// The realm of digest authentication. Changing it makes stored digests useless.
	Realm string `yaml:"realm"`
	// How long a registration lasts at most before the phone must renew it.
	MaxExpires time.Duration `yaml:"max_expires"`
	// Whether calls are answered that come from neither a trunk nor a registered
	// phone. Where trunks are the only way in, say false; the page /call is refused
	// then too.
	AnonymousCalls bool `yaml:"anonymous_calls"`
	// How often both ends assure each other that a call still stands (session timers,
	// RFC 4028), and the longest time that we agree to. 0: never.
	SessionExpires time.Duration `yaml:"session_expires"`
	// How long a far end may say nothing inside a call, not by its telephone's signals
	// at least, before it is asked whether it is still there. One that vanished, from a
	// hold for example, is hung up on three minutes later. 0: it is never asked.
	CheckCalls time.Duration `yaml:"check_calls"`
	// The shortest such time that a carrier or phone may ask for, 90s at least.
	MinSession time.Duration `yaml:"min_session"`
	// Whether callers have to acknowledge ringing and early media (100rel, RFC 3262):
	// supported (early media, by those that can), required (all, by everybody) or off.
	Reliable string `yaml:"reliable"`
	// Whether changes to a call in progress are offered by UPDATE where the other end
	// takes it. Otherwise they go by re-INVITE, which every phone knows.
	OfferByUpdate bool `yaml:"offer_by_update"`
	// Addresses and networks besides the trunks that are believed when they say who
	// calls (P-Asserted-Identity, Remote-Party-ID): a telephone system, a proxy.
	// Nobody else is.
	TrustedIdentity []string `yaml:"trusted_identity"`
}

// RTP is the sound of calls.
type RTP struct {
	// The lowest port for sound. Even; each call takes a pair.
	Low int `yaml:"low"`
	// The highest port for sound.
	High int `yaml:"high"`
	// The one UDP port for the sound of all browsers. 0: the port above rtp.high, or
	// if that is taken any.
	WebRTCPort int `yaml:"webrtc_port"`
	// The address for sound that is told to the other side, for a server behind
	// address translation. Empty: that of sip.public_addr, or of the interface.
	PublicAddr string `yaml:"public_addr"`
	// Encryption of the sound: optional takes SRTP where the other side offers it
	// and offers it beside plain sound, required refuses plain sound, off refuses
	// encryption.
	SRTP string `yaml:"srtp"`
	// The codecs of calls, the most wanted first: PCMA, PCMU, opus, G722. The first of
	// them that the other side has is taken; what two joined legs both have goes
	// before. A carrier's own list is in its trunk.
	Codecs []string `yaml:"codecs"`
	// Whether keys are listened for as tones in the sound: auto where the other side
	// has no telephone events, always, or never.
	KeyTones string `yaml:"key_tones"`
}

// HTTP is the console, the API and SIP over WebSocket.
type HTTP struct {
	// The address that the web server is reached on.
	Listen string `yaml:"listen"`
	// A certificate in PEM, with those that lead to its authority; then the address
	// speaks https alone. Browsers give the microphone to pages of this machine and
	// to https. It is read again when the file changes.
	TLSCert string `yaml:"tls_cert" file:"path"`
	// Its key, in PEM.
	TLSKey string `yaml:"tls_key" file:"path"`
	// The address under which people reach this console, such as https://desk.example.com.
	// Other servers on the same database send them there for what only this one can do;
	// empty: they are told its name alone.
	URL string `yaml:"url"`
	// How long a login in the console lasts.
	Session time.Duration `yaml:"session"`
	// Whether anyone who reaches the web server may call from their browser, at
	// /call. Without it browsers can still be agents' telephones.
	CallPage bool `yaml:"call_page"`
}

// Data is the folder for everything that is written.
type Data struct {
	// The folder for the database, recordings, the speech cache and keys.
	Dir string `yaml:"dir" file:"path"`
}

// Database is where calls are recorded.
type Database struct {
	// The database: empty for SQLite in the data folder, sqlite:PATH, or
	// postgres://USER:PASSWORD@HOST/NAME, which several servers can share: give each a
	// node and all the same master_key_file.
	URL Secret `yaml:"url" plain:"true"`
	// This server's name among those that share the database; a second one of the same
	// name does not start.
	Node string `yaml:"node"`
}

// Speech is hearing and speaking.
type Speech struct {
	// Servers that speak OpenAI's audio API and share the load: http://, https://
	// or unix:. Empty: a speech worker of our own is started and watched. A FunASR
	// server, ws:// or wss://, hears in their place.
	URLs []string `yaml:"urls"`
	// The key for those servers.
	APIKey Secret `yaml:"api_key"`
	// Authorities that may sign the certificates of those servers (https:, wss:), in
	// PEM, beside those of the system; a certificate that signs itself stands for itself.
	TLSCA string `yaml:"tls_ca" file:"path"`
	// How many sentences are decoded at once. 0: one for each core.
	Workers int `yaml:"workers"`
	// Threads for one sentence. More than one gains little and costs double.
	Threads int `yaml:"threads"`
	// The model for hearing, for each language (zh, en). A single name counts for
	// all; empty: the best that is installed. With speech.urls it is what those
	// servers are asked for; empty: whisper-1, which they take for their own choice.
	ASR Choice `yaml:"asr"`
	// The model for speaking, in the same way. The voice is the line's.
	TTS Choice `yaml:"tts"`
}

// SMS is where short messages go that tasks send.
type SMS struct {
	// The address of the gateway: each message is posted to it as JSON with id, to,
	// text, call and at. Empty: messages are written to sms.jsonl in the data folder.
	URL string `yaml:"url"`
	// The bearer token that the gateway asks for.
	Token Secret `yaml:"token"`
}

// Webhook is another system that is told of tickets and decisions.
type Webhook struct {
	// Where each event is posted to as JSON. Empty: nobody is told.
	URL string `yaml:"url"`
	// The secret that each event is signed with (HMAC-SHA-256); docs/tickets.md says how.
	Secret Secret `yaml:"secret"`
	// Addresses and networks of this machine or the company that may be told, such as
	// 10.1.0.0/16; the Internet may always.
	Allow []string `yaml:"allow"`
}

// LLM is a language model, if there is one. Nothing depends on it.
type LLM struct {
	// The address of an OpenAI-compatible API, http://127.0.0.1:8000/v1 say. Empty:
	// no language model.
	BaseURL string `yaml:"base_url"`
	// Its key.
	APIKey Secret `yaml:"api_key"`
	// The name of the model.
	Model string `yaml:"model"`
	// How long an answer may take before the call goes on without it.
	Timeout time.Duration `yaml:"timeout"`
	// How long it may be silent before the next address is asked.
	FirstWords time.Duration `yaml:"first_words"`
	// How often one call may ask it.
	CallRequests int `yaml:"call_requests"`
	// How many tokens one call may use, in and out, as we estimate them.
	CallTokens int `yaml:"call_tokens"`
	// Addresses that are asked where the first does not answer, in this order.
	FallbackURLs []string `yaml:"fallback_urls"`
	// The model that each of them serves. One name holds for all; none: llm.model.
	FallbackModels []string `yaml:"fallback_models"`
	// Their keys, divided by commas, in the same order; an empty place is none.
	FallbackKeys Secret `yaml:"fallback_keys"`
}

// API is access for programs.
type API struct {
	// A bearer token with an administrator's rights. Empty: only tokens made by
	// `hotline token`.
	Token Secret `yaml:"token"`
}

// Call is how many calls and how they end.
type Call struct {
	// Calls at once; more are refused with 503. 0: as many as the ports for sound
	// allow, a pair for the caller and one for the agent.
	MaxCalls int `yaml:"max_calls"`
	// How long no sound packet may come from the other side before the call is
	// given up for dead. 0: never.
	Silence time.Duration `yaml:"silence"`
	// How long running calls may go on when the server is told to stop. Then their
	// callers are told so and they are ended.
	Drain time.Duration `yaml:"drain"`
	// How long a caller may put us on hold before the call is given up.
	MaxHold time.Duration `yaml:"max_hold"`
	// The hosts that calls to SIP addresses (sip:NAME@HOST) may go to, of those that
	// are placed by the API or by a transfer. "*" is all; empty: none. Numbers go by
	// the trunks, agents need no host.
	Hosts []string `yaml:"hosts"`
	// Whether calls are recorded.
	Record bool `yaml:"record"`
}

// Overload is when no more calls are taken. They are refused with 503 and the time to
// come back; calls in progress go on. Lines (call.max_calls), ports and files are
// watched too.
type Overload struct {
	// The share of the processors, in percent, that the server itself may use.
	CPU int `yaml:"cpu"`
	// The share of the memory, in percent, that may be in use: of the machine's or of
	// the container's. While 512 MB are left it does not matter.
	Memory int `yaml:"memory"`
	// How late the sound of calls may be on average. It is the first thing that
	// suffers.
	Late time.Duration `yaml:"late"`
}

// Guard is what strangers may do. Who tries passwords, searches for numbers or
// floods the server is limited by address and written to audit.log in the data
// folder; addresses of registered phones and of far ends that have had a call are
// never shut out.
type Guard struct {
	// Networks (192.0.2.0/24) or addresses of carriers and proxies, which no limit by
	// address holds for. A proxy in front of this server belongs here.
	Trusted []string `yaml:"trusted"`
	// Parts of the names (User-Agent) of programs that are not answered. Empty: those
	// that are known to search for open servers. A list of yours takes their place.
	Scanners []string `yaml:"scanners"`
	// Calls per second from one address that is not known. One that is known may
	// begin twenty times as many.
	CallsPerSecond int `yaml:"calls_per_second"`
	// Messages per second that are looked into, of all addresses together and beside
	// those of calls in progress, which always are. All addresses that are not known
	// may use a quarter of it, any one address three quarters. 0: 2,000 for each
	// processor.
	MessagesPerSecond int `yaml:"messages_per_second"`
	// Calls from one address at once that ring, or were answered and not acknowledged
	// by the caller's telephone; each holds a line, for half a minute when it was never
	// meant. An address that is known may have twenty times as many, a trusted one any
	// number. More are refused for the moment (503).
	HalfOpen int `yaml:"half_open"`
	// The same for all addresses that are not trusted together; those that are not
	// known may have half of it.
	HalfOpenAll int `yaml:"half_open_all"`
	// How long nothing is read from an address that floods or searches; twice as long
	// each time, up to an hour.
	Block time.Duration `yaml:"block"`
}

// Privacy is for how many days personal data is kept, counted from the end of the call
// or the closing of the ticket. What is older is deleted each hour, which the audit trail
// proves. 0: kept for ever.
type Privacy struct {
	// Recordings of calls.
	Recordings int `yaml:"recordings"`
	// What was said in calls, word for word, their marks and summaries.
	Transcripts int `yaml:"transcripts"`
	// The records of calls: who called when, for how long, with what outcome. With a
	// record go its transcript and recording.
	Calls int `yaml:"calls"`
	// Tickets and promises to callers that are closed.
	Tickets int `yaml:"tickets"`
	// The audit trail: who did and saw what. Many laws want half a year at least.
	Audit int `yaml:"audit"`
	// After how many days the privacy report says that the master key is due for
	// rotation.
	KeyAge int `yaml:"key_age"`
	// Files outside the data folder that the privacy report looks into for numbers and
	// the like that are not masked: this server's own log, for example.
	Logs []string `yaml:"logs" file:"path"`
}

// Log is what the server writes about itself. Numbers and names of callers are
// masked.
type Log struct {
	// The least important thing that is written: debug, info, warn or error.
	Level string `yaml:"level"`
	// How it is written: text or json.
	Format string `yaml:"format"`
	// Where this server's profile can be read (Go's pprof: processor time, memory,
	// goroutines), a loopback address such as 127.0.0.1:6060. Empty: nowhere.
	Profile string `yaml:"profile"`
}

// Default is the configuration of a server that was told nothing.
func Default() Config {
	return Config{
		Business: []string{"examples/retail-zh"},
		Models:   []string{"~/.cache/hotline/models", "models"},
		SIP:      SIP{Listen: []string{":5060"}, Digest: []string{"MD5"}, Ping: 30 * time.Second, Realm: "hotline", MaxExpires: time.Hour, AnonymousCalls: true, SessionExpires: 30 * time.Minute, CheckCalls: 3 * time.Minute, MinSession: 90 * time.Second, Reliable: "supported"},
		RTP:      RTP{Low: 20000, High: 29999, SRTP: "optional", Codecs: []string{"PCMA", "PCMU", "opus", "G722"}, KeyTones: "auto"},
		HTTP:     HTTP{Listen: ":8080", Session: 12 * time.Hour, CallPage: true},
		Data:     Data{Dir: "data"},
		Database: Database{Node: "main"},
		Speech:   Speech{Threads: 1},
		LLM:      LLM{Timeout: 5 * time.Second, FirstWords: 2 * time.Second, CallRequests: 20, CallTokens: 20000},
		Call:     Call{Silence: 30 * time.Second, Drain: 30 * time.Second, MaxHold: 30 * time.Minute, Record: true},
		Outbound: Outbound{Country: "CN", MaxCallsPerMinute: 60, MaxCallsPerDay: 2000, MaxSameNumberPerHour: 10, MaxCall: 4 * time.Hour},
		Campaigns: Campaigns{
			Hours: []string{"08:00-21:00"}, MaxPerNumberPerDay: 3, MaxPerNumberPerWeek: 7, Consent: []string{"marketing"}, National: []string{"marketing", "survey"}, Holidays: true,
		},
		Answers:  Answers{Silence: 3 * time.Second, FirstWords: 2 * time.Second, Hello: 540 * time.Millisecond, Greeting: time.Minute, Quiet: 2200 * time.Millisecond},
		Overload: Overload{CPU: 90, Memory: 92, Late: 100 * time.Millisecond},
		Guard:    Guard{CallsPerSecond: 100, HalfOpen: 50, HalfOpenAll: 500, Block: time.Minute},
		Privacy:  Privacy{Recordings: 180, Transcripts: 365, Calls: 1095, Tickets: 1095, Audit: 1095, KeyAge: 365},
		Log:      Log{Level: "info", Format: "text"},
	}
}
