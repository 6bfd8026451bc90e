package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xuri/excelize/v2"

	"hotline/campaigns"
	"hotline/internal/stand"
	"hotline/internal/store/storetest"
)

const (
	importMark   = 60.0  // seconds for a million
	memoryGrowth = 300.0 // MB that the server may take more at its highest
)

// imports measures how fast the server takes files of contacts, how much memory it has
// for that, and what somebody waits meanwhile who adds a contact to another campaign.
func (b *Bench) imports(ctx context.Context) error {
	many, sheet := waitingMany, waitingMany/5
	if b.cfg.Quick {
		many, sheet = waitingQuick, waitingQuick/5
	}
	return b.importing(ctx, "embedded store", nil, map[string]int{"csv": many, "xlsx": sheet})
}

// importsShared is the same with PostgreSQL.
func (b *Bench) importsShared(ctx context.Context) error {
	many := waitingMany
	if b.cfg.Quick {
		many = waitingQuick
	}
	server, err := storetest.Start(ctx)
	if errors.Is(err, storetest.ErrMissing) {
		b.cfg.Log.Warn("imports are not measured with PostgreSQL", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	url, err := server.Database(ctx)
	if err == nil {
		err = b.importing(ctx, "PostgreSQL", []string{"HOTLINE_DATABASE_URL=" + url}, map[string]int{"csv": many})
	}
	return errors.Join(err, server.Stop())
}

func (b *Bench) importing(ctx context.Context, name string, env []string, files map[string]int) (err error) {
	s, stop, err := b.fresh(ctx, env...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := settle(ctx, s); err != nil {
		return err
	}
	if err := makeCampaign(ctx, s, "other", campaigns.Limits{}); err != nil {
		return err
	}
	for _, kind := range []string{"csv", "xlsx"} {
		rows := files[kind]
		if rows == 0 {
			continue
		}
		file := contactsFile(rows)
		if kind == "xlsx" {
			b.cfg.Log.Info("making a sheet", "rows", rows)
			f, failed := sheetOf(rows)
			if failed != nil {
				return failed
			}
			defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
			file = f
		}
		if err := makeCampaign(ctx, s, kind, campaigns.Limits{}); err != nil {
			return err
		}
		if err := b.importOne(ctx, s, name, kind, rows, file); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) importOne(ctx context.Context, s *stand.Stand, name, kind string, rows int, file io.Reader) error {
	resetPeak(s.PID())
	empty := stand.Memory(s.PID())
	before, cpu, began := readUsage(s.PIDs()...), cpuTime(s.PID()), time.Now()
	meanwhile, over := context.WithCancel(ctx)
	var waits []float64
	var wg sync.WaitGroup
	wg.Go(func() { waits = b.addMeanwhile(meanwhile, s, kind) })
	rep, err := sendContacts(ctx, s, kind, "contacts."+kind, file)
	took := time.Since(began)
	over()
	wg.Wait()
	if err != nil {
		return err
	}
	used, others := cpuTime(s.PID())-cpu, readUsage(s.PIDs()...).others(before)
	if rep.Rows != rows || rep.Added+rep.Bad != rows {
		return fmt.Errorf("of %d rows %d were read, %d added, %d given back", rows, rep.Rows, rep.Added, rep.Bad)
	}
	const mb = 1e6
	seconds, most := round1(took.Seconds()), peakMemory(s.PID())
	growth := round1(float64(most-empty) / mb)
	wait := spread(waits)
	l := Line{Bench: "import", N: rows, Others: others, Marks: map[string]float64{"seconds": round1(importMark * float64(rows) / waitingMany), "memory_growth_mb": memoryGrowth}, More: map[string]any{
		"line": name + ", " + kind, "seconds": seconds, "rows_per_second": round1(float64(rows) / took.Seconds()), "cpu_seconds": round1(used.Seconds()),
		"added": rep.Added, "given_back": rep.Bad, "memory_growth_mb": growth, "memory_most_mb": round1(float64(most) / mb), "contact_added_meanwhile_ms": wait,
	}}
	if kind == "xlsx" || b.cfg.Quick { // the mark is for a million of CSV
		delete(l.Marks, "seconds")
	}
	l.judge(map[string]float64{"seconds": seconds, "memory_growth_mb": growth})
	return b.print(l)
}

// addMeanwhile adds contacts one by one until ctx ends, and tells how long each took, ms.
func (b *Bench) addMeanwhile(ctx context.Context, s *stand.Stand, kind string) (waits []float64) {
	for i := 0; sleep(ctx, 200*time.Millisecond) == nil; i++ {
		began := time.Now()
		status, answer, err := s.Post(ctx, "/api/v1/campaigns/other/contacts", map[string]any{"number": fmt.Sprintf("1%s%08d", map[string]string{"csv": "39", "xlsx": "37"}[kind], i)})
		switch {
		case ctx.Err() != nil:
			return waits
		case err != nil || status >= http.StatusMultipleChoices:
			b.cfg.Log.Warn("a contact could not be added", "status", status, "answer", first(string(answer), 200), "error", err)
		default:
			waits = append(waits, ms(time.Since(began)))
		}
	}
	return waits
}

// sheetOf is an Excel file of contacts.
func sheetOf(rows int) (out *os.File, err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	if err := w.SetRow("A1", []any{"手机号", "姓名", "订单号", "城市", "优先级"}); err != nil {
		return nil, err
	}
	for i := range rows {
		if err := w.SetRow("A"+strconv.Itoa(i+2), []any{contactNumber(i), "王小明", fmt.Sprintf("ORD%09d", i), "上海市浦东新区", i % 10}); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if out, err = os.CreateTemp("", "hotline-bench-*.xlsx"); err != nil {
		return nil, err
	}
	if err = f.Write(out); err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	if err != nil {
		err = errors.Join(err, out.Close(), os.Remove(out.Name()))
	}
	return out, err
}

// resetPeak has the kernel count a process's highest memory from now on (proc(5),
// clear_refs).
func resetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600)
}

// peakMemory is the most resident memory that a process has had, bytes.
func peakMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}
