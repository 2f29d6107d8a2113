// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
)

// scanner reads the columns of the current row.
type scanner func(dest ...any) error

// query returns what read makes of each row. With an error it returns the rows before
// it.
func query[T any](ctx context.Context, db *sql.DB, text string, args []any, read func(scanner) (T, error)) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := read(rows.Scan)
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
