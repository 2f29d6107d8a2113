// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// memory is a ledger and its cursors in memory, for tests in virtual time. It can
// fail on command.
type memory struct {
	mu      sync.Mutex
	entries map[vouch.CustomerID][]store.Entry
	next    map[vouch.CustomerID]int64
	items   map[string][]byte
	fail    error // returned by Entries and Derive while set
	lose    bool  // Derive fails after it was applied, as when the answer is lost
}

func newMemory() *memory {
	return &memory{entries: map[vouch.CustomerID][]store.Entry{}, next: map[vouch.CustomerID]int64{}, items: map[string][]byte{}}
}

// add appends a batch with the given lines, or an entry of another kind.
func (m *memory) add(c vouch.CustomerID, kind store.Kind, lines string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	note := "vouch/batch v1\nagent: a\n\n" + lines + "\n— a AAAA\n"
	m.entries[c] = append(m.entries[c], store.Entry{Customer: c, Kind: kind, Received: time.Now(), Note: []byte(note)})
}

// batches appends n batches of one line each, numbered on.
func (m *memory) batches(c vouch.CustomerID, n int) {
	for range n {
		m.mu.Lock()
		leaf := len(m.entries[c])
		m.mu.Unlock()
		m.add(c, store.KindBatch, fmt.Sprintf("m,customer=%s v=%di %d\n", c, leaf, leaf))
	}
}

func (m *memory) set(fail error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

func (m *memory) cursor(c vouch.CustomerID) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next[c]
}

func (m *memory) Entries(_ context.Context, c vouch.CustomerID, from int64, n int) ([]store.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.entries[c]
	from = min(from, int64(len(all)))
	return slices.Clone(all[from:min(from+int64(n), int64(len(all)))]), m.fail
}

func (m *memory) Head(_ context.Context, c vouch.CustomerID) (store.TreeHead, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return store.TreeHead{Size: int64(len(m.entries[c]))}, nil
}

func (m *memory) Customers(context.Context) ([]vouch.CustomerID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.entries)), nil
}

func (m *memory) Next(_ context.Context, _ string, c vouch.CustomerID) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next[c], nil
}

func (m *memory) Derive(_ context.Context, d store.Derivation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, p := range d.Progress {
		m.next[p.Customer] = p.Next
	}
	for _, i := range d.Items {
		m.items[i.Kind+"/"+i.ID] = i.Data
	}
	if m.lose {
		m.lose = false
		return errors.New("connection lost after the commit")
	}
	return nil
}

func (m *memory) Item(_ context.Context, c vouch.CustomerID, kind, id string) (store.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.items[kind+"/"+id]
	if !ok {
		return store.Item{}, store.ErrNotFound
	}
	return store.Item{Customer: c, Kind: kind, ID: id, Data: data}, nil
}
