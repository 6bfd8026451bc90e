package contacts

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
)

// Normal brings a number as people write it into normal form, +8613800138000; false says
// that it is none that can be called.
type Normal func(text string) (number string, ok bool)

// Options are how a file is read.
type Options struct {
	// Mapping as a person has put it right; nil is guessed.
	Mapping *Mapping
	Normal  Normal
	// Language of the reasons in Bad: "zh" or "en".
	Language string
	// Bad takes the rows that were not added, as CSV with the reason; may be nil.
	Bad io.Writer
	// Batch is how many contacts are handed on at once; default 4,000.
	Batch int
}

// Add keeps contacts and returns the id of each, 0 for one whose number is there
// already. It is called one batch at a time.
type Add func(ctx context.Context, batch []campaigns.Contact) (ids []int64, err error)

// Report is what came of a file.
type Report struct {
	Format  Format         `json:"format"`
	Mapping Mapping        `json:"mapping"`
	Rows    int            `json:"rows"` // with something in them, without the header
	Added   int            `json:"added"`
	Bad     int            `json:"bad"` // rows that were not added, duplicates among them
	Reasons map[string]int `json:"reasons,omitempty"`
}

// The reasons for which a row is not added.
const (
	BadNumber    = "bad_number"
	NoNumber     = "no_number"
	BadZone      = "bad_zone"
	BadRank      = "bad_rank"
	BadRow       = "bad_row"
	TooLong      = "too_long"
	IsDuplicate  = "duplicate"
	defaultBatch = 4000
)

var reasons = map[string]map[string]string{
	"en": {
		BadNumber: "this is no telephone number that can be called", NoNumber: "there is no number", BadZone: "this is no time zone; write Asia/Shanghai, say",
		BadRank: "the priority is no number", BadRow: "the row cannot be read; look for a quotation mark too many", TooLong: "a field is longer than 2,000 characters",
		IsDuplicate: "the number is in the campaign already, or stands further up",
	},
	"zh": {
		BadNumber: "不是可以拨打的电话号码", NoNumber: "没有号码", BadZone: "时区不对，例如应写 Asia/Shanghai",
		BadRank: "优先级不是数字", BadRow: "这一行读不出来，请检查是否多了引号", TooLong: "有一项超过 2000 字",
		IsDuplicate: "号码已在活动中，或与前面的行重复",
	},
}

// Words are a reason in a language.
func Words(reason, language string) string {
	if words, ok := reasons[language]; ok {
		return words[reason]
	}
	return reasons["en"][reason]
}

// ErrNoNumber is returned for a file in which no column is a telephone number.
var ErrNoNumber = errors.New("no column of telephone numbers was found; say which one it is")

// Import reads a file and hands its contacts on. What was handed on before an error
// stays.
func Import(ctx context.Context, r io.Reader, o Options, add Add) (rep Report, err error) {
	t, format, err := openTable(r)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	i := &importer{options: o, table: t, add: add, bad: newBadRows(o.Bad, o.Language)}
	i.report.Format = format
	if o.Batch <= 0 {
		i.options.Batch = defaultBatch
	}
	err = i.run(ctx)
	i.report.Reasons = i.bad.counts
	for _, n := range i.bad.counts {
		i.report.Bad += n
	}
	return i.report, errors.Join(err, i.bad.flush())
}

type importer struct {
	options Options
	table   table
	add     Add
	mapping Mapping
	zones   map[string]bool // IANA names that were asked for
	bad     *badRows
	report  Report
}

// batch is what is handed on, and the rows that it came from.
type batch struct {
	contacts []campaigns.Contact
	rows     []badRow
}

func (i *importer) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batches := make(chan batch) // unbuffered: one is kept while the next is read
	kept := make(chan error, 1)
	go func() {
		kept <- i.keep(ctx, batches, stop)
	}()
	err := i.read(ctx, batches)
	close(batches)
	if failed := <-kept; failed != nil {
		return failed // why reading ended too
	}
	return err
}

// keep hands batches on. After an error it takes and drops what comes.
func (i *importer) keep(ctx context.Context, batches <-chan batch, stop context.CancelCauseFunc) (err error) {
	for b := range batches {
		if err != nil {
			continue
		}
		var ids []int64
		if ids, err = i.add(ctx, b.contacts); err != nil {
			stop(err)
			continue
		}
		for n, id := range ids {
			if id != 0 {
				i.report.Added++
			} else if err = i.bad.add(b.rows[n], IsDuplicate); err != nil {
				stop(err)
				break
			}
		}
	}
	return err
}

func (i *importer) read(ctx context.Context, batches chan<- batch) error {
	first, err := i.begin()
	if err != nil {
		return err
	}
	n := 0
	b := batch{}
	for {
		if n++; n%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var cells []string
		row := 0
		if len(first) > 0 {
			cells, row = first[0].cells, first[0].row
			first = first[1:]
		} else if cells, err = i.table.next(); err == nil {
			row = i.table.row()
		}
		var bad *rowError
		switch {
		case errors.Is(err, io.EOF):
			if len(b.contacts) > 0 {
				batches <- b
			}
			return nil
		case errors.As(err, &bad):
			err = nil
			i.report.Rows++
			if failed := i.bad.add(badRow{i.table.row(), nil}, BadRow); failed != nil {
				return failed
			}
			continue
		case err != nil:
			return fmt.Errorf("row %d: %w", i.table.row()+1, err)
		}
		if blank(cells) {
			continue
		}
		i.report.Rows++
		contact, reason := i.contact(cells)
		if reason != "" {
			if err := i.bad.add(badRow{row, cells}, reason); err != nil {
				return err
			}
			continue
		}
		b.contacts, b.rows = append(b.contacts, contact), append(b.rows, badRow{row, i.bad.keeping(cells)})
		if len(b.contacts) == i.options.Batch {
			select {
			case batches <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			b = batch{make([]campaigns.Contact, 0, i.options.Batch), make([]badRow, 0, i.options.Batch)}
		}
	}
}

// begin reads as many rows as the mapping is guessed by, and returns those that are
// contacts.
func (i *importer) begin() (first []badRow, err error) {
	var rows [][]string
	for len(rows) <= previewRows {
		cells, err := i.table.next()
		var bad *rowError
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.As(err, &bad) {
			i.report.Rows++
			if failed := i.bad.add(badRow{i.table.row(), nil}, BadRow); failed != nil {
				return nil, failed
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if !blank(cells) {
			rows = append(rows, slices.Clone(cells))
			first = append(first, badRow{i.table.row(), rows[len(rows)-1]})
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("the file has no rows")
	}
	if i.options.Mapping != nil {
		i.mapping = *i.options.Mapping
	} else {
		i.mapping = guess(rows, i.options.Normal)
	}
	i.report.Mapping = i.mapping
	if i.mapping.Number < 0 {
		return nil, ErrNoNumber
	}
	i.zones = map[string]bool{}
	if i.mapping.Header {
		i.bad.header(rows[0])
		return first[1:], nil
	}
	return first, nil
}

// maxField bounds one field, in bytes of UTF-8: the script speaks it.
const maxField = 6000

// contact makes a contact of a row, or says why not.
func (i *importer) contact(cells []string) (c campaigns.Contact, reason string) {
	at := func(n int) string {
		if n < 0 || n >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[n])
	}
	m := i.mapping
	number := at(m.Number)
	if number == "" {
		return c, NoNumber
	}
	var ok bool
	if c.Number, ok = i.options.Normal(number); !ok {
		return c, BadNumber
	}
	// The reader's memory of the row is one string: a field that is kept must not keep
	// all of it.
	c.Number, c.Name, c.Zone, c.Agent = strings.Clone(c.Number), strings.Clone(at(m.Name)), i.zone(at(m.Zone)), strings.Clone(at(m.Agent))
	if c.Zone == "?" {
		return c, BadZone
	}
	if rank := at(m.Rank); rank != "" {
		n, err := strconv.ParseFloat(rank, 64)
		if err != nil || n < -1e9 || n > 1e9 {
			return c, BadRank
		}
		c.Rank = int(n)
	}
	if len(c.Name) > maxField || len(c.Agent) > maxField {
		return c, TooLong
	}
	for n, name := range m.Fields {
		v := at(n)
		if len(v) > maxField {
			return c, TooLong
		}
		if v == "" {
			continue
		}
		if c.Fields == nil {
			c.Fields = make(map[string]string, len(m.Fields))
		}
		c.Fields[name] = strings.Clone(v)
	}
	return c, ""
}

// maxZones is more than there are.
const maxZones = 1000

// zone is the name as it is known, "?" for one that is none.
func (i *importer) zone(name string) string {
	if name == "" {
		return ""
	}
	known, asked := i.zones[name]
	if !asked {
		_, err := time.LoadLocation(name)
		known = err == nil && name != "Local"
		name = strings.Clone(name)
		if len(i.zones) < maxZones {
			i.zones[name] = known
		}
	}
	if !known {
		return "?"
	}
	return strings.Clone(name)
}

// badRow is a row as it stood.
type badRow struct {
	row   int
	cells []string
}

// badRows writes the rows that were not added. Both sides of an import use it.
type badRows struct {
	lock     chan struct{}
	w        *csv.Writer
	language string
	head     []string
	counts   map[string]int
}

func newBadRows(w io.Writer, language string) *badRows {
	b := &badRows{lock: make(chan struct{}, 1), language: language, counts: map[string]int{}}
	if w != nil {
		b.w = csv.NewWriter(w)
	}
	return b
}

func (b *badRows) header(cells []string) { b.head = cells }

// keeping is a copy of a row that may turn out to be a duplicate, nil where nobody wants
// to see it.
func (b *badRows) keeping(cells []string) []string {
	if b.w == nil {
		return nil
	}
	// One string for the row, cut at its fields.
	whole := strings.Join(cells, "\x00")
	return strings.Split(whole, "\x00")
}

func (b *badRows) add(r badRow, reason string) error {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	first := len(b.counts) == 0
	b.counts[reason]++
	if b.w == nil {
		return nil
	}
	if first {
		titles := []string{"row", "reason"}
		if b.language == "zh" {
			titles = []string{"行号", "原因"}
		}
		// A mark, so that Excel takes it for UTF-8.
		titles[0] = string(bom) + titles[0]
		if err := b.w.Write(append(titles, b.head...)); err != nil {
			return fmt.Errorf("write the bad rows: %w", err)
		}
	}
	cells := make([]string, 0, len(r.cells)+2)
	cells = append(cells, strconv.Itoa(r.row), Words(reason, b.language))
	for _, c := range r.cells {
		cells = append(cells, harmless(c))
	}
	if err := b.w.Write(cells); err != nil {
		return fmt.Errorf("write the bad rows: %w", err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func (b *badRows) flush() error {
	if b.w == nil {
		return nil
	}
	b.w.Flush()
	return b.w.Error()
}
