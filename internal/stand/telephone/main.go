// Command telephone runs the real signalling, media and web server with lines that
// hum, for tests of the pages that call. It prints its address as a line of JSON, and
// then what happens on the telephone, a line each. It obeys lines of its standard
// input ("hangup" ends the calls in progress, {"say": "…", "as": "caller"} is said in
// them; "campaigns" begins two in which agents talk, and "ahead" calls somebody for whoever
// is free) and ends with it.
//
// Its numbers: 8000 hums at 1,004 Hz, 8001 at 700 Hz, 8002 too after four seconds, 9196 is
// an echo, 4860 is busy, and 7000 hands the caller, as one of 13912340011, to the agents
// "agent1" and "agent2" (password "secret") of the registrar, who sign in to the console by
// the same names.
package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"hotline/asr"
	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/desk"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"
	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/webrtc"
	"hotline/sip"
	"hotline/tts"

	"golang.org/x/sync/errgroup"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address of the web server")
	verbose := flag.Bool("v", false, "log everything")
	encrypted := flag.Bool("tls", false, "https and wss, with a certificate that nobody knows")
	few := flag.Bool("few", false, "the page offers the two lines of an ordinary business")
	disk := flag.Duration("disk", 0, "how long it takes to write a change of a call's record")
	flag.Parse()
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := run(*listen, *few, *encrypted, *disk, log); err != nil {
		log.Error("telephone", "error", err)
		os.Exit(1)
	}
}

// exchange is all of it.
type exchange struct {
	log       *slog.Logger
	sip       *sip.Server
	browsers  *webrtc.Endpoint
	manager   *call.Manager
	people    *desk.Desk
	phones    *web.Phones
	registrar *sip.Registrar
	clock     *media.Clock

	mu  sync.Mutex // guards out
	out *json.Encoder
}

// tell prints what happens.
func (x *exchange) tell(what string, more map[string]any) {
	line := map[string]any{"event": what}
	maps.Copy(line, more)
	x.mu.Lock()
	defer x.mu.Unlock()
	_ = x.out.Encode(line)
}

func run(listen string, few, encrypted bool, disk time.Duration, log *slog.Logger) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, dir, clean, err := webtest.OpenStore(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean()) }()
	bus := &event.Bus{}

	x := &exchange{log: log, clock: &media.Clock{}, out: json.NewEncoder(os.Stdout)}
	if err := x.open(db, slowly{db, disk}, bus); err != nil {
		return err
	}
	for _, name := range []string{"agent1", "agent2"} {
		if _, err := db.AddUser(ctx, store.User{Name: name, Role: store.AgentRole}, webtest.Password); err != nil {
			return err
		}
	}
	if _, err := db.AddUser(ctx, store.User{Name: "boss", Role: store.Supervisor}, webtest.Password); err != nil {
		return err
	}
	help, err := helper(db, bus, dir)
	if err != nil {
		return err
	}
	outgoing, err := newCalling(x, db, bus)
	if err != nil {
		return err
	}
	tickets := webtest.Tickets(db, bus)
	talk := &script{db: db, bus: bus}
	desk := office{Desk: x.people, manager: x.manager, registrar: x.registrar}
	cfg := web.Config{
		Listen: listen, Store: db, Bus: bus, DataDir: dir, Logger: log,
		CallPage: true, Lines: lines(few), SIP: x.sip.WebSocket(nil),
		Supervise: supervision{x.manager}, Desk: desk, Command: desk, Agents: desk, Phones: x.phones, Held: x.manager.Held, Involved: x.people.Involved, Dispositions: desk.dispositions,
		Assist: help, Tickets: tickets, Campaigns: outgoing.service,
	}
	scheme := "http://"
	if encrypted {
		scheme = "https://"
		if cfg.TLS, err = unknown(); err != nil {
			return err
		}
	}
	server, err := web.New(cfg)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return x.clock.Run(ctx) })
	g.Go(func() error { return x.browsers.Run(ctx) })
	g.Go(func() error { return x.sip.Run(ctx) })
	g.Go(func() error { return x.manager.Run(ctx) })
	g.Go(func() error { return server.Run(ctx) })
	g.Go(func() error { help.Run(ctx); return nil })
	g.Go(func() error {
		defer cancel()
		select {
		case <-x.sip.Ready():
		case <-ctx.Done():
			return nil
		}
		x.tell("ready", map[string]any{"url": scheme + server.Addr(), "password": webtest.Password})
		commands := bufio.NewScanner(os.Stdin)
		for commands.Scan() {
			if do := map[string]func(context.Context) error{"campaigns": outgoing.begin, "ahead": outgoing.ahead}[commands.Text()]; do != nil {
				if err := do(ctx); err != nil {
					return err
				}
				continue
			}
			var live []string
			for _, l := range x.manager.Live() {
				live = append(live, l.ID)
			}
			if commands.Text() != "hangup" {
				if err := talk.obey(ctx, commands.Text(), live); err != nil {
					return err
				}
				continue
			}
			for _, id := range live {
				x.manager.Hangup(id)
			}
		}
		return commands.Err()
	})
	return g.Wait()
}

// unknown is a certificate of nobody's.
func unknown() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"strange.example"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, nil
}

func (x *exchange) open(db *store.Store, records call.Journal, bus *event.Bus) (err error) {
	loopback := netip.MustParseAddr("127.0.0.1")
	if x.browsers, err = webrtc.New(webrtc.Config{Listen: netip.AddrPortFrom(loopback, 0), Logger: x.log}); err != nil {
		return err
	}
	x.phones = web.NewPhones(realm)
	x.registrar = sip.NewRegistrar(sip.RegistrarConfig{Realm: realm}, passwords{x.phones}, x.log)
	x.phones.Ended = func(agent string) {
		x.registrar.Forget(agent, func(c sip.Contact) bool { return c.Network == "ws" || c.Network == "wss" })
	}
	x.people = desk.New(desk.Config{Agents: []desk.Agent{
		{Name: "agent1", Title: "小李", Skills: []string{"service"}}, {Name: "agent2", Title: "小王", Skills: []string{"repairs"}},
	}, Store: db, Bus: bus, Log: x.log})
	x.registrar.OnChange(func(name string, here bool) {
		x.people.Present(name, here)
		x.tell("agent", map[string]any{"name": name, "here": here})
	})
	x.sip, err = sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, x.serve, x.registrar, x.log)
	if err != nil {
		return err
	}
	ports := media.NewPorts(loopback, 0, 0)
	x.manager = call.NewManager(call.Services{
		Audio: &call.Audio{
			Listen: func(netip.Addr) (call.Socket, error) { return ports.Listen() },
			Clock:  x.clock, Browsers: x.browsers, Log: x.log,
		},
		Desk: x.people, Dialer: dialer{x.sip}, Journal: records, Wishes: db, Bus: bus, Log: x.log,
	}, x.route, 0)
	return nil
}

// slowly is a journal on a disk, or behind a network, that takes its time.
type slowly struct {
	call.Journal
	time.Duration
}

func (s slowly) Update(ctx context.Context, r call.Record) error {
	select {
	case <-time.After(s.Duration):
	case <-ctx.Done():
	}
	return s.Journal.Update(ctx, r)
}

// serve runs one call and tells of its begin and end.
func (x *exchange) serve(ctx context.Context, l *sip.Leg) {
	x.tell("call", map[string]any{"to": l.Called(), "from": l.From().User, "network": l.Network()})
	if l.Called() == "4860" {
		_ = l.Reject(ctx, 486, "Busy Here")
		return
	}
	l.OnKey(func(digit byte) { x.tell("info", map[string]any{"key": string(digit)}) })
	from := l.From().User
	if l.Called() == "7000" {
		from = "13912340011" // pages withhold theirs; agents see a customer
	}
	x.manager.Serve(ctx, call.Arrival{Leg: l, Caller: from, Called: l.Called(), Reached: l.LocalIP(), OnUpdate: l.OnUpdate})
	x.tell("over", map[string]any{"to": l.Called(), "browsers": x.browsers.Conns()})
}

func (x *exchange) route(called string) call.Route {
	switch called {
	case "8000":
		return call.Route{App: x.hum(1004)}
	case "8001":
		return call.Route{App: x.hum(700)}
	case "8002":
		return call.Route{App: x.hush(4*time.Second, 700)}
	case "9196":
		return call.Route{App: call.Echo}
	case "7000":
		return call.Route{Line: x.line()}
	}
	return call.Route{}
}

// hum says a tone, and tells which one it hears and which keys are pressed.
func (x *exchange) hum(hz int) call.App {
	return call.Playing(func(ctx context.Context, s *media.Session) error {
		in := s.In()
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				if sound := mediatest.Listen(in, 500*time.Millisecond); len(sound) == in.Rate()/2 {
					hz, level := mediatest.Strongest(sound, in.Rate())
					x.tell("heard", map[string]any{"hz": hz, "level": level, "codec": s.Media().Codec.Name, "direction": s.Media().Direction.String()})
				}
			}
		})
		wg.Go(func() {
			for k := range s.Keys() {
				x.tell("key", map[string]any{"key": string(k.Digit)})
			}
		})
		err := media.Loop(ctx, s, media.Tone(s.In().Rate(), hz))
		x.tell("cause", map[string]any{"cause": fmt.Sprint(context.Cause(ctx))})
		<-s.Done() // its keys and sound end with it
		wg.Wait()
		return err
	})
}

// lines are what the page offers: true for the two of an ordinary business.
type lines bool

func (few lines) Lines(context.Context) ([]web.Line, error) {
	all := []web.Line{
		{Name: "main", Title: "云帆数码 客服热线", Numbers: []string{"8000"}, Language: "zh", Open: true},
		{Name: "english", Title: "Cloudsail Digital", Numbers: []string{"8001"}, Language: "en", Open: true},
		{Name: "busy", Title: "Busy", Numbers: []string{"4860"}, Language: "fr", Open: true},
		{Name: "nobody", Title: "Nobody", Numbers: []string{"4040"}, Language: "fr", Open: true},
		{Name: "desk", Title: "Desk", Numbers: []string{"7000"}, Language: "fr", Open: true},
	}
	if few {
		all = all[:2]
	}
	return all, nil
}

const realm = "hotline"

// passwords are those of telephones, "secret" for all agents, and those of pages.
type passwords struct{ phones *web.Phones }

func (p passwords) Password(user string) (string, bool) {
	if !strings.HasPrefix(user, "agent") { // a supervisor's page
		secret := p.phones.Secret(user)
		return secret, secret != ""
	}
	ha1, err := sip.HA1(sip.MD5, user, realm, "secret")
	return ha1 + " " + p.phones.Secret(user), err == nil
}

type dialer struct{ server *sip.Server }

func (d dialer) Dial(ctx context.Context, t call.Target, offer []byte, progress func(status int, sdp []byte)) (call.Leg, error) {
	l, err := d.server.Dial(ctx, sip.DialRequest{
		To: d.own(t.To), From: t.From, FromName: t.FromName, Headers: t.Headers, Offer: offer, BrowserOffer: t.BrowserOffer,
	}, progress)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// handsOver is a bot that hands every caller over at once.
type handsOver struct{}

func (handsOver) Begin(context.Context, dialog.Facts) (dialog.Conversation, error) {
	return handsOver{}, nil
}

func (handsOver) Reply(_ context.Context, t dialog.Turn, do func(dialog.Act) error) error {
	if t.Kind == dialog.Opened {
		return do(dialog.Transfer{Skill: "service", Reason: "asked", Summary: "订单 A1024 的耳机左边没有声音，想换一副。"})
	}
	return nil
}

// deaf hears nothing.
type deaf struct{}

func (deaf) Recognize(_ context.Context, src media.Reader, _ func(asr.Result)) error {
	f := make(media.Frame, src.Rate()/50)
	for {
		if err := src.ReadFrame(f); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// mute says nothing.
type mute struct{}

func (mute) Synthesize(context.Context, tts.Utterance, media.Writer) error { return nil }
