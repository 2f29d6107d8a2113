// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// Head implements [store.Ledger]. The root of an empty ledger is that of the empty
// tree (RFC 6962 section 2.1).
func (s *Store) Head(ctx context.Context, customer vouch.CustomerID) (store.TreeHead, error) {
	_, head, err := s.ledger(ctx, customer)
	return head, explain("read tree head", s.dir, err)
}

// Customers implements [store.Ledger].
func (s *Store) Customers(ctx context.Context) ([]vouch.CustomerID, error) {
	customers, err := query(ctx, s.reader, "SELECT customer FROM ledger WHERE size > 0 ORDER BY customer", nil,
		func(scan scanner) (c vouch.CustomerID, err error) { return c, scan(&c) })
	return customers, explain("list customers", s.dir, err)
}

// Chains implements [store.Ledger], in order of customer, key and stream.
func (s *Store) Chains(ctx context.Context, customer vouch.CustomerID, key string) ([]store.ChainHead, error) {
	heads, err := query(ctx, s.reader, `SELECT l.customer, c.key, c.stream, e.epoch, e.seq, COALESCE(e.last, e.sha256), `+lastThrough+`
		FROM chain c JOIN ledger l ON l.id = c.ledger JOIN entry e ON e.id = `+lastOfChain+`
		WHERE (?1 = '' OR l.customer = ?1) AND (?2 = '' OR c.key = ?2)
		ORDER BY l.customer, c.key, c.stream`, []any{customer, key},
		func(scan scanner) (h store.ChainHead, err error) {
			var hash []byte
			var through *int64
			err = scan(&h.Customer, &h.Key, &h.Stream, &h.Epoch, &h.Seq, &hash, &through)
			h.Hash, h.Through = hashOf(hash), timeOf(through)
			return h, err
		})
	return heads, explain("read chain heads", s.dir, err)
}

// Forks implements [store.Ledger]. At most 1,000 refused notes of a customer are
// kept, each once; the count goes on beyond them, where a note that comes again
// counts again.
func (s *Store) Forks(ctx context.Context, customer vouch.CustomerID) (int, error) {
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT COALESCE(sum(forks_dropped + (SELECT count(*) FROM fork WHERE ledger = l.id)), 0)
		FROM ledger l WHERE l.customer = ?`, customer).Scan(&n)
	return n, explain("count forks", s.dir, err)
}
