package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/campaignfile"
	"hotline/internal/outbound"
)

// newCampaign is what people do with campaigns from a shell: it asks the running server.
func newCampaign(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "campaign", Short: "Call many people: make, feed, start and stop campaigns of the running server"}
	var c campaignCommand
	cmd.PersistentFlags().StringVar(&c.server, "server", "", "address of the running server (default: this machine's, as the settings have it)")
	cmd.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print what the server says as JSON")
	with := func(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			conf, err := s.load()
			if err != nil {
				return err
			}
			if c.api, err = newAPI(conf, c.server); err != nil {
				return err
			}
			c.api.client.Timeout = importLimit
			return run(cmd, args)
		}
	}
	imports := &cobra.Command{
		Use: "import ID FILE", Short: "Add the contacts of a CSV or Excel file; rows that cannot be used go to --bad", Args: exactArgs(2), RunE: with(c.imports),
	}
	imports.Flags().StringVar(&c.bad, "bad", "", "where rows that were not added are written (default FILE with .bad.csv behind it)")
	cmd.AddCommand(
		&cobra.Command{Use: "create FILE", Short: "Make a campaign of a campaigns/*.yaml; it is started by start", Args: exactArgs(1), RunE: with(c.create)},
		imports,
		&cobra.Command{Use: "status ID", Short: "Where a campaign stands, and why it calls nobody", Args: exactArgs(1), RunE: with(c.status)},
	)
	dry := &cobra.Command{Use: "dry-run ID", Short: "What would happen at a time: how many could be called, and why the others not", Args: exactArgs(1), RunE: with(c.dryRun)}
	dry.Flags().StringVar(&c.at, "at", "", "the time, 2026-12-01T10:00+08:00, or 10:00 for the next such of this machine's clock (default now)")
	cmd.AddCommand(dry)
	for _, what := range []struct{ use, short string }{
		{"start", "Begin to call"}, {"pause", "Begin no more calls"}, {"resume", "Go on after a pause"}, {"stop", "End it for good: nobody who waits is called"},
	} {
		one := &cobra.Command{Use: what.use + " ID", Short: what.short, Args: exactArgs(1), RunE: with(c.change(what.use))}
		if what.use == "pause" || what.use == "stop" {
			one.Flags().BoolVar(&c.hangUp, "hang-up", false, "end the calls in progress too: the bot finishes its sentence and says goodbye")
		}
		cmd.AddCommand(one)
	}
	return cmd
}

// importLimit is how long a million contacts may take.
const importLimit = 15 * time.Minute

type campaignCommand struct {
	api            *api
	server, bad    string
	at             string
	asJSON, hangUp bool
}

const campaignsPath = "/api/v1/campaigns"

func (c *campaignCommand) print(out io.Writer, v any, format string, args ...any) error {
	if c.asJSON {
		return json.NewEncoder(out).Encode(v)
	}
	_, err := fmt.Fprintf(out, format+"\n", args...)
	return err
}

func (c *campaignCommand) create(cmd *cobra.Command, args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("reading the campaign: %w", err)
	}
	made, problems := campaignfile.Parse(text)
	if len(problems) > 0 {
		for _, p := range problems {
			if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "%s:%d: %s\n", args[0], p.Line, p); err != nil {
				return err
			}
		}
		return errSilent
	}
	made.ID = cmp.Or(made.ID, strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0])))
	if err := c.api.do(cmd.Context(), http.MethodPost, campaignsPath, made, &made); err != nil {
		return fmt.Errorf("making the campaign: %w", err)
	}
	return c.print(cmd.OutOrStdout(), made, "%s: %s; add contacts by hotline campaign import %s FILE", made.ID, made.State, made.ID)
}

func (c *campaignCommand) change(what string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		var changed campaigns.Campaign
		path := campaignsPath + "/" + url.PathEscape(args[0]) + "/" + what
		var body any
		if what == "pause" || what == "stop" {
			body = map[string]bool{"hang_up": c.hangUp}
		}
		if err := c.api.do(cmd.Context(), http.MethodPost, path, body, &changed); err != nil {
			return fmt.Errorf("campaign %s: %w", args[0], err)
		}
		return c.print(cmd.OutOrStdout(), changed, "%s: %s", args[0], changed.State)
	}
}

// imported is what the server says of a file.
type imported struct {
	contacts.Report
	BadRows string `json:"bad_rows,omitempty"` // CSV
}

func (c *campaignCommand) imports(cmd *cobra.Command, args []string) (err error) {
	f, err := os.Open(args[1])
	if err != nil {
		return fmt.Errorf("reading the contacts: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// The file is sent as it is read.
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormFile("file", filepath.Base(args[1]))
		if err == nil {
			_, err = io.Copy(part, f)
		}
		_ = w.CloseWithError(errors.Join(err, form.Close()))
	}()
	req, err := http.NewRequestWithContext(cmd.Context(), http.MethodPost, c.api.base+campaignsPath+"/"+url.PathEscape(args[0])+"/contacts/import", r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.api.token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	var got imported
	if err := c.api.send(req, &got); err != nil {
		return errors.Join(fmt.Errorf("importing contacts: %w", err), r.Close())
	}
	if got.BadRows != "" {
		path := cmp.Or(c.bad, args[1]+".bad.csv")
		if err := os.WriteFile(path, []byte(got.BadRows), 0o600); err != nil {
			return fmt.Errorf("writing the rows that were not added: %w", err)
		}
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%d rows, %d added, %d not", got.Rows, got.Added, got.Bad)
	for _, reason := range slices.Sorted(maps.Keys(got.Reasons)) {
		fmt.Fprintf(&text, "\n  %6d %s", got.Reasons[reason], contacts.Words(reason, "en"))
	}
	return c.print(cmd.OutOrStdout(), got, "%s", text.String())
}

func (c *campaignCommand) status(cmd *cobra.Command, args []string) error {
	var st outbound.Status
	if err := c.api.do(cmd.Context(), http.MethodGet, campaignsPath+"/"+url.PathEscape(args[0]), nil, &st); err != nil {
		return fmt.Errorf("campaign %s: %w", args[0], err)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s: %s", args[0], st.Campaign.State)
	if h := st.Waits; h != nil {
		fmt.Fprintf(&text, "\ncalls nobody since %s: %s %s", h.Since.Local().Format("15:04:05"), h.Why, h.Detail)
		if !h.Until.IsZero() {
			fmt.Fprintf(&text, " until %s", h.Until.Local().Format("2006-01-02 15:04:05"))
		}
		for _, server := range h.Servers {
			fmt.Fprintf(&text, "\n  server %s: %s %s", server.Node, server.Why, server.Detail)
		}
		for _, reason := range slices.Sorted(maps.Keys(h.Reasons)) {
			fmt.Fprintf(&text, "\n  %7d of the next wait: %s", h.Reasons[reason], cmp.Or(reason, "for the time agreed on"))
		}
	}
	for _, group := range []struct {
		title string
		n     map[string]int
	}{{"contacts", st.Counts.States}, {"attempts", st.Counts.Outcomes}, {"goals", st.Counts.Goals}, {"not called because of", st.Refused}} {
		if len(group.n) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s:", group.title)
		for _, name := range slices.Sorted(maps.Keys(group.n)) {
			fmt.Fprintf(&text, "\n  %7d %s", group.n[name], name)
		}
	}
	return c.print(cmd.OutOrStdout(), st, "%s", text.String())
}

// forecast is what the server says of a dry run.
type forecast struct {
	campaigns.Forecast
	Seen int `json:"seen"`
}

func (c *campaignCommand) dryRun(cmd *cobra.Command, args []string) error {
	at, err := dryTime(c.at, time.Now())
	if err != nil {
		return usageError{err}
	}
	path := campaignsPath + "/" + url.PathEscape(args[0]) + "/forecast?at=" + url.QueryEscape(at.UTC().Format(time.RFC3339))
	var f forecast
	if err := c.api.do(cmd.Context(), http.MethodGet, path, nil, &f); err != nil {
		return fmt.Errorf("campaign %s: %w", args[0], err)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "at %s: %d of %d could be called", at.Format("2006-01-02 15:04 MST"), f.Now, f.Contacts)
	if f.Over > 0 {
		fmt.Fprintf(&text, ", %d are over", f.Over)
	}
	for _, w := range f.Refused {
		fmt.Fprintf(&text, "\n  %7d %s", w.Count, w.Refusal.Words("en"))
		switch {
		case w.Final:
			text.WriteString(", for good")
		case !w.Next.IsZero():
			fmt.Fprintf(&text, ", the first from %s on", w.Next.In(at.Location()).Format("2006-01-02 15:04"))
		}
	}
	return c.print(cmd.OutOrStdout(), f, "%s", text.String())
}

// dryTime reads when a dry run is to be: a time with its zone, or the next 10:00.
func dryTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return now, fmt.Errorf("--at %q is no time; write 2026-12-01T10:00+08:00 or 10:00", text)
	}
	at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
	if at.Before(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()+1, clock.Hour(), clock.Minute(), 0, 0, now.Location())
	}
	return at, nil
}
