package outbound_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/seal"
	"hotline/internal/store"
)

func open(tb testing.TB) (*outbound.Service, *store.Store) {
	tb.Helper()
	dir := tb.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(tb, err)
	s, err := store.Open(tb.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	plan, err := number.For("CN")
	require.NoError(tb, err)
	rules := campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai"})
	return outbound.New(outbound.Config{Store: s, Rules: rules, Plan: plan, Lines: func() []string { return []string{"main"} }}), s
}

func notice() campaigns.Campaign {
	return campaigns.Campaign{
		ID: "notice", Name: "Delivery", Purpose: campaigns.Service,
		Variants: []campaigns.Variant{{Name: "a", Greeting: "您好，我是优选商城的智能助手，您的包裹明天送到。"}},
	}
}

// million writes a file of a million contacts as a shop's system exports them: numbers in
// no order, a tenth of a thousandth of them twice.
func million(tb testing.TB, rows int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "contacts.csv")
	f, err := os.Create(path)
	require.NoError(tb, err)
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.WriteString("\xef\xbb\xbf手机号,姓名,订单号,城市,优先级\r\n")
	require.NoError(tb, err)
	for i := range rows {
		n := uint64(i) * 48271 % 99999989
		if i%10000 == 9999 {
			n = uint64(i-1) * 48271 % 99999989
		}
		_, err := fmt.Fprintf(w, "138%08d,王小明,ORD%09d,上海市浦东新区,%d\r\n", n, i, i%10)
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Flush())
	require.NoError(tb, f.Close())
	return path
}

// BenchmarkImport adds contacts to the embedded store and tells the most memory that the
// process has had; the smaller file is for profiles.
func BenchmarkImport(b *testing.B) {
	for _, rows := range []int{200_000, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) { benchmarkImport(b, rows) })
	}
}

func benchmarkImport(b *testing.B, rows int) {
	b.Helper()
	path := million(b, rows)
	for b.Loop() {
		b.StopTimer()
		s, _ := open(b)
		_, err := s.Create(b.Context(), notice(), "ann")
		require.NoError(b, err)
		f, err := os.Open(path)
		require.NoError(b, err)
		runtime.GC()
		before := processor(b)
		b.StartTimer()
		rep, err := s.Import(b.Context(), "notice", f, nil, "zh", io.Discard)
		b.StopTimer()
		require.NoError(b, err)
		require.Equal(b, rows, rep.Rows)
		require.Equal(b, rows-rows/10_000, rep.Added)
		require.NoError(b, f.Close())
		b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(rows), "CPU-µs/row")
		b.ReportMetric(peak(b), "peak-MB")
		b.StartTimer()
	}
}

// processor is how long this process has computed.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// peak is the most memory that this process has had, in MB.
func peak(tb testing.TB) float64 {
	tb.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Skip("no /proc here")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			require.NoError(tb, err)
			return float64(kb) / 1024
		}
	}
	return 0
}
