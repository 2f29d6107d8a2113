// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// AddSession implements [store.Accounts].
func (s *Store) AddSession(ctx context.Context, x store.Session, password string, keep int) error {
	if x.SHA256.IsZero() || x.Account == "" || x.Created.IsZero() || x.Used.IsZero() || keep < 1 {
		return errors.New("add session: hash, account, times and a bound are needed")
	}
	found := false
	err := s.writer.do(ctx, s.writer.jobs, 1, func(ctx context.Context, t *tx) error {
		var id string
		var err error
		found, err = t.row(ctx, "SELECT id FROM account WHERE id = ? AND password = ? AND password <> '' AND disabled IS NULL", []any{x.Account, password}, &id)
		if err != nil || !found {
			return err
		}
		if err := t.exec(ctx, "INSERT INTO session (sha256, account, created, used) VALUES (?, ?, ?, ?)", x.SHA256[:], x.Account, nanos(x.Created), nanos(x.Used)); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM session WHERE account = ?1 AND sha256 NOT IN
			(SELECT sha256 FROM session WHERE account = ?1 ORDER BY created DESC, sha256 = ?2 DESC LIMIT ?3)`, x.Account, x.SHA256[:], keep)
	})
	if err == nil && !found {
		return fmt.Errorf("account %q: %w", x.Account, store.ErrNotFound)
	}
	return explain("add session", s.dir, err)
}

type signedIn struct {
	store.Session
	store.Account
}

// Session implements [store.Accounts].
func (s *Store) Session(ctx context.Context, hash evidence.Hash) (store.Session, store.Account, error) {
	list, err := query(ctx, s.reader, "SELECT "+sessionColumns+", "+accountColumns+" FROM session JOIN account ON account.id = session.account WHERE sha256 = ?", []any{hash[:]},
		func(scan scanner) (v signedIn, err error) {
			var sum []byte
			var created, used *int64
			var r accountRow
			err = scan(append([]any{&sum, &v.Session.Account, &created, &used}, r.columns()...)...)
			v.SHA256, v.Session.Created, v.Used, v.Account = hashOf(sum), timeOfNanos(created), timeOfNanos(used), r.account()
			return v, err
		})
	v, err := firstOf("session", s.dir, list, err)
	return v.Session, v.Account, err
}

// UseSession implements [store.Accounts].
func (s *Store) UseSession(ctx context.Context, hash evidence.Hash, used time.Time) error {
	_, err := s.change(ctx, "UPDATE session SET used = ? WHERE sha256 = ?", nanos(used), hash[:])
	return explain("use session", s.dir, err)
}

// EndSession implements [store.Accounts].
func (s *Store) EndSession(ctx context.Context, hash evidence.Hash) error {
	_, err := s.change(ctx, "DELETE FROM session WHERE sha256 = ?", hash[:])
	return explain("end session", s.dir, err)
}

// EndSessions implements [store.Accounts].
func (s *Store) EndSessions(ctx context.Context, account string) error {
	_, err := s.change(ctx, "DELETE FROM session WHERE account = ?", account)
	return explain("end sessions", s.dir, err)
}

// ForgetSessions implements [store.Accounts].
func (s *Store) ForgetSessions(ctx context.Context, created, used time.Time) error {
	_, err := s.change(ctx, "DELETE FROM session WHERE created < ? OR used < ?", nanos(created), nanos(used))
	if err == nil {
		_, err = s.change(ctx, "DELETE FROM invite WHERE expires < ?", nanos(created))
	}
	return explain("forget sessions", s.dir, err)
}
