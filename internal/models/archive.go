package models

import (
	"archive/tar"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// releases is where sherpa-onnx publishes its models.
const releases = "https://github.com/k2-fsa/sherpa-onnx/releases/download/"

// Bounds on what may come from the network.
const (
	maxArchive = 2 << 30 // bytes of an archive whose size the manifest does not know
	maxEntries = 5000    // of an archive; the voices with espeak-ng's data have about 400
	attempts   = 4       // connections for one archive, each going on where the last ended
)

// stall is how long a download may stand still before the connection is given up.
const stall = 20 * time.Second

// errNetwork marks a place that could not be reached at all.
var errNetwork = errors.New("the network refuses")

// client gives up within seconds where nothing answers.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 4 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
	}}
}

// archive fetches a release archive into target/.downloads (where a later pull
// finds what an interrupted one left) and unpacks it into made.
func (p *pull) archive(ctx context.Context, m Model, src Source, target, made string) error {
	if err := p.dead["archive"]; err != nil {
		return err
	}
	folder := filepath.Join(target, ".downloads")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // models are public
		return err
	}
	if err := room(target, m.Bytes+max(src.Bytes, m.Bytes)); err != nil {
		return err
	}
	part := filepath.Join(folder, filepath.Base(src.Archive)+".tar.bz2.part")
	d := download{
		client: p.Client, url: strings.TrimRight(p.Archives, "/") + "/" + src.Archive + ".tar.bz2", part: part, source: src,
		progress: func(done, total int64) {
			p.progress(Progress{ID: m.ID, Stage: StageDownload, Source: src.String(), Done: done, Total: total})
		},
	}
	if d.client == nil {
		d.client = client()
		defer d.client.CloseIdleConnections()
	}
	if err := d.run(ctx); err != nil {
		if errors.Is(err, errNetwork) && ctx.Err() == nil {
			p.dead["archive"] = errors.New("the releases could not be reached just now")
		}
		return err
	}
	f, err := os.Open(part) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	err = extract(reader{ctx, f}, made, 4*m.Bytes+64<<20, func(done int64) {
		p.progress(Progress{ID: m.ID, Stage: StageUnpack, Source: src.String(), Done: done})
	})
	if err != nil {
		if ctx.Err() == nil {
			d.discard() // what cannot be unpacked is not worth resuming
		}
		return fmt.Errorf("unpacking: %w", err)
	}
	d.discard()
	return nil
}

// download brings one archive to disk.
type download struct {
	client   *http.Client
	url      string
	part     string // the file; part+".etag" beside it says which version it is of
	source   Source
	progress func(done, total int64)
}

func (d *download) discard() {
	_ = os.Remove(d.part)
	_ = os.Remove(d.part + ".etag")
}

// run fetches until the archive is whole and its digest right. A wrong digest
// after a resumed download is tried once more from the beginning.
func (d *download) run(ctx context.Context) error {
	resumed := false
	for try := 1; ; try++ {
		had, err := d.fetch(ctx)
		resumed = resumed || had
		switch {
		case err == nil:
			got, err := hashFile(ctx, d.part)
			if err != nil {
				return err
			}
			if d.source.SHA256 == Unknown || got == d.source.SHA256 {
				return nil
			}
			d.discard()
			if !resumed || try >= attempts {
				return fmt.Errorf("the archive is not the one of the manifest (sha256 %s, want %s)", got, d.source.SHA256)
			}
			resumed = false
		case ctx.Err() != nil:
			return fmt.Errorf("downloading: %w", context.Cause(ctx))
		case try >= attempts || !errors.As(err, new(interruptedError)):
			return fmt.Errorf("downloading %s: %w", d.url, err)
		}
	}
}

// interruptedError is a download that broke off after it had begun: worth going on.
type interruptedError struct{ error }

func (e interruptedError) Unwrap() error { return e.error }

// fetch goes on where the file ends; had says that there was something already.
func (d *download) fetch(ctx context.Context) (had bool, err error) {
	f, err := os.OpenFile(d.part, os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // models are public
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	if d.source.Bytes > 0 && have == d.source.Bytes {
		return true, nil
	}
	if d.source.Bytes > 0 && have > d.source.Bytes {
		have = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", "hotline-models")
	etag, _ := os.ReadFile(d.part + ".etag")
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if len(etag) > 0 { // RFC 9110 section 13.1.5: another version is sent whole
			req.Header.Set("If-Range", string(etag))
		}
	}
	res, err := d.client.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // without the address, which stands in front already
		}
		return have > 0, fmt.Errorf("%w: %w", errNetwork, err)
	}
	defer func() { _ = res.Body.Close() }()
	total := res.ContentLength
	switch res.StatusCode {
	case http.StatusOK:
		have = 0
		tag := res.Header.Get("ETag")
		if strings.HasPrefix(tag, "W/") { // a weak tag does not promise the same bytes
			tag = ""
		}
		if err := os.WriteFile(d.part+".etag", []byte(tag), 0o644); err != nil { //nolint:gosec // holds nothing secret
			return false, err
		}
	case http.StatusPartialContent:
		var from int64
		if _, err := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != have {
			d.discard()
			return false, interruptedError{fmt.Errorf("the server sent another part than was asked for: %q", res.Header.Get("Content-Range"))}
		}
		if total >= 0 {
			total += have
		}
	case http.StatusRequestedRangeNotSatisfiable:
		// Nothing comes after what there is: whole, or of another version. The
		// digest tells where it is known, the unpacking elsewhere.
		return true, nil
	default:
		return have > 0, fmt.Errorf("the server answers %s", res.Status)
	}
	limit := int64(maxArchive)
	if d.source.Bytes > 0 {
		limit = d.source.Bytes
	}
	if total > limit {
		return have > 0, fmt.Errorf("the archive has %s, more than the %s of the manifest", size(total), size(limit))
	}
	if err := f.Truncate(have); err != nil {
		return false, err
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return false, err
	}
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watch.Stop()
	n, err := d.copy(f, io.LimitReader(res.Body, limit-have+1), have, max(total, d.source.Bytes), watch)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return have > 0, interruptedError{err}
	}
	if have += n; have > limit {
		d.discard()
		return false, fmt.Errorf("more came than the %s of the manifest", size(limit))
	}
	if total > 0 && have < total || d.source.Bytes > 0 && have < d.source.Bytes {
		return true, interruptedError{fmt.Errorf("only %s of %s came", size(have), size(max(total, d.source.Bytes)))}
	}
	return have > n, nil
}

// copy is io.Copy with progress, at most five times a second, and the watch
// wound up with each piece.
func (d *download) copy(w io.Writer, r io.Reader, have, total int64, watch *time.Timer) (n int64, err error) {
	buf := make([]byte, 256<<10)
	var last time.Time
	for {
		k, err := r.Read(buf)
		watch.Reset(stall)
		if k > 0 {
			if _, err := w.Write(buf[:k]); err != nil {
				return n, fmt.Errorf("writing: %w", err)
			}
			n += int64(k)
		}
		if now := time.Now(); now.Sub(last) > 200*time.Millisecond || err != nil {
			last = now
			d.progress(have+n, total)
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// extract unpacks a .tar.bz2 into dir without its top folder. Nothing can be
// written outside dir (os.Root), links and devices are left out, and no more
// than limit bytes are written.
func extract(r io.Reader, dir string, limit int64, progress func(int64)) error {
	return untar(tar.NewReader(bzip2.NewReader(r)), dir, limit, progress)
}

func untar(t *tar.Reader, dir string, limit int64, progress func(int64)) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	var done int64
	for entries := 0; ; entries++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if entries == 0 {
				return errors.New("the archive is empty")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if entries >= maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		name, ok := inside(h.Name)
		if !ok {
			return fmt.Errorf("the entry %q leads out of the folder", h.Name)
		}
		if h.Typeflag != tar.TypeReg || name == "" || strings.HasPrefix(name, "test_wavs/") || strings.HasPrefix(filepath.Base(name), "._") {
			continue
		}
		if done += h.Size; done > limit || h.Size < 0 {
			return fmt.Errorf("unpacked it has more than %s", size(limit))
		}
		if err := write(root, name, t, h.Size); err != nil {
			return err
		}
		progress(done)
	}
}

// inside drops an entry's top folder and says whether the rest stays inside.
func inside(name string) (string, bool) {
	name = strings.TrimPrefix(name, "./")
	if strings.Contains(name, `\`) || strings.HasPrefix(name, "/") {
		return "", false
	}
	_, rest, _ := strings.Cut(strings.TrimSuffix(name, "/"), "/")
	if name == "" || !filepath.IsLocal(filepath.FromSlash(name)) || rest != "" && !filepath.IsLocal(filepath.FromSlash(rest)) {
		return "", name == "" // "./" itself is harmless
	}
	return rest, true
}

func write(root *os.Root, name string, r io.Reader, n int64) error {
	if dir := filepath.Dir(filepath.FromSlash(name)); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(f, r, n); err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	return f.Close()
}
