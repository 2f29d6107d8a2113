// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// Derive implements [store.Derived]. Calls that wait are committed together, after
// the appends that wait.
func (s *Store) Derive(ctx context.Context, d store.Derivation) error {
	if err := checkDerivation(d); err != nil {
		return fmt.Errorf("derive: %v", err)
	}
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error { return t.derive(ctx, d) })
	return explain("derive", s.dir, err)
}

// checkDerivation reports what could never be written.
func checkDerivation(d store.Derivation) error {
	for _, p := range d.Progress {
		if p.Reader == "" || p.Customer == "" || p.Next < 0 {
			return fmt.Errorf("progress of reader %q in the ledger of customer %q to leaf %d: both have a name, and leaves begin with 0", p.Reader, p.Customer, p.Next)
		}
	}
	for _, c := range d.Chunks {
		if c.Customer == "" || c.Subject == "" || c.Agent == "" {
			return fmt.Errorf("chunk %+v: customer, subject and agent have names", c.ChunkKey)
		}
	}
	for _, i := range d.Items {
		if i.Customer == "" || i.Kind == "" || i.ID == "" {
			return fmt.Errorf("item %q of kind %q of customer %q: all three have names", i.ID, i.Kind, i.Customer)
		}
	}
	for _, i := range d.Intents {
		if i.Key == "" || i.Channel == "" {
			return fmt.Errorf("intent %q for channel %q: both have names", i.Key, i.Channel)
		}
	}
	return nil
}

func (t *tx) derive(ctx context.Context, d store.Derivation) error {
	for _, p := range d.Progress {
		if err := t.exec(ctx, `INSERT INTO cursor (reader, customer, next) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET next = excluded.next`, p.Reader, p.Customer, p.Next); err != nil {
			return err
		}
	}
	for _, c := range d.Chunks {
		if err := t.exec(ctx, `INSERT INTO chunk (customer, subject, hour, agent, data) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET data = CAST(data || excluded.data AS BLOB)`,
			c.Customer, c.Subject, c.Hour, c.Agent, blob(c.Data)); err != nil {
			return err
		}
	}
	for _, i := range d.Items {
		if err := t.putItem(ctx, i); err != nil {
			return err
		}
	}
	for _, i := range d.Intents {
		if err := t.exec(ctx, `INSERT INTO intent
			(key, customer, channel, payload, created, attempts, not_until, done, failed, last_err, unclear, answer)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
			i.Key, i.Customer, i.Channel, blob(i.Payload), nanos(i.Created), i.Attempts,
			nanos(i.NotUntil), nanos(i.Done), i.Failed, i.LastErr, i.Unclear, i.Answer); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putItem(ctx context.Context, i store.Item) error {
	if i.Data == nil {
		return t.exec(ctx, "DELETE FROM item WHERE kind = ? AND customer = ? AND id = ?", i.Kind, i.Customer, i.ID)
	}
	return t.exec(ctx, `INSERT INTO item (kind, customer, id, data) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET data = excluded.data`, i.Kind, i.Customer, i.ID, i.Data)
}

// blob is data, and empty instead of NULL for nil.
func blob(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// Next implements [store.Derived].
func (s *Store) Next(ctx context.Context, reader string, customer vouch.CustomerID) (int64, error) {
	var next int64
	err := s.reader.QueryRowContext(ctx, "SELECT next FROM cursor WHERE reader = ? AND customer = ?", reader, customer).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return next, explain("read cursor", s.dir, err)
}

// Chunks implements [store.Derived].
func (s *Store) Chunks(ctx context.Context, customer vouch.CustomerID, subject string, fromHour, toHour int64) ([]store.Chunk, error) {
	chunks, err := query(ctx, s.reader, `SELECT agent, hour, data FROM chunk
		WHERE customer = ? AND subject = ? AND hour >= ? AND hour < ? ORDER BY agent, hour`,
		[]any{customer, subject, fromHour, toHour},
		func(scan scanner) (store.Chunk, error) {
			c := store.Chunk{ChunkKey: store.ChunkKey{Customer: customer, Subject: subject}}
			err := scan(&c.Agent, &c.Hour, &c.Data)
			return c, err
		})
	return chunks, explain("read chunks", s.dir, err)
}

// Item implements [store.Derived].
func (s *Store) Item(ctx context.Context, customer vouch.CustomerID, kind, id string) (store.Item, error) {
	i := store.Item{Customer: customer, Kind: kind, ID: id}
	err := s.reader.QueryRowContext(ctx, "SELECT data FROM item WHERE kind = ? AND customer = ? AND id = ?", kind, customer, id).Scan(&i.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Item{}, fmt.Errorf("%s %q of customer %s: %w", kind, id, customer, store.ErrNotFound)
	}
	i.Data = blob(i.Data)
	return i, explain("read item", s.dir, err)
}

// Items implements [store.Derived].
func (s *Store) Items(ctx context.Context, customer vouch.CustomerID, kind string) ([]store.Item, error) {
	items, err := query(ctx, s.reader, `SELECT customer, id, data FROM item
		WHERE kind = ?1 AND (?2 = '' OR customer = ?2) ORDER BY customer, id`, []any{kind, customer},
		func(scan scanner) (store.Item, error) {
			i := store.Item{Kind: kind}
			err := scan(&i.Customer, &i.ID, &i.Data)
			i.Data = blob(i.Data)
			return i, err
		})
	return items, explain("read items", s.dir, err)
}

// Reset implements [store.Derived].
func (s *Store) Reset(ctx context.Context, readers ...string) error {
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		for _, text := range []string{"DELETE FROM chunk", "DELETE FROM item"} {
			if err := t.exec(ctx, text); err != nil {
				return err
			}
		}
		for _, r := range readers {
			if err := t.exec(ctx, "DELETE FROM cursor WHERE reader = ?", r); err != nil {
				return err
			}
		}
		return nil
	})
	return explain("reset what is derived", s.dir, err)
}
