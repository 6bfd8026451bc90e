package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/xuri/excelize/v2"
)

const excelType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func ticketHeading() []string {
	return []string{"serial", "kind", "state", "priority", "owner", "team", "source", "number", "summary", "fields", "made_at", "due_at", "closed_at", "call"}
}

func ticketRow(t store.Ticket) []string {
	at := func(when time.Time) string {
		if when.IsZero() {
			return ""
		}
		return when.UTC().Format(time.RFC3339)
	}
	fields := make([]string, 0, len(t.Fields))
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		fields = append(fields, name+": "+t.Fields[name])
	}
	return []string{
		strconv.FormatInt(t.Serial, 10), cell(t.Kind), t.State, []string{"low", "normal", "high", "urgent"}[min(max(t.Priority, 0), 3)], cell(t.Owner), cell(t.Team), t.Source,
		number(t.Number), cell(t.Summary), cell(strings.Join(fields, "; ")), at(t.MadeAt), at(t.DueAt), at(t.ClosedAt), t.Call,
	}
}

// table begins a file of rows for a download, of the format csv or xlsx.
func table(w http.ResponseWriter, name, format string) (write func([]string) error, flush func(last bool) error) {
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.`+format+`"`)
	if format != "csv" {
		w.Header().Set("Content-Type", excelType)
		return sheet(w)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	_, _ = w.Write([]byte("\ufeff")) // without it Excel takes Chinese for Latin-1
	out := csv.NewWriter(w)
	return out.Write, func(bool) error { out.Flush(); return out.Error() }
}

// exportTickets writes what the filter finds, page by page.
func (s *Server) exportTickets(ctx context.Context, in *TicketFilterInput, format string) (*huma.StreamResponse, error) {
	i := who(ctx)
	f := in.filter(i, s.ticketSight(i))
	f.Limit = 500
	page, err := s.cfg.Store.Tickets(ctx, f) // what can go wrong does so before the headers
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		write, flush := table(w, "tickets", format)
		err := write(ticketHeading())
		for n := 0; err == nil; {
			for _, t := range page.Items {
				if err = write(ticketRow(i.viewTicket(t))); err != nil {
					break
				}
			}
			n += len(page.Items)
			last := page.Next == "" || n >= exportLimit
			if err == nil {
				err = flush(last)
			}
			if err != nil || last {
				break
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(requestTime))
			f.Cursor = page.Next
			page, err = s.cfg.Store.Tickets(ctx, f)
		}
		if err != nil {
			s.log.ErrorContext(ctx, "export_broke_off", "error", err)
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}

// sheet writes rows as an Excel file; it keeps them on disk until the last flush.
func sheet(w http.ResponseWriter) (write func([]string) error, flush func(last bool) error) {
	book := excelize.NewFile()
	out, err := book.NewStreamWriter("Sheet1")
	n := 0
	write = func(row []string) error {
		if err != nil {
			return fmt.Errorf("write a sheet: %w", err)
		}
		n++
		cells := make([]any, len(row))
		for i, v := range row {
			cells[i] = v
		}
		return out.SetRow("A"+strconv.Itoa(n), cells)
	}
	flush = func(last bool) error {
		if !last || err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("write a sheet: %w", err)
		}
		if err := book.Write(w); err != nil {
			return fmt.Errorf("write a sheet: %w", err)
		}
		return book.Close()
	}
	return write, flush
}
