package contacts

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	// Clocks says by which clocks a contact is called; nil says nothing.
	Clocks func(campaigns.Contact) string
	// Language of the reasons in Bad: "zh" or "en".
	Language string
	// Bad takes the rows that were not added, as CSV with the reason; may be nil.
	Bad io.Writer
	// Batch is how many contacts are handed on at once; default 1,000.
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
	defaultBatch = 1000
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
	bad     *badRows
	report  Report
}

// tableRow is a row as it stood; reason is why it is not added, where that is known.
type tableRow struct {
	row    int
	cells  []string
	reason string
}

// batch is some rows on their way: they are read in turn, made contacts of by several
// goroutines, and handed on in turn again.
type batch struct {
	rows     []tableRow
	contacts []campaigns.Contact // of the rows without a reason
	err      error
	made     chan struct{} // closed once the contacts are there
}

// maxBatch bounds a batch in bytes, however few rows those are.
const maxBatch = 1 << 20

func (i *importer) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	first, err := i.begin()
	if err != nil {
		return errors.Join(err, i.refuse(first))
	}
	makers := runtime.GOMAXPROCS(0)
	todo := make(chan *batch)
	// What is read waits here until it is its turn to be kept: so many batches are in
	// memory at once, and three more at either end.
	turn := make(chan *batch, makers)
	var wg sync.WaitGroup
	for range makers {
		wg.Go(func() {
			m := maker{importer: i, zones: map[string]bool{}}
			for b := range todo {
				b.err = m.make(b)
				close(b.made)
			}
		})
	}
	kept := make(chan error, 1)
	go func() { kept <- i.keep(ctx, turn, stop) }()
	err = i.read(ctx, first, func(b *batch) bool {
		b.made = make(chan struct{})
		for _, to := range []chan<- *batch{turn, todo} {
			select {
			case to <- b:
			case <-ctx.Done():
				if to == todo { // it has its turn already
					close(b.made)
				}
				return false
			}
		}
		return true
	})
	close(todo)
	wg.Wait()
	close(turn)
	if failed := <-kept; failed != nil {
		return failed // why reading ended too
	}
	return err
}

// keep hands batches on. After an error it takes and drops what comes.
func (i *importer) keep(ctx context.Context, turn <-chan *batch, stop context.CancelCauseFunc) (err error) {
	for b := range turn {
		<-b.made
		if err != nil || ctx.Err() != nil {
			continue
		}
		if err = b.err; err == nil {
			err = i.keepBatch(ctx, b)
		}
		if err != nil {
			stop(err)
		}
	}
	return err
}

func (i *importer) keepBatch(ctx context.Context, b *batch) error {
	var ids []int64
	if len(b.contacts) > 0 {
		var err error
		if ids, err = i.add(ctx, b.contacts); err != nil {
			return err
		}
	}
	n := 0
	for at := range b.rows {
		r := &b.rows[at]
		if r.reason == "" {
			id := ids[n]
			if n++; id != 0 {
				i.report.Added++
				continue
			}
			r.reason = IsDuplicate
		}
		if err := i.bad.add(*r); err != nil {
			return err
		}
	}
	return nil
}

// read cuts the table into batches, beginning with rows that were read before, until
// hand refuses one.
func (i *importer) read(ctx context.Context, first []tableRow, hand func(*batch) bool) error {
	b, size := &batch{}, 0
	cells := 0 // of the batch before: about as many will come
	var all []string
	for {
		var r tableRow
		if len(first) > 0 {
			r, first = first[0], first[1:]
		} else {
			var err error
			if r, err = i.next(); errors.Is(err, io.EOF) {
				if len(b.rows) > 0 {
					hand(b)
				}
				return context.Cause(ctx)
			} else if err != nil {
				return err
			}
			if all == nil {
				all = make([]string, 0, max(cells, 64))
			}
			// The table uses its slice again; the texts stay.
			all = append(all, r.cells...)
			r.cells = all[len(all)-len(r.cells) : len(all) : len(all)]
		}
		i.report.Rows++
		b.rows = append(b.rows, r)
		for _, c := range r.cells {
			size += len(c)
		}
		if len(b.rows) == i.options.Batch || size >= maxBatch {
			if !hand(b) {
				return context.Cause(ctx)
			}
			cells = len(all) + len(all)/16
			b, size, all = &batch{rows: make([]tableRow, 0, i.options.Batch)}, 0, nil
		}
	}
}

// next is the next row with something in it, whose cells hold until the one after.
func (i *importer) next() (tableRow, error) {
	for {
		cells, err := i.table.next()
		var bad *rowError
		switch {
		case errors.As(err, &bad):
			return tableRow{row: i.table.row(), reason: BadRow}, nil
		case errors.Is(err, io.EOF):
			return tableRow{}, err
		case err != nil:
			return tableRow{}, fmt.Errorf("row %d: %w", i.table.row()+1, err)
		case !blank(cells):
			return tableRow{row: i.table.row(), cells: cells}, nil
		}
	}
}

// begin reads as many rows as the mapping is guessed by, and returns those that follow
// the header, and those that cannot be read.
func (i *importer) begin() (first []tableRow, err error) {
	var rows [][]string
	for len(rows) <= previewRows {
		r, err := i.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return first, err
		}
		if r.reason == "" {
			r.cells = slices.Clone(r.cells)
			rows = append(rows, r.cells)
		}
		first = append(first, r)
	}
	if len(rows) == 0 {
		return first, errors.New("the file has no rows")
	}
	above := titled(rows, i.options.Normal)
	rows = rows[above:]
	for range above {
		head := slices.IndexFunc(first, func(r tableRow) bool { return r.reason == "" })
		first = slices.Delete(first, head, head+1)
	}
	if i.options.Mapping != nil {
		i.mapping = *i.options.Mapping
	} else {
		i.mapping = guess(rows, i.options.Normal)
	}
	i.report.Mapping = i.mapping
	if i.mapping.Number < 0 {
		return first, ErrNoNumber
	}
	if i.mapping.Header {
		i.bad.header(rows[0])
		head := slices.IndexFunc(first, func(r tableRow) bool { return r.reason == "" })
		first = slices.Delete(first, head, head+1)
	}
	return first, nil
}

// refuse gives back the rows that cannot be read of a file in which nothing else is.
func (i *importer) refuse(rows []tableRow) error {
	for _, r := range rows {
		if r.reason != "" {
			i.report.Rows++
			if err := i.bad.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// maker makes contacts of rows.
type maker struct {
	*importer
	zones map[string]bool // IANA names that were asked for
}

// make has the panic of a library end the import, and no more.
func (m *maker) make(b *batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while reading rows %d and following: %v", b.rows[0].row, p)
		}
	}()
	b.contacts = make([]campaigns.Contact, 0, len(b.rows))
	for at := range b.rows {
		r := &b.rows[at]
		if r.reason != "" {
			continue
		}
		var c campaigns.Contact
		if c, r.reason = m.contact(r.cells); r.reason == "" {
			b.contacts = append(b.contacts, c)
		}
	}
	return nil
}

// MaxField bounds one field, in bytes of UTF-8: the script speaks it.
const MaxField = 6000

// contact makes a contact of a row, or says why not.
func (m *maker) contact(cells []string) (c campaigns.Contact, reason string) {
	at := func(n int) string {
		if n < 0 || n >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[n])
	}
	is := &m.mapping
	number := at(is.Number)
	if number == "" {
		return c, NoNumber
	}
	var ok bool
	if c.Number, ok = m.options.Normal(number); !ok {
		return c, BadNumber
	}
	c.Name, c.Zone, c.Agent = at(is.Name), m.zone(at(is.Zone)), at(is.Agent)
	if c.Zone == "?" {
		return c, BadZone
	}
	if rank := at(is.Rank); rank != "" {
		n, err := strconv.ParseFloat(rank, 64)
		if err != nil || n < -1e9 || n > 1e9 {
			return c, BadRank
		}
		c.Rank = int(n)
	}
	if len(c.Name) > MaxField || len(c.Agent) > MaxField {
		return c, TooLong
	}
	for n, name := range is.Fields {
		v := at(n)
		if len(v) > MaxField {
			return c, TooLong
		}
		if v == "" {
			continue
		}
		if c.Fields == nil {
			c.Fields = make(map[string]string, len(is.Fields))
		}
		c.Fields[name] = v
	}
	if m.options.Clocks != nil {
		c.Clocks = m.options.Clocks(c)
	}
	return c, ""
}

// maxZones is more than there are.
const maxZones = 1000

// zone is the name as it is known, "?" for one that is none.
func (m *maker) zone(name string) string {
	if name == "" {
		return ""
	}
	known, asked := m.zones[name]
	if !asked {
		_, err := time.LoadLocation(name)
		known = err == nil && name != "Local"
		if len(m.zones) < maxZones {
			m.zones[strings.Clone(name)] = known
		}
	}
	if !known {
		return "?"
	}
	return name
}

// badRows writes the rows that were not added.
type badRows struct {
	w        *csv.Writer
	language string
	head     []string
	counts   map[string]int
}

func newBadRows(w io.Writer, language string) *badRows {
	b := &badRows{language: language, counts: map[string]int{}}
	if w != nil {
		b.w = csv.NewWriter(w)
	}
	return b
}

func (b *badRows) header(cells []string) { b.head = cells }

func (b *badRows) add(r tableRow) error {
	first := len(b.counts) == 0
	b.counts[r.reason]++
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
	cells = append(cells, strconv.Itoa(r.row), Words(r.reason, b.language))
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
