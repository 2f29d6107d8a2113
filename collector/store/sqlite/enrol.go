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

// keepExpired is how long an expired token is kept, so that who uses it is told so.
const keepExpired = 24 * time.Hour

const joinColumns = `sha256, agent, rotate, author, created, expires, key`

func readJoinToken(scan scanner) (k store.JoinToken, err error) {
	var sum []byte
	var created, expires *int64
	err = scan(&sum, &k.Agent, &k.Rotate, &k.Author, &created, &expires, &k.Key)
	k.SHA256, k.Created, k.Expires = hashOf(sum), timeOfNanos(created), timeOfNanos(expires)
	return k, err
}

// AddJoinToken implements [store.Enrolments].
func (s *Store) AddJoinToken(ctx context.Context, k store.JoinToken) error {
	if k.SHA256.IsZero() || k.Agent == "" || k.Created.IsZero() || k.Expires.IsZero() {
		return errors.New("add join token: hash, agent, time and expiry are needed")
	}
	if _, err := s.change(ctx, "DELETE FROM join_token WHERE expires < ?", nanos(k.Created.Add(-keepExpired))); err != nil {
		return explain("forget expired join tokens", s.dir, err)
	}
	added, err := s.change(ctx, "INSERT INTO join_token ("+joinColumns+") VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		k.SHA256[:], k.Agent, k.Rotate, k.Author, nanos(k.Created), nanos(k.Expires), k.Key)
	if err == nil && !added {
		return errors.New("add join token: one with that secret is there already")
	}
	return explain("add join token", s.dir, err)
}

// JoinToken implements [store.Enrolments].
func (s *Store) JoinToken(ctx context.Context, hash evidence.Hash) (store.JoinToken, error) {
	tokens, err := query(ctx, s.reader, "SELECT "+joinColumns+" FROM join_token WHERE sha256 = ?", []any{hash[:]}, readJoinToken)
	if err != nil {
		return store.JoinToken{}, explain("read join token", s.dir, err)
	}
	if len(tokens) == 0 {
		return store.JoinToken{}, fmt.Errorf("join token: %w", store.ErrNotFound)
	}
	return tokens[0], nil
}

// BindJoinToken implements [store.Enrolments].
func (s *Store) BindJoinToken(ctx context.Context, hash evidence.Hash, key string) (string, error) {
	if _, err := s.change(ctx, "UPDATE join_token SET key = ? WHERE sha256 = ? AND key = ''", key, hash[:]); err != nil {
		return "", explain("bind join token", s.dir, err)
	}
	k, err := s.JoinToken(ctx, hash)
	return k.Key, err
}

// PutAgentKey implements [store.Enrolments].
func (s *Store) PutAgentKey(ctx context.Context, k store.AgentKey) error {
	if k.Key == "" || k.Agent == "" {
		return errors.New("put agent key: key and agent are needed")
	}
	_, err := s.change(ctx, `INSERT INTO agent_key (key, agent, author, enrolled, until, revoked) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET agent = excluded.agent, author = excluded.author, enrolled = excluded.enrolled,
			until = excluded.until, revoked = excluded.revoked`,
		k.Key, k.Agent, k.Author, nanos(k.Enrolled), nanos(k.Until), nanos(k.Revoked))
	return explain("put agent key", s.dir, err)
}

// AgentKeys implements [store.Enrolments].
func (s *Store) AgentKeys(ctx context.Context) ([]store.AgentKey, error) {
	keys, err := query(ctx, s.reader, "SELECT key, agent, author, enrolled, until, revoked FROM agent_key ORDER BY agent, enrolled, key", nil,
		func(scan scanner) (k store.AgentKey, err error) {
			var enrolled, until, revoked *int64
			err = scan(&k.Key, &k.Agent, &k.Author, &enrolled, &until, &revoked)
			k.Enrolled, k.Until, k.Revoked = timeOfNanos(enrolled), timeOfNanos(until), timeOfNanos(revoked)
			return k, err
		})
	return keys, explain("list agent keys", s.dir, err)
}
