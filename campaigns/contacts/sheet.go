package contacts

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
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
	f    *excelize.File
	rows *excelize.Rows
	at   int
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
	f, err := excelize.OpenReader(tmp, excelize.Options{UnzipSizeLimit: sheetLimit, UnzipXMLSizeLimit: sheetMemory, RawCellValue: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, errors.Join(ErrFile, f.Close())
	}
	rows, err := f.Rows(names[0])
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the first sheet: %w", err), f.Close())
	}
	return &sheetTable{f: f, rows: rows}, nil
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
	cells, err := t.rows.Columns()
	if err != nil {
		return nil, &rowError{err}
	}
	return cells[:min(len(cells), maxCells)], nil
}

func (t *sheetTable) row() int     { return t.at }
func (t *sheetTable) close() error { return errors.Join(t.rows.Close(), t.f.Close()) }
