// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

const tokenColumns = `id, sha256, role, customer, author, created, expires`

func readToken(scan scanner) (k store.Token, err error) {
	var sum []byte
	var created, expires *int64
	err = scan(&k.ID, &sum, &k.Role, &k.Customer, &k.Author, &created, &expires)
	k.SHA256, k.Created, k.Expires = hashOf(sum), timeOfNanos(created), timeOfNanos(expires)
	return k, err
}

// AddToken implements [store.Tokens]. An ID or a hash that is there already is an error.
func (s *Store) AddToken(ctx context.Context, k store.Token) error {
	if err := checkToken(k); err != nil {
		return fmt.Errorf("add token %q: %v", k.ID, err)
	}
	added, err := s.change(ctx, "INSERT INTO token ("+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		k.ID, k.SHA256[:], k.Role, k.Customer, k.Author, nanos(k.Created), nanos(k.Expires))
	if err == nil && !added {
		return fmt.Errorf("add token %q: one with that ID or that secret is there already", k.ID)
	}
	return explain("add token", s.dir, err)
}

// checkToken keeps out a token that would say less, or more, than its role does.
func checkToken(k store.Token) error {
	switch {
	case k.ID == "":
		return errors.New("its ID is empty")
	case k.SHA256.IsZero():
		return errors.New("its hash is empty")
	case k.Role != "noc" && k.Role != "customer":
		return fmt.Errorf("role %q: allowed are noc and customer", k.Role)
	case (k.Role == "customer") == (k.Customer == ""):
		return errors.New("exactly a token of role customer names a customer")
	}
	return nil
}

// Token implements [store.Tokens].
func (s *Store) Token(ctx context.Context, hash evidence.Hash) (store.Token, error) {
	tokens, err := query(ctx, s.reader, "SELECT "+tokenColumns+" FROM token WHERE sha256 = ?", []any{hash[:]}, readToken)
	if err != nil {
		return store.Token{}, explain("read token", s.dir, err)
	}
	if len(tokens) == 0 {
		return store.Token{}, fmt.Errorf("token: %w", store.ErrNotFound)
	}
	return tokens[0], nil
}

// ListTokens implements [store.Tokens], in order of IDs.
func (s *Store) ListTokens(ctx context.Context) ([]store.Token, error) {
	tokens, err := query(ctx, s.reader, "SELECT "+tokenColumns+" FROM token ORDER BY id", nil, readToken)
	return tokens, explain("list tokens", s.dir, err)
}

// DeleteToken implements [store.Tokens]. It returns an error that wraps
// [store.ErrNotFound] for an ID that is not there.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	found, err := s.change(ctx, "DELETE FROM token WHERE id = ?", id)
	if err == nil && !found {
		return fmt.Errorf("delete token %q: %w", id, store.ErrNotFound)
	}
	return explain("delete token", s.dir, err)
}
