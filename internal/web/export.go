package web

import (
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const exportLimit = 50_000

// exportCalls writes what the filter finds, page by page.
func (s *Server) exportCalls(ctx context.Context, in *FilterInput) (*huma.StreamResponse, error) {
	f := in.filter()
	f.Limit = 500
	s.narrow(who(ctx), &f)
	page, err := s.cfg.Store.Calls(ctx, f) // what can go wrong does so before the headers
	if err != nil {
		return nil, err
	}
	i := who(ctx)
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="calls.csv"`)
		_, _ = w.Write([]byte("\ufeff")) // without it Excel takes Chinese for Latin-1
		out := csv.NewWriter(w)
		_ = out.Write([]string{
			"id", "started_at", "line", "direction", "caller", "called", "language", "duration_s", "outcome",
			"transfer_reason", "agent", "end_cause", "summary",
		})
		for n := 0; ; {
			for _, r := range page.Items {
				c := i.view(r, time.Now())
				_ = out.Write([]string{
					c.ID, c.StartedAt.UTC().Format(time.RFC3339), cell(c.Line), c.Direction, number(c.Caller), number(c.Called), c.Language,
					strconv.FormatFloat(float64(c.DurationMS)/1000, 'f', 1, 64), string(c.Outcome), cell(c.TransferReason), cell(c.Agent),
					c.EndCause, cell(c.Summary),
				})
			}
			n += len(page.Items)
			out.Flush()
			if page.Next == "" || n >= exportLimit || out.Error() != nil {
				return
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(requestTime))
			f.Cursor = page.Next
			if page, err = s.cfg.Store.Calls(ctx, f); err != nil {
				s.log.ErrorContext(ctx, "export_broke_off", "error", err)
				panic(http.ErrAbortHandler) // the client must not take a part for the whole
			}
		}
	}}, nil
}

// cell keeps a spreadsheet from taking text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// number keeps a plus that belongs to a number.
func number(s string) string {
	if strings.HasPrefix(s, "+") && strings.Trim(s[1:], "0123456789 -*") == "" {
		return s
	}
	return cell(s)
}
