package bench

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"hotline/asr/asrtest"
	"hotline/asr/onnx"
	"hotline/asr/vad"
	"hotline/internal/models"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
)

// mediaHold is how long calls stand whose packets alone are measured.
const mediaHold = 10 * time.Second

// divide says what of a bot call's cost, CPU-ms for each second of it, is packets and
// what is the detection of voice; the rest is recognition's client, dialogue, the
// decoding of answers, records. Packets are measured with as many calls of the same
// callers to the playback line, detection in this process on a caller's line.
func (b *Bench) divide(ctx context.Context, s *stand.Stand, list []question, n int, total float64) (map[string]float64, error) {
	packets, err := b.packets(ctx, s, n)
	if err != nil {
		return nil, err
	}
	voice, err := detection(list)
	if err != nil {
		return nil, err
	}
	return map[string]float64{"media": packets, "vad": voice, "rest": round3(total - packets - voice), "total": total}, nil
}

// packets is the cost of n calls without speech.
func (b *Bench) packets(ctx context.Context, s *stand.Stand, n int) (float64, error) {
	const settle = 2 * time.Second
	all := time.Duration(n) * dialEvery
	noise := asrtest.Noise("pink", 8000, 4*time.Second, callerNoise)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range n {
		wg.Go(func() {
			_ = sleep(ctx, time.Duration(i)*dialEvery)
			m := &mouth{noise: noise, long: all + settle + mediaHold}
			_, err := b.phone.Call(ctx, softphone.Request{
				URI: s.URI("9198"), From: fmt.Sprintf("7%06d", i), Talk: m.speak,
				Conn: func(c media.PacketConn) media.PacketConn { return newWire(c) },
			})
			if err != nil && ctx.Err() == nil {
				b.cfg.Log.Warn("a call to the playback line failed", "error", err)
			}
		})
	}
	_ = sleep(ctx, all+settle)
	cpu, began := cpuTime(s.PID()), time.Now()
	err := sleep(ctx, mediaHold)
	used := cpuTime(s.PID()) - cpu
	return round3(ms(used) / time.Since(began).Seconds() / float64(n)), err
}

// detection is the cost of the voice detector for a caller who speaks once a period.
func detection(list []question) (float64, error) {
	dir, ok := models.Open(models.DefaultPath()).Find("vad/silero-v6")
	if !ok {
		return 0, nil // loudness alone
	}
	if err := onnx.Start(""); err != nil {
		return 0, err
	}
	silero, err := vad.OpenSilero(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = silero.Close() }()
	d, err := silero.New(8000)
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	x := asrtest.Noise("pink", 8000, period, callerNoise)
	rounds := min(10, len(list))
	var used time.Duration
	for _, q := range list[:rounds] {
		y := append([]int16(nil), x...)
		asrtest.Mix(y, q.samples, 8*8000)
		before := cpuTime(os.Getpid())
		for at := 0; at+160 <= len(y); at += 160 {
			if _, err := d.Detect(y[at : at+160]); err != nil {
				return 0, err
			}
		}
		used += cpuTime(os.Getpid()) - before
	}
	return round3(ms(used) / (float64(rounds) * period.Seconds())), nil
}
