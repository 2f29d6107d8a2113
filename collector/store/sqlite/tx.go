// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tx is a transaction of the writer.
type tx struct{ w *writer }

// stmt returns the prepared form of a statement. The texts are constants of this
// package, so there are few.
func (t *tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.w.stmts[query] = s
	return s, nil
}

// exec runs a statement, whatever it does.
func (t *tx) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.run(ctx, query, args...)
	return err
}

// run runs a statement and tells what it did.
func (t *tx) run(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// one runs a statement that changes exactly one row.
func (t *tx) one(ctx context.Context, query string, args ...any) error {
	res, err := t.run(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows were changed, want 1", n)
	}
	return err
}

// row reads one row into dest and tells whether there was one.
func (t *tx) row(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
