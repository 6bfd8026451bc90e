package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"hotline/internal/action"
	"hotline/internal/alert"
	"hotline/internal/assist"
	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/config"
	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/kb"
	"hotline/internal/load"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/proposal"
	"hotline/internal/quality"
	"hotline/internal/rules"
	"hotline/internal/store"
	"hotline/internal/ticket"
	"hotline/internal/web"
	"hotline/internal/webhook"
	"hotline/media"
	"hotline/media/sdp"
	"hotline/media/secure"
	"hotline/media/webrtc"
	"hotline/sip"
)

func newServe(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer the telephone",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, cmd.OutOrStdout(), logger(c.Log, cmd.ErrOrStderr()))
		},
	}
}

// server is everything that runs while the telephone is answered.
type server struct {
	cfg        config.Config
	log        *slog.Logger
	bus        *event.Bus
	db         *store.Store
	nodes      nodes
	bots       *bots
	kb         *kb.Base
	desk       *desk.Desk
	assist     *assist.Assistant
	tickets    *ticket.Desk
	webhooks   *webhook.Sender // nil: nobody is told
	alerts     *alert.Watch
	judging    *quality.Reviews
	share      *desk.Share
	rollout    *desk.Rollout
	ports      *media.Ports
	ports6     *media.Ports // for far ends on IPv6
	clock      *media.Clock
	load       *load.Monitor
	audit      *audit.Log
	browsers   *webrtc.Endpoint
	voice      *voice
	ears       *ears
	sip        *sip.Server
	registrar  *sip.Registrar
	phones     *web.Phones
	trunks     *sip.Trunks
	carriers   carriers
	manager    *call.Manager
	campaigns  campaigning
	recordings *call.Recordings // nil: nothing is recorded
	announced  shared
	toned      shared
	web        *web.Server
	proposals  *proposal.Desk
	status     *status
	metrics    *prometheus.Registry
	secrets    *passwords
	renewing   sync.Mutex // one business is read again at a time
	zone       string     // that campaigns fall back to, as read at the start
	agentsPW   string     // set when agents' passwords were made just now
	adminPW    string
	welcomed   bool // the passwords were told
}

// serve wires everything, runs it until ctx ends, and then lets the calls in
// progress end.
func serve(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (err error) {
	s := &server{cfg: c, log: log, bus: &event.Bus{}, clock: &media.Clock{}, metrics: prometheus.NewRegistry()}
	if s.db, err = openDatabase(ctx, c, log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	part, err := s.join(ctx)
	if err != nil {
		return err
	}
	defer part()
	if err := s.recover(ctx); err != nil {
		return err
	}
	model, err := languageModel(c, log)
	if err != nil {
		return err
	}
	if s.bots, err = loadBots(c.Business, senses{}, &action.Actions{Web: &action.Web{}, Bookings: s.db}, model, log); err != nil { //nolint:contextcheck // what it builds bounds its own time
		return err
	}
	s.zone = s.bots.find("").home().Timezone
	s.assist = s.assistant(model)
	defer s.tellLogins(out)
	if err := s.accounts(ctx); err != nil {
		return err
	}
	if err := s.speech(); err != nil {
		return err
	}
	defer s.ears.close()
	defer s.voice.close()
	if err := s.protect(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.audit.Close()) }()
	if s.kb, err = kb.New(ctx, kb.Config{Store: s.db, Audit: s.audit.Add, Log: log}, kbLines(s.bots.lines())); err != nil {
		return err
	}
	if err := s.propose(); err != nil {
		return err
	}
	if err := s.telephone(ctx); err != nil {
		return err
	}
	if err := s.openCampaigns(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.campaigns.queue.Close()) }()
	if err := s.console(); err != nil { //nolint:contextcheck // what it builds bounds its own time
		return err
	}
	s.measure()
	return s.run(ctx, out)
}

// recover settles the calls that a crash left open.
func (s *server) recover(ctx context.Context) error {
	left, err := s.db.Recover(ctx)
	if err != nil {
		return err
	}
	for _, l := range left {
		s.log.Warn("a call was interrupted when the server ended", "call", l.ID, "recording", l.Recording)
	}
	return nil
}

// accounts makes the first logins: the console's administrator and the agents'
// telephones.
func (s *server) accounts(ctx context.Context) error {
	demo := s.cfg.DemoPassword.Reveal()
	made, err := s.db.EnsureAdmin(ctx)
	if err != nil {
		return err
	}
	s.adminPW = made
	if made != "" && demo != "" {
		if err := s.db.SetPassword(ctx, "admin", demo); err != nil {
			return fmt.Errorf("setting the administrator's password from demo_password: %w", err)
		}
		s.adminPW = demo
	}
	return s.agentAccounts(ctx)
}

// tellLogins tells the passwords that were made by a start that failed: the next one makes
// none.
func (s *server) tellLogins(out io.Writer) {
	if s.welcomed {
		return
	}
	if s.adminPW != "" {
		_, _ = fmt.Fprintf(out, "The console's login was made: admin / %s   (shown once)\n", s.adminPW)
	}
	if s.agentsPW != "" {
		_, _ = fmt.Fprintf(out, "Agents' telephones sign in with: %s   (shown once)\n", s.agentsPW)
	}
}

// agentAccounts makes the accounts of agents' telephones that are not there yet.
func (s *server) agentAccounts(ctx context.Context) error {
	demo := s.cfg.DemoPassword.Reveal()
	known := map[string]bool{}
	have, err := s.db.Agents(ctx)
	if err != nil {
		return err
	}
	for _, a := range have {
		known[a.Name] = true
	}
	password := demo
	for _, a := range s.bots.agents() {
		if known[a.Name] && demo == "" {
			continue
		}
		if password == "" {
			password = strings.ToLower(rand.Text()[:12])
		}
		if err := s.db.PutAgent(ctx, store.Agent{Name: a.Name, DisplayName: a.Title, Skills: a.Skills}, password); err != nil {
			return err
		}
		if !known[a.Name] {
			s.agentsPW = password
		}
	}
	return nil
}

// telephone puts signalling, media and calls together.
func (s *server) telephone(ctx context.Context) error {
	s.phones = web.NewPhones(s.cfg.SIP.Realm)
	s.secrets = &passwords{desk: s.phones}
	if err := s.learnPasswords(ctx); err != nil {
		return err
	}
	s.registrar = sip.NewRegistrar(registrarConfig(s.cfg), s.secrets, s.log)
	s.phones.Ended = func(agent string) { s.registrar.Forget(agent, isBrowser) }
	if err := s.people(ctx); err != nil {
		return err
	}
	s.registrar.OnChange(s.desk.Present)
	s.watchFor()
	s.judging = quality.New(quality.Config{Store: s.db, Home: s.bots.judgedBy, Log: s.log})

	signalling, err := sipConfig(s.cfg, s.log)
	if err != nil {
		return err
	}
	if s.sip, err = sip.New(s.guarded(signalling), s.incoming, s.registrar, s.log); err != nil {
		return err
	}
	if err := s.connectTrunks(ctx); err != nil {
		return err
	}
	s.ports = media.NewPorts(netip.IPv4Unspecified(), s.cfg.RTP.Low, s.cfg.RTP.High)
	s.ports6 = media.NewPorts(netip.IPv6Unspecified(), s.cfg.RTP.Low, s.cfg.RTP.High)
	certificate, err := secure.NewCertificate()
	if err != nil {
		return err
	}
	if s.browsers, err = openBrowsers(s.cfg, s.log); err != nil {
		return err
	}
	silence := s.cfg.Call.Silence
	if silence == 0 {
		silence = -1
	}
	if s.cfg.Call.Record {
		s.recordings = &call.Recordings{Dir: s.cfg.Data.Dir}
	}
	s.lines() //nolint:contextcheck // what it builds bounds its own time
	codecs, err := sdp.Codecs(s.cfg.RTP.Codecs...)
	if err != nil {
		return err
	}
	plan, err := number.For(s.cfg.Outbound.Country)
	if err != nil {
		return fmt.Errorf("outbound.country: %w", err)
	}
	s.manager = call.NewManager(call.Services{
		Audio: &call.Audio{
			Listen: s.listenRTP, Clock: s.clock, Silence: silence, Codecs: codecs, KeyTones: keyTones(s.cfg),
			Protection: protection(s.cfg), Certificate: certificate, Browsers: s.browsers, Log: s.log,
		},
		Desk: s.desk, Dialer: s.dialer(), Journal: outbound.Refusals{Journal: resolving{measuring(s.db, s.metrics), s.rollout, s.log}, Store: s.db, Plan: plan, Now: calendar}, Wishes: s.tickets, Bus: s.bus, Recordings: s.recordings, Log: s.log,
	}, func(called string) call.Route {
		if app := s.testLine(strings.TrimPrefix(called, lineRoute)); app != nil {
			return call.Route{App: app}
		}
		b := s.bots.routed(called)
		if b == nil {
			return call.Route{}
		}
		return call.Route{Line: b.answers.Load()}
	}, maxCalls(s.cfg))
	return nil
}

// listenRTP opens a pair of ports for one leg's sound.
func (s *server) listenRTP(reached netip.Addr) (call.Socket, error) {
	ports := s.ports
	if reached.Unmap().Is6() {
		ports = s.ports6
	}
	socket, err := ports.Listen()
	if err != nil {
		return nil, err // not a typed nil
	}
	return socket, nil
}

// console puts the web server together.
func (s *server) console() (err error) {
	secure, err := webTLS(s.cfg, s.log)
	if err != nil {
		return err
	}
	s.status = &status{server: s}
	s.web, err = web.New(web.Config{
		Campaigns: s.campaigns.service,
		Listen:    s.cfg.HTTP.Listen, TLS: secure, Session: s.cfg.HTTP.Session, Store: s.db, Bus: s.bus, DataDir: s.cfg.Data.Dir, Sealer: s.db.Sealer(), Keeper: keeper(s.cfg, s.db, s.log),
		Token: s.cfg.API.Token.Reveal(), Version: buildVersion(), Logger: s.log,
		CallPage: s.cfg.HTTP.CallPage,
		SIP:      s.sip.WebSocket(s.cfg.SIP.Origins), Ready: s.status, Metrics: s.metrics, Place: placer{s}, Supervise: supervision{s}, Node: s.nodes.lease.Name(), Elsewhere: &s.nodes, Alerts: s.alerts, Quality: s.judging, End: s.manager, Held: s.manager.Held, Agents: s.status, Lines: s.status, System: s.status, Trunks: s.status, Carriers: carrierForms{s.carriers.book, s}, Audit: s.audit, Flows: business.FlowFolders(s.cfg.Business), FlowEditor: s.flowEditor(), Voices: listening{s}, Knowledge: s.kb, Proposals: s.proposals,
		Tickets: s.tickets, ReviewWords: s.bots.reviewWords, Reviewers: s.bots.reviewers, Staff: s.bots.staff, CustomerRows: s.bots.customerRows,
		Rules: rules.New(s.cfg.Business, s.db), Desk: deskAPI{s}, Command: deskAPI{s}, Phones: s.phones, PhonePassword: s.newPhonePassword, Dispositions: s.bots.dispositions, Teams: s.bots.teams, Involved: s.desk.Involved, Assist: s.assist,
	})
	return err
}

// run starts what serves calls first and what brings them last, and ends them the
// other way round.
func (s *server) run(ctx context.Context, out io.Writer) error {
	back, stopBack := context.WithCancelCause(context.WithoutCancel(ctx))
	front, stopFront := context.WithCancelCause(back)
	defer stopBack(nil)
	var wgBack, wgFront sync.WaitGroup
	start := func(wg *sync.WaitGroup, what string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				stopFront(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	start(&wgBack, "the clock of calls", func() error { return s.clock.Run(back) })
	s.nodes.shown.Store(true)
	start(&wgFront, "this server's name", func() error { return s.lostName(front) })
	start(&wgBack, "other servers", func() error { s.followNodes(back); return nil })
	start(&wgBack, "watching the load", func() error { return s.load.Run(back) })
	start(&wgBack, "the sound of browsers", func() error { return s.browsers.Run(back) })
	start(&wgBack, "speech recognition", func() error { return s.ears.run(back) })
	start(&wgBack, "the speech worker", func() error { return s.runWorker(back) })
	start(&wgBack, "meaning", func() error { s.learnMeaning(back); return nil })
	start(&wgBack, "intents by meaning", func() error { s.learnIntentsByMeaning(back); return nil })
	start(&wgBack, "the businesses' files", func() error { s.followBusinesses(back, out); return nil })
	start(&wgBack, "the telephones' passwords", func() error { s.followPasswords(back); return nil })
	start(&wgBack, "the agents' desk", func() error { return s.desk.Run(back) })
	start(&wgBack, "the quality sample", func() error { s.judging.Run(back); return nil })
	start(&wgBack, "alerts", func() error { s.alerts.Run(back); return nil })
	start(&wgBack, "help for agents", func() error { s.assist.Run(back); return nil })
	start(&wgBack, "tickets", func() error { s.tickets.Run(back); return nil })
	start(&wgBack, "webhooks", func() error { s.tellWebhook(back); return nil })
	start(&wgBack, "proposals of wordings", func() error { s.proposals.Run(back); return nil })
	start(&wgBack, "warming the voice", func() error { s.voice.warm(back, s); return nil })
	start(&wgBack, "short messages", func() error { s.outbox().Run(back); return nil })
	start(&wgBack, "what lies on disk", func() error { s.keep(back); return nil })
	start(&wgFront, "callbacks", func() error { s.callbacks(front).Run(front); return nil })
	start(&wgBack, "messages that were left", func() error { s.voicemail().Run(back); return nil })
	start(&wgBack, "profiles", func() error { return s.runProfile(back) })
	start(&wgBack, "hang-ups", func() error { hangUps(back, s.log); return nil })
	start(&wgBack, "campaigns", func() error { return s.campaigns.runner.Run(back) })
	start(&wgBack, "do-not-call lists", func() error { return s.campaigns.national.Run(back) })
	start(&wgFront, "the console", func() error { return s.web.Run(front) })
	start(&wgFront, "calls that go out", func() error { return s.manager.Run(front) })
	start(&wgFront, "the telephone", func() error { return s.sip.Run(front) })
	leaveTrunks := s.joinTrunks(front)
	defer leaveTrunks()

	select {
	case <-s.sip.Ready():
		s.welcome(out)
		select {
		case <-ctx.Done():
			leaveTrunks() // carriers send new calls elsewhere
			s.drain(ctx)
		case <-front.Done():
		}
	case <-front.Done():
	case <-ctx.Done():
	}
	leaveTrunks() // while there is a telephone to say so
	stopFront(call.ErrShutdown)
	wgFront.Wait()
	stopBack(call.ErrShutdown)
	wgBack.Wait()
	if err := context.Cause(front); !errors.Is(err, call.ErrShutdown) {
		return err
	}
	return nil
}

// welcome tells the owner how to ring and where to look.
func (s *server) welcome(out io.Writer) {
	s.welcomed = true
	host := "127.0.0.1"
	w := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	w("")
	w("hotline is answering.")
	port := s.cfg.SIP.Port()
	for _, b := range s.bots.lines() {
		for _, n := range b.said().Numbers {
			if s.bots.find(n) != b {
				continue // a business before it has the number
			}
			w("  ring    sip:%s@%s:%s   %s (%s)", n, host, port, b.line.Home.Name, b.line.Language)
		}
	}
	w("  console %s/", webURL(s.cfg))
	if s.cfg.HTTP.CallPage {
		w("  call    %s/call   from a browser; elsewhere than on this machine it needs https", webURL(s.cfg))
	}
	if s.adminPW != "" {
		w("  login   admin / %s   (shown once; hotline user add makes more)", s.adminPW)
	} else {
		w("  login   admin, with the password shown at the first start; forgotten: hotline user password admin")
	}
	names := make([]string, 0, 4)
	for _, a := range s.bots.agents() {
		names = append(names, a.Name)
	}
	if s.agentsPW != "" {
		w("  agents  %s / %s   (register a SIP phone at %s:%s; shown once)", strings.Join(names, ", "), s.agentsPW, host, port)
	} else if len(names) > 0 {
		w("  agents  %s, with the password shown at the first start or in HOTLINE_DEMO_PASSWORD", strings.Join(names, ", "))
	}
	w("  data    %s", absolute(s.cfg.Data.Dir))
	for _, a := range s.advice() {
		w("  note    %s", a.Text)
	}
	if l := unlearned(s.cfg, s.bots.lines()); len(l) > 0 {
		w("  note    meanings are computed for the first time (%s): for a minute or two answers go by words and sounds alone and are less sure; hotline knowledge vectors does it ahead", strings.Join(l, ", "))
	}
	w("")
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// version is set by the linker (see Makefile).
var version string

// buildVersion is the linker's, the module's, or the commit.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}
