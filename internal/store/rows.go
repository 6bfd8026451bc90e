package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

type row interface{ Scan(to ...any) error }

// asked is a database or a transaction.
type asked interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list is what read makes of each row of a query; doing is said before an error.
func list[T any](ctx context.Context, from asked, doing string, read func(row) (T, error), query string, args ...any) (items []T, err error) {
	defer func() {
		if err != nil {
			items, err = nil, fmt.Errorf("%s: %w", doing, err)
		}
	}()
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		item, err := read(rows)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// paged is list for a query that gives one row more than limit where there are more; place
// is the cursor behind an item.
func paged[T any](ctx context.Context, from asked, doing string, limit int, read func(row) (T, error), place func(T) cursor, query string, args ...any) (p Page[T], err error) {
	items, err := list(ctx, from, doing, read, query, args...)
	if len(items) > limit {
		items = items[:limit]
		p.Next = place(items[limit-1]).String()
	}
	p.Items = items
	return p, err
}

// counts is the result of a query for a name and a number.
func counts(ctx context.Context, from asked, doing, query string, args ...any) (map[string]int, error) {
	n := map[string]int{}
	_, err := list(ctx, from, doing, func(r row) (struct{}, error) {
		var name string
		var count int
		err := r.Scan(&name, &count)
		n[name] = count
		return struct{}{}, err
	}, query, args...)
	return n, err
}
