package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// The console is built by `npm run build` in web/ into ui/dist, which is not under
// version control; unbuilt.html stands in for it.
//
//go:embed all:ui
var embedded embed.FS

const index = "index.html"

func builtUI() (fs.FS, error) {
	ui, err := fs.Sub(embedded, "ui/dist")
	if err == nil {
		_, err = fs.Stat(ui, index)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fs.Sub(embedded, "ui")
	}
	if err != nil {
		return nil, fmt.Errorf("web: the console: %w", err)
	}
	return ui, nil
}

// serveUI serves the console's files. Its pages are one page that reads the
// address, so a path that is no file gets that page.
func (s *Server) serveUI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p := problem(http.StatusMethodNotAllowed, "method", "pages are only read")
		p.headers = http.Header{"Allow": {"GET, HEAD"}}
		writeProblem(w, p)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = index
	}
	if "/"+name == callPage && !s.cfg.CallPage {
		writeProblem(w, problem(http.StatusNotFound, "not_found", "there is no such page"))
		return
	}
	if s.serveFile(w, r, name) {
		return
	}
	if name == index || path.Ext(name) == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		if s.serveFile(w, r, index) || s.serveFile(w, r, "unbuilt.html") {
			return
		}
	}
	writeProblem(w, problem(http.StatusNotFound, "not_found", "there is no such page"))
}

// serveFile serves a file, compressed beforehand where the client takes that.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	info, err := fs.Stat(s.ui, name)
	if err != nil || info.IsDir() || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names change with their content
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	header.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	accepted := r.Header.Get("Accept-Encoding")
	for _, e := range []struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !strings.Contains(accepted, e.coding) || r.Header.Get("Range") != "" {
			continue
		}
		if b, err := fs.ReadFile(s.ui, name+e.suffix); err == nil {
			header.Set("Content-Encoding", e.coding)
			header.Add("Vary", "Accept-Encoding")
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
			return true
		}
	}
	b, err := fs.ReadFile(s.ui, name)
	if err != nil {
		return false
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
	return true
}
