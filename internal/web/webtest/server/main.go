// Command server runs the real store and web server over a day of made-up calls, for
// the console's end-to-end tests and for work on the console. It prints its address
// as a line of JSON. For each line of its standard input the call in progress goes on
// by one sentence, but with "waits CAMPAIGN WHY" that campaign calls nobody; it ends with
// its standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/business"
	"hotline/internal/custody"
	"hotline/internal/event"
	"hotline/internal/proposal"
	"hotline/internal/rules"
	"hotline/internal/store"
	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"golang.org/x/sync/errgroup"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	empty := flag.Bool("empty", false, "no calls, only the users")
	growing := flag.Bool("growing", false, "no calls but some whose callers were not understood at first")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(*listen, *empty || *growing, *growing, log); err != nil {
		log.Error("server", "error", err)
		os.Exit(1)
	}
}

func run(listen string, empty, growing bool, log *slog.Logger) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, dir, clean, err := webtest.OpenStore(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean()) }()
	bus := &event.Bus{}
	services := webtest.NewServices(s, bus, time.Now())
	if empty {
		err = webtest.Users(ctx, s)
	} else {
		_, err = webtest.Seed(ctx, s, dir, time.Now())
	}
	if err != nil {
		return err
	}
	base, err := webtest.Knowledge(ctx, s, dir, log)
	if err != nil {
		return err
	}
	if growing {
		err = webtest.Talks(ctx, s, time.Now())
	} else if !empty {
		err = webtest.Proposals(ctx, s)
	}
	if err != nil {
		return err
	}
	wordings := proposal.New(proposal.Config{Store: s, Knowledge: base, Log: log, Changed: func(business string) {
		bus.Publish(event.Event{Kind: "proposals.changed", At: time.Now(), Data: map[string]any{"business": business}})
	}})
	desk := webtest.Tickets(s, bus)
	businesses := filepath.Join(dir, "businesses")
	if err := webtest.Businesses(businesses); err != nil {
		return err
	}
	folders := []string{filepath.Join(businesses, "retail-zh"), filepath.Join(businesses, "repair-zh")}
	holds := &webtest.Holds{NoTrunks: empty}
	calling, err := webtest.CampaignsThatWait(s, bus, holds, folders)
	if err != nil {
		return err
	}
	if !empty {
		if err := webtest.SeedCampaigns(ctx, calling, s, time.Now()); err != nil {
			return err
		}
	}
	others := &webtest.Elsewhere{}
	config := web.Config{
		Campaigns: calling, Node: "east", Elsewhere: others,
		Listen: listen, Store: s, Bus: bus, DataDir: dir, Version: "0.1.0", Logger: log,
		Ready: services, End: services, Lines: services, System: services, Trunks: services, Carriers: webtest.NewCarriers(s), Agents: services, Knowledge: base, Proposals: wordings,
		Tickets: desk, ReviewWords: func() web.ReviewWords {
			return web.ReviewWords{Approved: "您好，您的申请已经通过（{amount}）。", Refused: "您好，您的申请没有通过。"}
		},
		Staff: func() []string { return []string{"agent1", "agent2", "agent3", "agent4"} },
		Teams: func() map[string][]string {
			return map[string][]string{"售后": {"agent1", "agent2"}, "技术": {"agent3"}}
		},
		CustomerRows: func(same func(string) bool) map[string][]map[string]string {
			if !same("13812348000") {
				return nil
			}
			return map[string][]map[string]string{"orders": {{"订单号": "6603", "状态": "已签收", "电话": "13812348000"}}}
		},
		Flows: business.FlowFolders(folders), FlowEditor: webtest.FlowEditor(s, folders), Voices: webtest.Voices{},
		Rules: rules.New(folders, s),
	}
	config.Keeper = &custody.Keeper{
		Store: s, Sealer: s.Sealer(), Dir: dir, KeyFile: filepath.Join(dir, "master.key"), KeyDays: 365, Log: log,
		Retention: custody.Retention{Recordings: 90, Transcripts: 180, Calls: 365, Audit: 1095},
	}
	if !empty {
		config.Desk = webtest.NewDesk(bus)
	}
	watch, err := webtest.Watch(bus)
	if err != nil {
		return err
	}
	config.Alerts, config.Quality = watch, webtest.Reviews(s)
	server, err := web.New(config)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"url": "http://" + server.Addr(), "password": webtest.Password}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Run(ctx) })
	g.Go(func() error { base.Run(ctx, nil); return nil })
	g.Go(func() error { wordings.Run(ctx); return nil })
	g.Go(func() error { watch.Run(ctx); return nil })
	g.Go(func() error { desk.Run(ctx); return nil })
	steps := make(chan struct{})
	if !empty {
		g.Go(func() error { return services.Live(ctx, dir, steps) })
	}
	g.Go(func() error {
		defer cancel()
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			if why, waits := strings.CutPrefix(lines.Text(), "waits "); waits {
				id, why, _ := strings.Cut(why, " ")
				why, node, _ := strings.Cut(why, " ")
				holds.SetOn(node, campaigns.Hold{Campaign: id, Why: campaigns.HoldWhy(why), Since: time.Now()})
				continue
			}
			if lines.Text() == "elsewhere" {
				if err := others.Begin(ctx, s, bus, dir); err != nil {
					return err
				}
				continue
			}
			if inProgress := true; lines.Text() == "upset" {
				live, err := s.Calls(ctx, store.Filter{Live: &inProgress, Limit: 1})
				if err != nil {
					return err
				}
				for _, r := range live.Items {
					webtest.Upset(bus, r)
				}
				continue
			}
			select {
			case steps <- struct{}{}:
			case <-ctx.Done():
			}
		}
		return lines.Err()
	})
	return g.Wait()
}
