package wav_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-audio/audio"
	gowav "github.com/go-audio/wav"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/media/wav"
)

func TestRoundTrip(t *testing.T) {
	left, right := dsp.Sine(8000, -10, time.Second, 440), dsp.Sine(8000, -10, time.Second, 880)
	path := filepath.Join(t.TempDir(), "x.wav")
	require.NoError(t, wav.WriteFile(path, wav.Audio{Rate: 8000, Channels: [][]int16{left, right}}))
	a, err := wav.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 8000, a.Rate)
	assert.Equal(t, [][]int16{left, right}, a.Channels)
	mono := a.Mono()
	assert.InDelta(t, -16, dsp.Goertzel(mono, 8000, 440), 0.1)
	assert.InDelta(t, -16, dsp.Goertzel(mono, 8000, 880), 0.1)
	assert.Len(t, a.At(16000), 16000)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// Other people's writers and readers agree with ours.
func TestAgainstGoAudio(t *testing.T) {
	x := dsp.Sine(16000, -10, time.Second, 440)
	path := filepath.Join(t.TempDir(), "x.wav")
	for _, bits := range []int{16, 24, 32} {
		f, err := os.Create(path)
		require.NoError(t, err)
		e := gowav.NewEncoder(f, 16000, bits, 1, 1)
		data := make([]int, len(x))
		for i, v := range x {
			data[i] = int(v) << (bits - 16)
		}
		require.NoError(t, e.Write(&audio.IntBuffer{Data: data, SourceBitDepth: bits, Format: &audio.Format{NumChannels: 1, SampleRate: 16000}}))
		require.NoError(t, e.Close())
		require.NoError(t, f.Close())
		a, err := wav.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, x, a.Mono(), "%d bits", bits)
	}
	d := gowav.NewDecoder(bytes.NewReader(wav.Encode(wav.Audio{Rate: 16000, Channels: [][]int16{x}})))
	require.True(t, d.IsValidFile())
	buf, err := d.FullPCMBuffer()
	require.NoError(t, err)
	require.Len(t, buf.Data, len(x))
	assert.Equal(t, int(x[100]), buf.Data[100])
}

// file makes a WAV file of any encoding.
func file(format, bits int, data []byte, extra []byte) []byte {
	var b []byte
	le := binary.LittleEndian
	b = append(b, "RIFF\x00\x00\x00\x00WAVELIST\x06\x00\x00\x00INFOxxfmt "...)
	b = le.AppendUint32(b, uint32(16+len(extra)))
	b = le.AppendUint16(b, uint16(format))
	b = le.AppendUint16(b, 1)
	b = le.AppendUint32(b, 8000)
	b = le.AppendUint32(b, uint32(8000*bits/8))
	b = le.AppendUint16(b, uint16(bits/8))
	b = le.AppendUint16(b, uint16(bits))
	b = append(b, extra...)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestEncodings(t *testing.T) {
	extension := make([]byte, 24)
	extension[0], extension[8] = 22, 1
	for _, c := range []struct {
		name string
		file []byte
		want []int16
	}{
		{"8 bit", file(1, 8, []byte{128, 255, 0}, nil), []int16{0, 127 << 8, -32768}},
		{"A-law", file(6, 8, []byte{0xd5, 0xaa}, nil), []int16{8, 32256}},
		{"µ-law", file(7, 8, []byte{0xff, 0x80, 0x00}, nil), []int16{0, 32124, -32124}},
		{"float", file(3, 32, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.5)), math.Float32bits(-2)), nil), []int16{16384, -32768}},
		{"extensible", file(0xfffe, 16, []byte{1, 0, 2, 0}, extension), []int16{1, 2}},
		{"half a sample at the end", file(1, 16, []byte{1, 0, 2}, nil), []int16{1}},
		{"of no length", append(file(1, 16, nil, nil), 1, 0, 2, 0), []int16{1, 2}},
	} {
		a, err := wav.Read(bytes.NewReader(c.file))
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, a.Mono(), c.name)
	}
	unknown := file(1, 16, []byte{1, 0, 2, 0}, nil)
	binary.LittleEndian.PutUint32(unknown[len(unknown)-8:], math.MaxUint32)
	a, err := wav.Read(bytes.NewReader(unknown))
	require.NoError(t, err)
	assert.Equal(t, []int16{1, 2}, a.Mono())
}

func TestErrors(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("RIFF"), []byte("ID3 mp3"), file(1, 16, nil, nil)[:30], file(85, 0, []byte{1}, nil)} {
		_, err := wav.Read(bytes.NewReader(b))
		require.ErrorIs(t, err, wav.ErrFormat)
	}
	_, err := wav.ReadFile(filepath.Join(t.TempDir(), "none.wav"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestRecordings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "speech"), "*", "*.wav"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files[:min(20, len(files))] {
		a, err := wav.ReadFile(f)
		require.NoError(t, err)
		level := dsp.ActiveLevelDB(a.Mono(), a.Rate)
		assert.True(t, level > -60 && level < 0, "%s: %.1f dB", f, level)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(1, 16, []byte{1, 0, 2, 0}, nil))
	f.Add(file(0xfffe, 24, []byte{1, 0, 2, 0}, make([]byte, 24)))
	f.Add(file(7, 8, []byte{1, 0, 2, 0}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := wav.Read(bytes.NewReader(b))
		if err == nil && len(a.Mono()) > len(b) {
			t.Errorf("%d samples from %d bytes", len(a.Mono()), len(b))
		}
	})
}
