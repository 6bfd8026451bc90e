package web

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/internal/custody"
	"hotline/internal/event"
	"hotline/internal/flowedit"
	"hotline/internal/kb"
	"hotline/internal/outbound"
	"hotline/internal/proposal"
	"hotline/internal/quality"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/ticket"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// Config is what the server shows and acts on.
type Config struct {
	Listen  string          // address; default ":8080"
	TLS     *tls.Config     // nil: plain http
	Session time.Duration   // the cookie's life; default 7 days, the store ends idle ones before
	Store   *store.Store    // required
	Bus     *event.Bus      // required
	DataDir string          // recordings lie below it; default "data"
	Sealer  *seal.Sealer    // opens recordings that are sealed; nil: only plain ones are served
	Keeper  *custody.Keeper // tells how data are kept, exports and erases a caller's; nil: neither
	Token   string          // a bearer token with an administrator's rights; "" for none
	Version string          // of hotline
	Logger  *slog.Logger    // default discards

	SIP http.Handler // SIP over WebSocket at /sip; nil: none
	// CallPage lets strangers call from the page /call.
	CallPage bool

	Ready     Readiness            // nil: always ready
	Metrics   *prometheus.Registry // nil: no /metrics
	Place     Caller               // nil: no calls out
	Quality   *quality.Reviews     // nil: nothing is reviewed
	Alerts    Alerts               // nil: there are none
	Supervise Supervisors          // nil: nobody listens in
	Node      string               // this server's name
	Elsewhere Elsewhere            // nil: there are no other servers
	End       Ender                // nil: no hanging up
	Held      func(id string) bool // whether a call is on hold; nil: nobody knows
	Agents    AgentLister          // nil: none are listed
	Lines     LineLister           // nil: none are listed
	System    SystemReporter       // nil: only the version is known
	Trunks    TrunkLister          // nil: none are listed
	Carriers  Carriers             // nil: the trunks cannot be changed
	Audit     Auditor              // nil: nothing was tried
	Flows     FlowReader           // nil: none are listed
	// FlowEditor changes and tries them; nil: they are only shown.
	FlowEditor *flowedit.Editor
	Voices     Voices // nil: no line's voice is to be heard

	Knowledge *kb.Base       // nil: there is none to be edited
	Proposals *proposal.Desk // nil: no wordings are proposed; needs Knowledge

	Tickets *ticket.Desk // nil: none are made or changed, and nothing is decided
	// ReviewWords are what callers are told of decisions; nil: nothing by default.
	ReviewWords func() ReviewWords
	// PhonePassword makes a new password for an agent's own telephone; nil: they have none
	// here.
	PhonePassword func(ctx context.Context, agent string) (string, error)
	// Reviewers are the agents who decide beside supervisors; nil: none.
	Reviewers func() []string
	// Staff are the names of all agents; nil: those of teams.
	Staff func() []string
	// CustomerRows are the rows of the business's tables with numbers that are the same.
	CustomerRows func(same func(number string) bool) map[string][]map[string]string

	Campaigns *outbound.Service // nil: no calls are made by themselves

	Rules   Rules     // nil: no rules can be changed
	Desk    Desk      // nil: nobody waits
	Command Commander // nil: calls go on as they are
	Phones  *Phones   // nil: no telephone in an agent's page
	// Dispositions are what an agent can say of a call; nil: there are none.
	Dispositions func() []Disposition

	// Assist helps agents while they talk and write; nil: nobody does.
	Assist Assistant

	// Teams are the agents of each team; nil: there are none, and a supervisor sees all
	// calls.
	Teams func() map[string][]string
	// Involved are the agents whom a call in progress concerns beside the one it was
	// handed to: who is rung, who is asked for advice; nil: nobody.
	Involved func(call string) []string
}

// Limits that keep one client from taking the server down.
const (
	maxConnections = 2048
	maxBody        = 1 << 20
	maxHeader      = 32 << 10
	requestTime    = 30 * time.Second // to take a request in and to answer it
	shutdownTime   = 10 * time.Second
	maxDrawing     = 2 // waveforms computed at once
)

// Server is the HTTP server.
type Server struct {
	placed   onceOnly
	cfg      Config
	log      *slog.Logger
	http     *http.Server
	listener net.Listener
	api      huma.API
	ui       fs.FS
	logins   logins
	streams  streams
	keeping  chan struct{} // bounds looking through the data folder
	drawing  chan struct{} // bounds the waveforms computed at once
	reading  chan struct{} // bounds the folders of businesses read at once
	requests *prometheus.HistogramVec
	started  time.Time
	seen     seen
	speaking speaking
	access   map[string]rule // of operations that have no route yet
	unruled  []string        // operations that the access table does not name
}

// New binds the address and puts the routes together; it serves nothing yet.
func New(cfg Config) (*Server, error) {
	if cfg.Store == nil || cfg.Bus == nil {
		return nil, errors.New("web: no store or no bus")
	}
	cfg.Listen = cmp.Or(cfg.Listen, ":8080")
	cfg.DataDir = cmp.Or(cfg.DataDir, "data")
	if cfg.ReviewWords == nil {
		cfg.ReviewWords = func() ReviewWords { return ReviewWords{} }
	}
	cfg.Session = cmp.Or(cfg.Session, 7*24*time.Hour)
	s := &Server{
		cfg: cfg, log: cfg.Logger, drawing: make(chan struct{}, maxDrawing), keeping: make(chan struct{}, 1), reading: make(chan struct{}, maxReading), started: time.Now(), speaking: newSpeaking(),
		streams: streams{over: make(chan struct{}), slots: make(chan struct{}, maxStreams)},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.ui, err = builtUI(); err != nil {
		return nil, err
	}
	handler, err := s.handler()
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: the address %s cannot be used, set http.listen to a free one: %w", cfg.Listen, err)
	}
	s.listener = netutil.LimitListener(l, maxConnections)
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		TLSConfig:         cfg.TLS,
	}
	s.http.RegisterOnShutdown(s.streams.end)
	return s, nil
}

// Addr is the address that the server is bound to, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close gives the address back; only for a Server whose Run was not called.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, then lets the requests in progress finish.
func (s *Server) Run(ctx context.Context) error {
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() { s.followSupervised(ctx) })
	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		err := s.http.Shutdown(grace)
		if err != nil {
			err = errors.Join(err, s.http.Close())
		}
		stopped <- err
	})
	serve := s.http.Serve
	if s.cfg.TLS != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	err := serve(s.listener)
	if release() { // it failed by itself
		return fmt.Errorf("web: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("web: requests were still in progress at the stop: %w", err)
	}
	return nil
}

// schemaName is what a type is called in the API: those of campaigns say so, for others
// have consents and lists too.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/campaigns") {
		return "Campaigns" + name
	}
	return name
}

func (s *Server) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("hotline", cmp.Or(s.cfg.Version, "dev"))
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.OpenAPIPath = "/api/v1/openapi"
	config.Transformers = []huma.Transformer{asProblem}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "HOTLINE_API_TOKEN, or one made by `hotline token new`"},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "from POST /api/v1/session; changes need its csrf value as X-CSRF-Token as well"},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	s.api = humago.New(mux, config)
	s.access = accessTable()
	s.sessionRoutes()
	s.callRoutes()
	s.recordingRoutes()
	s.wishRoutes()
	s.ticketRoutes()
	s.reviewRoutes()
	s.customerRoutes()
	s.knowledgeRoutes()
	s.proposalRoutes()
	s.systemRoutes()
	s.deskRoutes()
	s.ruleRoutes()
	s.carrierRoutes()
	s.privacyRoutes()
	s.campaignRoutes()
	s.workplaceRoutes()
	s.assistRoutes()
	s.superviseRoutes()
	s.alertRoutes()
	s.nodeRoutes()
	s.qualityRoutes()
	s.auditRoutes()
	s.trailRoutes()
	s.flowRoutes()
	s.voiceRoutes()
	s.publicRoutes()
	s.eventRoutes()
	s.userRoutes()
	s.accountRoutes()
	s.tokenRoutes()
	describeProblem(s.api)
	if len(s.unruled) > 0 {
		return nil, fmt.Errorf("web: the access table (access.go) does not say who may do %s", strings.Join(s.unruled, ", "))
	}
	if len(s.access) > 0 {
		return nil, fmt.Errorf("web: the access table (access.go) has rows for what is no route: %s", strings.Join(slices.Sorted(maps.Keys(s.access)), ", "))
	}

	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if r := s.cfg.Metrics; r != nil {
		s.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hotline_http_request_seconds", Help: "How long HTTP requests took, by route and status.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10},
		}, []string{"route", "status"})
		for _, c := range []prometheus.Collector{s.requests, s.streams.gauge()} {
			if err := r.Register(c); err != nil {
				return nil, fmt.Errorf("web: %w", err)
			}
		}
		mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: requestTime}))
	}
	if s.cfg.SIP != nil {
		mux.Handle("GET /sip", s.cfg.SIP)
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, problem(http.StatusNotFound, "no_such_route", "there is no such route, see /api/v1/openapi.json"))
	})
	mux.HandleFunc("/", s.serveUI)
	return s.around(mux), nil
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}
