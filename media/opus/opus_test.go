package opus_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
	"hotline/media/opus"
)

// sweep is a sound whose every part differs, so that a shift shows.
func sweep(rate, n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		t := float64(i) / float64(rate)
		x[i] = int16(9000 * math.Sin(2*math.Pi*(300+500*t)*t) * (0.6 + 0.4*math.Sin(2*math.Pi*3*t)))
	}
	return x
}

// lag finds by how many samples y is later than x.
func lag(x, y []int16, most int) int {
	best, at := math.Inf(-1), 0
	for d := -most; d <= most; d++ {
		sum := 0.0
		for i := most; i < len(x)-most; i++ {
			sum += float64(x[i]) * float64(y[i+d])
		}
		if sum > best {
			best, at = sum, d
		}
	}
	return at
}

func TestFileKeepsLengthAndPlace(t *testing.T) {
	for _, rate := range []int{8000, 12000, 16000, 24000, 48000, 22050, 44100} {
		for _, n := range []int{rate * 2, rate + 1, rate/50 + 7, rate / 50, 3, 1, 0} {
			path := filepath.Join(t.TempDir(), "a.opus")
			x := sweep(rate, n)
			require.NoError(t, opus.WriteFile(path, x, rate))
			y, err := opus.ReadFile(path, rate)
			require.NoError(t, err, "%d samples at %d", n, rate)
			if opus.Native(rate) {
				require.Len(t, y, n, "at %d Hz", rate)
			} else {
				require.InDelta(t, n, len(y), 2, "at %d Hz", rate)
			}
			if n == rate*2 && opus.Native(rate) {
				require.InDelta(t, 0, lag(x, y, 40), max(1, float64(rate)/10000), "the sound is moved at %d Hz", rate)
				require.InDelta(t, dsp.LevelDB(x), dsp.LevelDB(y), 1, "the level is changed at %d Hz", rate)
			}
		}
	}
}

func TestReadAtAnotherRate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.opus")
	require.NoError(t, opus.WriteFile(path, dsp.Sine(24000, -20, time.Second, 1000), 24000))
	for _, rate := range []int{8000, 16000, 48000, 11025} {
		y, err := opus.ReadFile(path, rate)
		require.NoError(t, err)
		require.InDelta(t, rate, len(y), 2)
		middle := y[rate/4 : rate*3/4]
		require.InDelta(t, -20, dsp.Goertzel(middle, rate, 1000), 1.5)
		require.Less(t, dsp.Goertzel(middle, rate, 2500), -45.0)
	}
}

// Another implementation agrees about the container.
func TestContainerReadByPion(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, opus.Write(&b, sweep(16000, 16000*3+5), 16000, opus.Options{}, "TITLE=你好"))
	r, head, err := oggreader.NewWith(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	require.EqualValues(t, 1, head.Channels)
	require.EqualValues(t, 16000, head.SampleRate)
	require.EqualValues(t, 312, head.PreSkip)
	var granule uint64
	for {
		_, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		granule = page.GranulePosition
	}
	require.EqualValues(t, 312+(16000*3+5)*3, granule)
}

func TestSameSoundSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	x := sweep(24000, 30000)
	require.NoError(t, opus.Write(&a, x, 24000, opus.Options{}))
	require.NoError(t, opus.Write(&b, x, 24000, opus.Options{}))
	require.Equal(t, a.Bytes(), b.Bytes())
}

func TestDamageIsNoticed(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, opus.Write(&b, sweep(16000, 40000), 16000, opus.Options{}))
	whole := b.Bytes()
	for _, cut := range []int{0, 10, 60, len(whole) / 2, len(whole) - 1} {
		_, err := opus.Read(bytes.NewReader(whole[:cut]), 16000)
		require.Error(t, err, "cut at %d", cut)
	}
	for at := 0; at < len(whole); at += 97 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x40
		_, err := opus.Read(bytes.NewReader(bad), 16000)
		require.Error(t, err, "byte %d", at)
	}
	_, err := opus.ReadFile(filepath.Join(t.TempDir(), "none.opus"), 16000)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPacketsAndConcealment(t *testing.T) {
	enc, err := opus.NewEncoder(16000, opus.Options{FEC: true, Loss: 20})
	require.NoError(t, err)
	dec, err := opus.NewDecoder(16000)
	require.NoError(t, err)
	x := dsp.Sine(16000, -20, time.Second, 400)
	pcm := make([]int16, dec.MaxSamples())
	var y []int16
	for i := 0; i+320 <= len(x); i += 320 {
		packet, err := enc.Encode(nil, x[i:i+320])
		require.NoError(t, err)
		if i/320 == 30 { // lost
			require.NoError(t, dec.Conceal(pcm[:320]))
			y = append(y, pcm[:320]...)
			continue
		}
		n, err := dec.Decode(packet, pcm)
		require.NoError(t, err)
		require.Equal(t, 320, n)
		y = append(y, pcm[:n]...)
	}
	require.InDelta(t, -20, dsp.LevelDB(y[29*320:32*320]), 3, "the gap is audible")
	_, err = dec.Decode(nil, pcm)
	require.Error(t, err)
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, opus.Write(&b, sweep(8000, 8000), 8000, opus.Options{}))
	f.Add(b.Bytes())
	f.Add([]byte("OggS"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = opus.Read(bytes.NewReader(data), 8000)
	})
}

func BenchmarkReadSecond(b *testing.B) {
	var buf bytes.Buffer
	require.NoError(b, opus.Write(&buf, sweep(16000, 16000), 16000, opus.Options{}))
	for b.Loop() {
		if _, err := opus.Read(bytes.NewReader(buf.Bytes()), 8000); err != nil {
			b.Fatal(err)
		}
	}
}
