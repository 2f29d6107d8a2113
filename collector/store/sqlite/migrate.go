// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// migrations holds the schema as numbered steps, NNNN_name.sql. A step that has been
// released is never edited.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in a transaction of its own. The
// number of the last step done is in PRAGMA user_version; the table migration says
// which program did it and when, and keeps its shape for ever, because older
// programs read it.
func migrate(ctx context.Context, db *sql.DB, program string) error {
	if program == "" {
		program = "unreleased"
	}
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > len(names) {
		return newer(ctx, db, have, len(names))
	}
	for i := have; i < len(names); i++ {
		if err := step(ctx, db, names[i], i+1, program); err != nil {
			return fmt.Errorf("bring schema to version %d: %w", i+1, err)
		}
	}
	return nil
}

// step carries out one migration, all of it or nothing.
func step(ctx context.Context, db *sql.DB, name string, version int, program string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migration (
		version INTEGER PRIMARY KEY, program TEXT NOT NULL, applied TEXT NOT NULL)`); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO migration VALUES (?, ?, ?)",
		version, program, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(version)); err != nil {
		return err
	}
	return tx.Commit()
}

// newer says which program is needed for a schema that is ahead of this one.
func newer(ctx context.Context, db *sql.DB, have, known int) error {
	var program string
	if err := db.QueryRowContext(ctx, "SELECT program FROM migration WHERE version = ?", have).Scan(&program); err != nil {
		program = "unknown"
	}
	return fmt.Errorf("%w: its schema is version %d, made by vouch %s, and this program knows versions up to %d: start that version or a later one",
		store.ErrNewer, have, program, known)
}
