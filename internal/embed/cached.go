package embed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// Embedder makes vectors of texts.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

const (
	// probe is a text by whose vector a model is known again.
	probe = "hotline 热线"
	// sameModel is the cosine from which two vectors of probe are of one model: the
	// same one on other cores differs in the last digits.
	sameModel = 0.9999
	magic     = "hotline-vectors-1\n"
	hashSize  = 16
	// maxCached is the default of Cached.Max: 80 MB at 384 numbers.
	maxCached = 50_000
)

// Cached keeps the vectors of texts in a file, so that a start or a change embeds
// only what is new. Only texts that come several at once, which are knowledge, are
// kept: one alone may be what a caller said. A file that cannot be used, or is of
// another model, is begun anew; one that another process uses is left to it, and
// every text is embedded.
type Cached struct {
	Next Embedder
	Path string
	Max  int // vectors in the file; when it is full it is begun anew. Default 50,000

	mu    sync.Mutex // guards what follows; not held while Next works
	file  *os.File
	dim   int
	at    map[[hashSize]byte]int64
	ready bool
	off   bool // the file cannot be used: Next alone serves
}

// Embed returns one vector for each text, in their order.
func (c *Cached) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) < 2 {
		return c.Next.Embed(ctx, texts)
	}
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	var missing []string
	var places []int
	c.mu.Lock()
	for i, t := range texts {
		if out[i] = c.read(t); out[i] == nil {
			missing, places = append(missing, t), append(places, i)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	vectors, err := c.Next.Embed(ctx, missing)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(missing) {
		return nil, fmt.Errorf("embedding: %d vectors for %d texts", len(vectors), len(missing))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range vectors {
		out[places[k]] = v
	}
	c.write(missing, vectors)
	return out, nil
}

// Close gives the file back.
func (c *Cached) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}

// prepare opens the file and finds out whether it is of the model that serves now.
func (c *Cached) prepare(ctx context.Context) error {
	c.mu.Lock()
	done := c.ready || c.off
	c.mu.Unlock()
	if done {
		return nil
	}
	v, err := c.Next.Embed(ctx, []string{probe})
	if err != nil {
		return err
	}
	if len(v) != 1 || len(v[0]) == 0 {
		return errors.New("embedding: no vector for a text")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready || c.off {
		return nil
	}
	if err := c.open(v[0]); err != nil {
		c.off = true // it only costs time
	}
	c.ready = true
	return nil
}

func (c *Cached) open(known []float32) error {
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(c.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	// Where records stand is known to one process only.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errors.Join(err, f.Close())
	}
	c.file, c.dim, c.at = f, len(known), map[[hashSize]byte]int64{}
	head := make([]byte, len(magic)+4+4*c.dim)
	_, err = io.ReadFull(f, head)
	if err != nil || string(head[:len(magic)]) != magic || binary.LittleEndian.Uint32(head[len(magic):]) != uint32(c.dim) ||
		cosine(floats(head[len(magic)+4:]), known) < sameModel {
		return c.anew(known)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	record := int64(hashSize + 4*c.dim)
	for at := int64(len(head)); at+record <= info.Size(); at += record {
		var h [hashSize]byte
		if _, err := f.ReadAt(h[:], at); err != nil {
			return err
		}
		c.at[h] = at + hashSize
	}
	return nil
}

// anew empties the file. known is the probe's vector; nil keeps the head.
func (c *Cached) anew(known []float32) error {
	c.at = map[[hashSize]byte]int64{}
	if known == nil {
		return c.file.Truncate(c.head())
	}
	if err := c.file.Truncate(0); err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(c.dim))
	_, err := c.file.WriteAt(appendFloats(head, known), 0)
	return err
}

func (c *Cached) head() int64 { return int64(len(magic) + 4 + 4*c.dim) }

func (c *Cached) read(text string) []float32 {
	at, ok := c.at[key(text)]
	if !ok || c.off {
		return nil
	}
	data := make([]byte, 4*c.dim)
	if _, err := c.file.ReadAt(data, at); err != nil {
		return nil
	}
	return floats(data)
}

// write keeps vectors. A disk that is full costs them and nothing else.
func (c *Cached) write(texts []string, vectors [][]float32) {
	most := c.Max
	if most <= 0 {
		most = maxCached
	}
	if c.off {
		return
	}
	if len(c.at)+len(texts) > most {
		if c.anew(nil) != nil {
			c.off = true
			return
		}
	}
	record := int64(hashSize + 4*c.dim)
	at := c.head() + int64(len(c.at))*record
	var b bytes.Buffer
	added := map[[hashSize]byte]int64{}
	for i, t := range texts {
		h := key(t)
		_, known := c.at[h]
		_, twice := added[h]
		if known || twice || len(vectors[i]) != c.dim || len(c.at)+len(added) >= most {
			continue
		}
		added[h] = at + int64(b.Len()) + hashSize
		b.Write(h[:])
		b.Write(appendFloats(nil, vectors[i]))
	}
	if _, err := c.file.WriteAt(b.Bytes(), at); err != nil {
		return
	}
	maps.Copy(c.at, added)
}

func key(text string) (h [hashSize]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(h[:], sum[:])
	return h
}

func floats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

func appendFloats(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}
