package store_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"hotline/internal/call"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// What a turn costs while many calls write at once.
func BenchmarkAddTurn(b *testing.B) {
	for _, calls := range []int{1, 8, 100} {
		b.Run(fmt.Sprintf("calls=%d", calls), func(b *testing.B) {
			dir := b.TempDir()
			sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "key"))
			if err != nil {
				b.Fatal(err)
			}
			s, err := store.Open(b.Context(), store.Config{URL: filepath.Join(dir, "db"), Sealer: sealer})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := s.Begin(b.Context(), record("A", noon)); err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			b.SetParallelism(calls) // times GOMAXPROCS
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					t := call.TurnRecord{Call: "A", Index: int(n.Add(1)), Speaker: "caller", Text: "请问你们门店周末几点开门啊？"}
					if err := s.AddTurn(b.Context(), t); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
