package custody

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// Exported is what was given to a caller.
type Exported struct {
	Rows       map[string]int
	Recordings int
	Missing    []string // recordings that the record names and the disk does not have
}

// Export writes everything that is kept of who has a number into a zip file that is new:
// data.json, and the recordings as WAV. The file is readable by its owner alone.
func Export(ctx context.Context, db *store.Store, sealer *seal.Sealer, dir, number, file, by string) (x Exported, err error) {
	data, err := db.Caller(ctx, number)
	if err != nil {
		return x, err
	}
	x.Rows = map[string]int{}
	for t, rows := range data.Rows {
		x.Rows[t] = len(rows)
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return x, fmt.Errorf("export a caller: %w", err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(fmt.Errorf("export a caller: %w", err), removeIfThere(file)) // a part must not be taken for the whole
		}
	}()
	z := zip.NewWriter(out)
	w, err := z.Create("data.json")
	if err != nil {
		return x, err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]any{"number": number, "at": time.Now().UTC(), "data": data.Rows}); err != nil {
		return x, err
	}
	for _, name := range data.Recordings {
		switch err := addRecording(z, sealer, dir, name); {
		case errors.Is(err, fs.ErrNotExist):
			x.Missing = append(x.Missing, name)
		case err != nil:
			return x, err
		default:
			x.Recordings++
		}
	}
	if err := errors.Join(z.Close(), out.Sync()); err != nil {
		return x, err
	}
	return x, noteCaller(ctx, db, by, "caller-exported", number, map[string]string{"rows": strconv.Itoa(data.Count()), "recordings": strconv.Itoa(x.Recordings)})
}

// noteCaller writes into the audit trail what was done with a caller's data; the number itself
// must not outlive its erasure there.
func noteCaller(ctx context.Context, db *store.Store, by, action, number string, detail map[string]string) error {
	hash, err := db.NumberHash(number)
	if err != nil {
		return err
	}
	return db.AddTrail(ctx, store.TrailEntry{Actor: by, Action: action, Subject: hash, Detail: detail})
}

func addRecording(z *zip.Writer, sealer *seal.Sealer, dir, name string) (err error) {
	r, err := Open(dir, sealer, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w, err := z.CreateHeader(&zip.FileHeader{Name: "recordings/" + filepath.Base(name), Modified: r.Modified, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(r, 0, r.Size))
	return err
}

// Erased is what was deleted of a caller.
type Erased struct {
	Rows       map[string]int
	Recordings int
	Messages   int // lines of short messages that were written to a file
}

// ErrLeft is returned when something of a caller is still there after an erasure.
var ErrLeft = errors.New("something is left; a call of this number may be in progress, try again after it")

// Erase deletes everything that is kept of who has a number, and looks whether it is gone.
func Erase(ctx context.Context, db *store.Store, dir, number, by string) (x Erased, err error) {
	data, err := db.Caller(ctx, number)
	if err != nil {
		return x, err
	}
	for _, name := range data.Recordings {
		there := Exists(dir, name)
		if err := Remove(dir, name); err != nil {
			return x, fmt.Errorf("erase a caller: %w", err)
		}
		if there {
			x.Recordings++
		}
	}
	var left int
	if x.Rows, left, err = db.EraseCaller(ctx, number); err != nil {
		return x, err
	}
	if x.Messages, err = eraseMessages(filepath.Join(dir, "sms.jsonl"), store.NormalNumber(number)); err != nil {
		return x, fmt.Errorf("erase a caller: %w", err)
	}
	for _, name := range data.Recordings {
		if Exists(dir, name) {
			left++
		}
	}
	rows := 0
	for _, n := range x.Rows {
		rows += n
	}
	err = noteCaller(ctx, db, by, "caller-erased", number, map[string]string{
		"rows": strconv.Itoa(rows), "recordings": strconv.Itoa(x.Recordings), "messages": strconv.Itoa(x.Messages), "left": strconv.Itoa(left),
	})
	if left > 0 {
		err = errors.Join(ErrLeft, err)
	}
	return x, err
}

// eraseMessages takes the lines of a number out of the file of short messages.
func eraseMessages(file, number string) (n int, err error) {
	b, err := os.ReadFile(file) //nolint:gosec // of the data folder
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var rest bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct {
			To string `json:"to"`
		}
		if json.Unmarshal(lines.Bytes(), &m) == nil && store.NormalNumber(m.To) == number {
			n++
			continue
		}
		rest.Write(lines.Bytes())
		rest.WriteByte('\n')
	}
	if err := lines.Err(); err != nil || n == 0 {
		return 0, err
	}
	return n, writeFile(file, rest.Bytes())
}
