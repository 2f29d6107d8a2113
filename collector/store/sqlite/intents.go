// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// intentColumns are what readIntent reads.
const intentColumns = `key, customer, channel, payload, created, attempts, not_until, done, failed, last_err, unclear, answer`

func readIntent(scan scanner) (i store.Intent, err error) {
	var created, notUntil, done *int64
	err = scan(&i.Key, &i.Customer, &i.Channel, &i.Payload, &created, &i.Attempts, &notUntil, &done, &i.Failed, &i.LastErr, &i.Unclear, &i.Answer)
	i.Payload = blob(i.Payload)
	i.Created, i.NotUntil, i.Done = timeOfNanos(created), timeOfNanos(notUntil), timeOfNanos(done)
	return i, err
}

// Due implements [store.Intents]. Of intents created at one instant the one added
// first comes first.
func (s *Store) Due(ctx context.Context, now time.Time, n int) ([]store.Intent, error) {
	intents, err := query(ctx, s.reader, `SELECT `+intentColumns+` FROM intent
		WHERE done IS NULL AND failed = 0 AND (not_until IS NULL OR not_until <= ?)
		ORDER BY created, id LIMIT ?`, []any{now.UnixNano(), max(n, 0)}, readIntent)
	return intents, explain("read intents", s.dir, err)
}

// Update implements [store.Intents]. It returns an error that wraps
// [store.ErrNotFound] for a key that was never added.
func (s *Store) Update(ctx context.Context, i store.Intent) error {
	found, err := s.change(ctx,
		"UPDATE intent SET attempts = ?, not_until = ?, done = ?, failed = ?, last_err = ?, unclear = ?, answer = ? WHERE key = ?",
		i.Attempts, nanos(i.NotUntil), nanos(i.Done), i.Failed, i.LastErr, i.Unclear, i.Answer, i.Key)
	if err == nil && !found {
		return fmt.Errorf("update intent %q: %w", i.Key, store.ErrNotFound)
	}
	return explain("update intent", s.dir, err)
}

// change runs one statement and tells whether it touched a row. That it did not is
// no failure of the transaction, which others may share.
func (s *Store) change(ctx context.Context, text string, args ...any) (found bool, err error) {
	err = s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		res, err := t.run(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		found = n > 0
		return err
	})
	return found, err
}

// Pending implements [store.Intents].
func (s *Store) Pending(ctx context.Context) (pending, failed int, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM intent WHERE done IS NULL AND failed = 0),
		(SELECT count(*) FROM intent WHERE failed = 1)`).Scan(&pending, &failed)
	return pending, failed, explain("count intents", s.dir, err)
}

// History implements [store.Intents], newest first.
func (s *Store) History(ctx context.Context, customer vouch.CustomerID, n int) ([]store.Intent, error) {
	where, args := "", []any{max(n, 0)}
	if customer != "" {
		where, args = "WHERE customer = ?2", append(args, customer)
	}
	intents, err := query(ctx, s.reader, `SELECT `+intentColumns+` FROM intent `+where+
		` ORDER BY created DESC, id DESC LIMIT ?1`, args, readIntent)
	return intents, explain("read intents", s.dir, err)
}

// Delivered implements [store.Intents].
func (s *Store) Delivered(ctx context.Context) ([]store.Delivery, error) {
	out, err := query(ctx, s.reader, `SELECT channel,
		max(CASE WHEN attempts > 0 THEN done END), sum(done IS NULL AND failed = 0), sum(failed)
		FROM intent GROUP BY channel ORDER BY channel`, nil, func(scan scanner) (d store.Delivery, err error) {
		var last *int64
		err = scan(&d.Channel, &last, &d.Pending, &d.Failed)
		d.Last = timeOfNanos(last)
		return d, err
	})
	return out, explain("read deliveries", s.dir, err)
}
