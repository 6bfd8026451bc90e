package contacts

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Format is how a file is written.
type Format struct {
	Kind      string `json:"kind"`                // "csv", "xlsx"
	Encoding  string `json:"encoding,omitempty"`  // "utf-8", "gb18030", "utf-16"
	Delimiter string `json:"delimiter,omitempty"` // "," ";" "\t" "|"
}

// ErrFile is returned for what is no file of contacts.
var ErrFile = errors.New("this is neither CSV nor an Excel file (.xlsx)")

// maxCells bounds the columns that are looked at.
const maxCells = 200

// table gives rows until io.EOF. A row that cannot be read is a *rowError, and the next
// one may be asked for.
type table interface {
	next() (cells []string, err error)
	row() int // of the one given last, from 1, as an editor numbers lines or a spreadsheet rows
	close() error
}

type rowError struct{ err error }

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// lookAhead is how much of a file tells its encoding and delimiter.
const lookAhead = 256 << 10

func openTable(r io.Reader) (table, Format, error) {
	in := bufio.NewReaderSize(r, lookAhead)
	head, err := in.Peek(lookAhead)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, Format{}, fmt.Errorf("read the file: %w", err)
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return nil, Format{}, errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		t, err := openSheet(in)
		return t, Format{Kind: "xlsx"}, err
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, Format{}, errors.New("this is an Excel file of before 2007; save it as .xlsx or CSV")
	}
	f := Format{Kind: "csv", Encoding: encodingOf(head)}
	var text io.Reader = in
	switch f.Encoding {
	case "gb18030":
		text = transform.NewReader(in, simplifiedchinese.GB18030.NewDecoder())
		head, _, _ = transform.Bytes(simplifiedchinese.GB18030.NewDecoder(), head)
	case "utf-16":
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
		text = transform.NewReader(in, decoder.NewDecoder())
		head, _, _ = transform.Bytes(decoder.NewDecoder(), head)
	case "":
		return nil, f, ErrFile
	default:
		if bytes.HasPrefix(head, bom) {
			_, _ = in.Discard(len(bom))
			head = head[len(bom):]
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, f, ErrFile
	}
	delimiter := delimiterOf(string(head))
	f.Delimiter = string(delimiter)
	lines := &boundedLines{in: bufio.NewReaderSize(text, 64<<10)}
	c := csv.NewReader(lines)
	c.Comma, c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = delimiter, -1, true, true
	return &csvTable{c: c, lines: lines}, f, nil
}

var bom = []byte("\xef\xbb\xbf")

// encodingOf tells a text's encoding, "" for what is none.
func encodingOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, bom):
		return "utf-8"
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16"
	case validPrefix(head):
		return "utf-8"
	}
	if _, _, err := transform.Bytes(simplifiedchinese.GB18030.NewDecoder(), head); err != nil {
		return ""
	}
	return "gb18030"
}

// validPrefix tells whether head is UTF-8, but for a character that it cuts at its end.
func validPrefix(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(head)
		}
		head = head[n:]
	}
	return true
}

// delimiterOf is the one by which the first lines have most columns, and as many each.
func delimiterOf(head string) rune {
	lines := strings.SplitN(head, "\n", 12)
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	best, most := ',', 0
	for _, d := range []rune{',', '\t', ';', '|'} {
		first := strings.Count(lines[0], string(d))
		alike := 0
		for _, l := range lines {
			if strings.Count(l, string(d)) == first {
				alike++
			}
		}
		if score := first * alike; first > 0 && score > most {
			best, most = d, score
		}
	}
	return best
}

// maxLine bounds a line, and maxRow a row whose quoted fields go over lines: with them
// what a file takes in memory that has no line ends, or whose quotation mark is never
// closed.
const (
	maxLine = 1 << 20
	maxRow  = 2 << 20
)

// boundedLines gives an error for a line or a row that is too long.
type boundedLines struct {
	in   *bufio.Reader
	run  int // since the last line end
	rows int // since begin
}

// begin says that the next row is read.
func (b *boundedLines) begin() { b.rows = 0 }

var (
	errLongLine = errors.New("a line is longer than a million bytes: is this a file of contacts?")
	errLongRow  = errors.New("a row is longer than two million bytes: a quotation mark is opened in it and not closed")
)

func (b *boundedLines) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		b.run = n - i - 1
	} else {
		b.run += n
	}
	b.rows += n
	switch {
	case b.run > maxLine:
		return 0, errLongLine
	case b.rows > maxRow:
		return 0, errLongRow
	}
	return n, err
}

type csvTable struct {
	c     *csv.Reader
	lines *boundedLines
	line  int
}

func (t *csvTable) next() ([]string, error) {
	t.lines.begin()
	cells, err := t.c.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		t.line = parse.StartLine
		return nil, &rowError{err}
	case err != nil:
		return nil, err
	}
	t.line, _ = t.c.FieldPos(0)
	return cells[:min(len(cells), maxCells)], nil
}

func (t *csvTable) row() int     { return t.line }
func (t *csvTable) close() error { return nil }
