package contacts

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// An Excel file is read by rows; what it unpacks to lies in temporary files. A small file
// may unpack to anything, so that it is looked through before: what is beyond the bounds
// is refused.
const (
	sheetMemory = 8 << 20
	sheetFile   = 256 << 20 // packed
	sheetLimit  = 1 << 30   // unpacked: a million rows of ten columns are some 600 MB
	sheetOther  = 32 << 20  // of it styles and the like, which are kept in memory
	sheetCell   = 256 << 10 // a cell of Excel's holds 32,767 characters
	sheetRow    = 16 << 20
)

var errLargeSheet = errors.New("the Excel file unpacks to more than is read; save the first sheet as CSV")

type sheetTable struct {
	f     *excelize.File
	rows  *excelize.Rows
	shown *excelize.Rows // the same rows as their formats show them; nil where that tells nothing
	at    int
}

func openSheet(in io.Reader) (t table, err error) {
	tmp, err := os.CreateTemp("", "hotline-sheet-")
	if err != nil {
		return nil, fmt.Errorf("read the Excel file: %w", err)
	}
	defer func() { err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name())) }()
	size, err := io.Copy(tmp, io.LimitReader(in, sheetFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the Excel file: %w", err)
	}
	if size > sheetFile {
		return nil, errLargeSheet
	}
	if err := boundedSheet(tmp, size); err != nil {
		return nil, err
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the Excel file: %w", err)
	}
	f, err := excelize.OpenReader(tmp, excelize.Options{UnzipSizeLimit: sheetLimit, UnzipXMLSizeLimit: sheetMemory, RawCellValue: true, ShortDatePattern: "yyyy-mm-dd"})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	sheet, err := filledSheet(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	out := &sheetTable{f: f}
	if out.rows, err = f.Rows(sheet); err == nil && readableFormats(f) {
		out.shown, err = f.Rows(sheet)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the sheet %s: %w", sheet, err), f.Close())
	}
	return out, nil
}

// filledSheet is the first sheet that people see and that has rows: the first may be
// hidden, or an empty one that Excel made.
func filledSheet(f *excelize.File) (string, error) {
	first := ""
	for _, name := range f.GetSheetList() {
		if seen, err := f.GetSheetVisible(name); err != nil || !seen {
			continue
		}
		rows, err := f.Rows(name)
		if err != nil {
			continue // a chart
		}
		filled := rows.Next()
		if err := rows.Close(); err != nil {
			return "", fmt.Errorf("look at the sheet %s: %w", name, err)
		}
		if filled {
			return name, nil
		}
		first = cmp.Or(first, name)
	}
	if first == "" {
		return "", ErrFile
	}
	return first, nil
}

// What a cell's format may say of a number that nobody would say of it otherwise: 46361
// is a day. These are Excel's own formats (ECMA-376 part 1, 18.8.30).
const (
	formatPercent  = 10 // 0.00%
	formatDay      = 14 // ShortDatePattern
	formatTime     = 20 // h:mm
	formatDayTime  = 22 // both
	formatOfNobody = 1 << 20
)

// readableFormats has days, times and shares be shown one way each and all else as it is
// kept; false: there are none of them.
func readableFormats(f *excelize.File) (some bool) {
	for i := 0; ; i++ {
		style, err := f.GetStyle(i)
		if err != nil || i >= len(f.Styles.CellXfs.Xf) { // the last one was before
			return some
		}
		to := formatOfNobody
		switch day, clock, percent := formatOf(style); {
		case day && clock:
			to = formatDayTime
		case day:
			to = formatDay
		case clock:
			to = formatTime
		case percent:
			to = formatPercent
		}
		some = some || to != formatOfNobody
		f.Styles.CellXfs.Xf[i].NumFmtID = &to
	}
}

// formatOf tells what a format shows.
func formatOf(style *excelize.Style) (day, clock, percent bool) {
	code := ""
	if style.CustomNumFmt != nil {
		code = *style.CustomNumFmt
	}
	switch n := style.NumFmt; {
	case code != "":
	case n >= 14 && n <= 17, n >= 27 && n <= 31, n == 36, n >= 50 && n <= 54, n == 57, n == 58:
		return true, false, false
	case n == 22:
		return true, true, false
	case n >= 18 && n <= 21, n >= 32 && n <= 35, n >= 45 && n <= 47, n == 55, n == 56:
		return false, true, false
	case n == 9, n == 10:
		return false, false, true
	}
	quoted, bracket := false, false
	for _, r := range strings.ToLower(code) {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '[':
			bracket = true
		case r == ']':
			bracket = false
		case bracket: // a colour, a currency, a language
		case r == 'y', r == 'd':
			day = true
		case r == 'h', r == 's':
			clock = true
		case r == '%':
			percent = true
		case r == ';': // the rest is for negative numbers and texts
			return day, clock, percent
		}
	}
	// A month alone is a day of some kind, minutes alone are a time.
	return day || !clock && strings.Contains(strings.ToLower(code), "mmm"), clock, percent
}

// plainNumber is a number as people would write it: Excel keeps 19.9 as
// 19.899999999999999, and what is very long as 1.38E+10.
func plainNumber(raw string) string {
	_, decimals, ok := strings.Cut(raw, ".")
	if !ok || len(raw) > 40 || len(decimals) < 6 || len(raw) < 16 && !strings.ContainsAny(decimals, "Ee") {
		return raw
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.Abs(x) >= 1e15 {
		return raw
	}
	if x, err = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64); err != nil {
		return raw
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// isNumber tells a number from a day, a time or a share.
func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// boundedSheet refuses a file that would take more than it may: in all, in one cell, or
// in one row.
func boundedSheet(in io.ReaderAt, size int64) error {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFile, err)
	}
	var all, other uint64
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		all += f.UncompressedSize64
		rows := strings.HasPrefix(name, "xl/worksheets/sheet")
		if !rows && name != "xl/sharedstrings.xml" {
			other += f.UncompressedSize64
		}
		if f.UncompressedSize64 > sheetLimit || all > sheetLimit || other > sheetOther { // each for itself: their sum may overflow
			return errLargeSheet
		}
	}
	for _, f := range z.File {
		if !strings.HasPrefix(strings.ToLower(f.Name), "xl/") || f.UncompressedSize64 <= sheetCell {
			continue
		}
		if err := boundedXML(f); err != nil {
			return err
		}
	}
	return nil
}

// boundedXML looks through a part of the file for what has no end.
func boundedXML(f *zip.File) (err error) {
	part, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFile, err)
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	in := bufio.NewReaderSize(part, sheetCell)
	for row := 0; ; {
		text, err := in.ReadSlice('<')
		row += len(text)
		switch {
		case errors.Is(err, bufio.ErrBufferFull), row > sheetRow:
			return errLargeSheet
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", ErrFile, err)
		}
		// Whatever a name space is called, an element that ends a row or a text does so
		// by its own name.
		name, _ := in.Peek(len("row>"))
		if bytes.HasPrefix(name, []byte("row")) || bytes.HasPrefix(name, []byte("si")) || bytes.Equal(name, []byte("/row")) {
			row = 0
		}
	}
}

func (t *sheetTable) next() ([]string, error) {
	if !t.rows.Next() {
		if err := t.rows.Error(); err != nil {
			return nil, fmt.Errorf("read the sheet: %w", err)
		}
		return nil, io.EOF
	}
	t.at++
	var shown []string
	if t.shown != nil && t.shown.Next() {
		var err error
		if shown, err = t.shown.Columns(excelize.Options{}); err != nil {
			shown = nil // the row is told of below, or read as it is kept
		}
	}
	cells, err := t.rows.Columns()
	if err != nil {
		return nil, &rowError{err}
	}
	cells = cells[:min(len(cells), maxCells)]
	for i, raw := range cells {
		cells[i] = plainNumber(raw)
		if i < len(shown) && shown[i] != raw && !isNumber(shown[i]) {
			cells[i] = shown[i]
		}
	}
	return cells, nil
}

func (t *sheetTable) row() int { return t.at }
func (t *sheetTable) close() error {
	var err error
	if t.shown != nil {
		err = t.shown.Close()
	}
	return errors.Join(err, t.rows.Close(), t.f.Close())
}
