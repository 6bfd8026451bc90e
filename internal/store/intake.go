package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"hotline/campaigns"
)

// contactParams are the values that adding a contact takes.
const contactParams = 11

// addContacts is the statement that adds n contacts. SQLite looks for the name of each
// parameter that has one among all of the statement's; PostgreSQL knows none without.
func addContacts(n int, unnamed bool) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO contacts (id, campaign_id, number_hash, person, zone, rank, place, agent, due, added_at, clock, state, variant, reason, made, callback) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for j := range contactParams {
			if unnamed {
				b.WriteString("?, ")
			} else {
				b.WriteString("$" + strconv.Itoa(i*contactParams+j+1) + ", ")
			}
		}
		b.WriteString("'waiting', '', '', 0, 0)")
	}
	b.WriteString(" ON CONFLICT (number_hash, campaign_id) DO NOTHING")
	return b.String()
}

// AddContacts keeps new contacts of a campaign and returns the id of each, 0 for one
// whose number the campaign has already. An [Intake] does so faster for many.
func (s *Store) AddContacts(ctx context.Context, campaign string, list []campaigns.Contact) (ids []int64, err error) {
	c, err := s.Campaign(ctx, campaign)
	if err != nil {
		return nil, err
	}
	i := &Intake{s: s, campaign: c, write: s.group.write}
	return i.Add(ctx, list)
}

// Intake adds many contacts to one campaign. It belongs to one goroutine.
type Intake struct {
	s        *Store
	campaign campaigns.Campaign
	write    func(context.Context, func(context.Context, *sql.Tx) error) error
	// Ids that are taken: the next one, and the one behind the last; the next time take
	// are taken at once.
	next, end int64
	take      int
}

const (
	// intakeRows is how many contacts one transaction adds: other writers wait for it,
	// some 30 ms.
	intakeRows = 1000
	// firstIDs and mostIDs are taken at once; what is left of them when all contacts have
	// come is missing between two ids, which means nothing.
	firstIDs, mostIDs = intakeRows, 64 * intakeRows
)

// Intake begins to add many contacts to a campaign; [Intake.Close] ends it.
func (s *Store) Intake(ctx context.Context, campaign string) (*Intake, error) {
	c, err := s.Campaign(ctx, campaign)
	if err != nil {
		return nil, err
	}
	if err := s.intakes(ctx, 1); err != nil {
		return nil, err
	}
	return &Intake{s: s, campaign: c, write: s.group.writeBulk, take: firstIDs}, nil
}

// Close ends an intake.
func (i *Intake) Close(ctx context.Context) error {
	return i.s.intakes(context.WithoutCancel(ctx), -1)
}

// intakes counts those that are open, and has the database keep more in memory from the
// first to the last.
func (s *Store) intakes(ctx context.Context, more int) error {
	s.taking.Lock()
	defer s.taking.Unlock()
	before := s.taken
	s.taken += more
	text := ""
	switch {
	case before == 0:
		text = s.backend.busy
	case s.taken == 0:
		text = s.backend.calm
	}
	if text == "" {
		return nil
	}
	err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	})
	if err != nil {
		if more > 0 {
			s.taken = before
		}
		return fmt.Errorf("prepare the database for many contacts: %w", err)
	}
	return nil
}

// Add keeps contacts and returns the id of each, 0 for one whose number the campaign has
// already. What was kept before an error stays.
func (i *Intake) Add(ctx context.Context, list []campaigns.Contact) (ids []int64, err error) {
	for len(ids) < len(list) {
		some, err := i.add(ctx, list[len(ids):min(len(list), len(ids)+intakeRows)])
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// fewRows is up to how many contacts have their ids taken, and are sealed, in the
// transaction that adds them: who adds one waits once.
const fewRows = 20

func (i *Intake) add(ctx context.Context, list []campaigns.Contact) (ids []int64, err error) {
	for _, k := range list { // few are new
		if _, err := i.s.clockOf(ctx, k.Clocks); err != nil {
			return nil, err
		}
	}
	var args []any
	var of []hashes
	few := i.take == 0 && len(list) <= fewRows
	if !few {
		first, err := i.reserve(ctx, len(list))
		if err == nil {
			args, of, err = i.seal(list, first)
		}
		if err != nil {
			return nil, err
		}
	}
	err = i.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ids = ids[:0]
		if few {
			first, err := reserveIn(ctx, tx, "contacts", len(list))
			if err == nil {
				args, of, err = i.seal(list, first)
			}
			if err != nil {
				return err
			}
		}
		state, err := stateIn(ctx, tx, i.campaign.ID)
		if err != nil {
			return err
		}
		if state == campaigns.Stopped || state == campaigns.Done {
			return fmt.Errorf("add contacts to campaign %s, which is %s: %w", i.campaign.ID, state, ErrState)
		}
		rows := i.s.backend.rows
		for from := 0; from < len(list); from += rows {
			n := min(rows, len(list)-from)
			some, err := inForm(ctx, tx, i.campaign.ID, args[from*contactParams:(from+n)*contactParams], of[from:from+n])
			if err != nil {
				return err
			}
			added, err := i.s.addSome(ctx, tx, some)
			if err != nil {
				return err
			}
			ids = append(ids, added...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// reserve takes n ids in a row.
func (i *Intake) reserve(ctx context.Context, n int) (first int64, err error) {
	if i.end-i.next < int64(n) {
		take := max(n, i.take)
		if i.next, err = i.s.reserve(ctx, "contacts", take); err != nil {
			return 0, err
		}
		i.end = i.next + int64(take)
		i.take = min(2*i.take, mostIDs)
	}
	first = i.next
	i.next += int64(n)
	return first, nil
}

// seal makes the parameters of contacts, on all processors.
func (i *Intake) seal(list []campaigns.Contact, first int64) (args []any, of []hashes, err error) {
	args, of = make([]any, len(list)*contactParams), make([]hashes, len(list))
	now := i.s.now().UnixMilli()
	parts := min(runtime.GOMAXPROCS(0), 1+len(list)/64)
	failed := make([]error, parts)
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() {
			for n := p * len(list) / parts; n < (p+1)*len(list)/parts && failed[p] == nil; n++ {
				of[n], failed[p] = i.sealOne(&list[n], first+int64(n), now, args[n*contactParams:(n+1)*contactParams])
			}
		})
	}
	wg.Wait()
	return args, of, errors.Join(failed...)
}

// hashParam is which of a contact's values is its number's hash.
const hashParam = 2

func (i *Intake) sealOne(k *campaigns.Contact, id, now int64, args []any) (hashes, error) {
	f := &sealing{s: i.s, table: "contacts", row: strconv.FormatInt(id, 10)}
	due := int64(0)
	if !k.Due.IsZero() {
		due = k.Due.UnixMilli()
	}
	clock, _ := i.s.clocks.known(k.Clocks)
	of := f.hashes(wholeNumber, NormalNumber(k.Number))
	copy(args, []any{
		id, i.campaign.ID, of.is, f.sealJSON("person", person{k.Number, k.Name, k.Fields}),
		k.Zone, k.Rank, placeOf(i.campaign.Order, k.Rank, id), k.Agent, due, now, clock,
	})
	return of, f.err
}

// inForm is what is to be added, with the hashes in the form that the campaign's contacts
// have them in: while the keys are rotated, a number may be there in another one.
func inForm(ctx context.Context, tx *sql.Tx, campaign string, args []any, of []hashes) ([]any, error) {
	var others []any
	for _, h := range of {
		if h.is != h.other {
			others = append(others, h.other)
		}
	}
	if len(others) == 0 {
		return args, nil
	}
	w := &where{}
	w.add("campaign_id = ?", campaign)
	w.add("number_hash IN (?"+strings.Repeat(", ?", len(others)-1)+")", others...)
	there, err := list(ctx, tx, "see which contacts are there", func(from row) (hash string, err error) { err = from.Scan(&hash); return hash, err },
		`SELECT number_hash FROM contacts`+w.String(), w.args...)
	if err != nil || len(there) == 0 {
		return args, err
	}
	args = slices.Clone(args) // the operation may be run again
	for i, h := range of {
		if slices.Contains(there, h.other) {
			args[i*contactParams+hashParam] = h.other
		}
	}
	return args, nil
}

// addSome adds contacts by one statement, whose ids follow each other, and returns the id
// of each, 0 for one whose number is there.
func (s *Store) addSome(ctx context.Context, tx *sql.Tx, args []any) (ids []int64, err error) {
	n := len(args) / contactParams
	var r sql.Result
	if n == s.backend.rows { // one text, which is worth preparing
		r, err = s.group.exec(ctx, tx, s.addFull, args...)
	} else {
		r, err = tx.ExecContext(ctx, addContacts(n, s.backend.unnamed), args...)
	}
	if err != nil {
		return nil, fmt.Errorf("add contacts: %w", err)
	}
	added, err := r.RowsAffected()
	if err != nil {
		return nil, fmt.Errorf("add contacts: %w", err)
	}
	first, _ := args[0].(int64)
	ids = make([]int64, n)
	if added == int64(n) {
		for i := range ids {
			ids[i] = first + int64(i)
		}
		return ids, nil
	}
	kept, err := list(ctx, tx, "see which contacts were added", func(from row) (id int64, err error) { err = from.Scan(&id); return id, err },
		`SELECT id FROM contacts WHERE id BETWEEN $1 AND $2`, first, first+int64(n)-1)
	for _, id := range kept {
		ids[id-first] = id
	}
	return ids, err
}

// placeOf is where a new contact stands among those of one due; the lowest is first.
func placeOf(order campaigns.Order, rank int, id int64) int64 {
	switch order {
	case campaigns.Newest:
		return -id
	case campaigns.Ranked:
		return -int64(rank)
	case campaigns.AsListed:
	}
	return id
}
