// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/collector/store/storetest"
	"github.com/vouch-sla/vouch/evidence"
)

// TestMain runs the part of the child where a test has started the test binary again.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openDir(t, t.TempDir()) })
}

func TestStoreDurable(t *testing.T) {
	dir := t.TempDir()
	storetest.RunDurable(t, func(t *testing.T) store.Store { return openDir(t, dir) })
}

// openDir opens a store that is closed when the test ends.
func openDir(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatalf("Open(%s) = %v", dir, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return s
}

// tamper changes the database of a closed store behind its back.
func tamper(t *testing.T, dir, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// link is one chain that is being written.
type link struct {
	key  store.ChainKey
	seq  uint64
	prev evidence.Hash
}

// next returns the next batch of the chain with a note of about size bytes.
func (l *link) next(size int) store.Entry {
	l.seq++
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(l.seq) * time.Minute)
	note := fmt.Appendf(nil, "vouch/batch v1\n%s %s %d %x\n", l.key.Key, l.key.Customer, l.seq, l.prev)
	for i := 0; len(note) < size; i++ {
		note = fmt.Appendf(note, "check,agent=munich-1,device=fw%d outcome=\"up\",duration_us=%di,rtt_avg_us=%di %d\n",
			i%10, 1000+(uint64(i)*7919*l.seq)%4000, 900+(uint64(i)*104729*l.seq)%3000, at.UnixMilli()+int64(i)*997)
	}
	e := store.Entry{
		Customer: l.key.Customer, Kind: store.KindBatch, Agent: "munich-1", Key: l.key.Key, Stream: l.key.Stream,
		Epoch: 1772323200000, First: l.seq, Seq: l.seq, Prev: l.prev,
		Note: note, Received: at.Add(time.Second), From: at.Add(-time.Minute), Through: at,
	}
	return l.seal(e)
}

// seal sets what follows from the note of the newest entry.
func (l *link) seal(e store.Entry) store.Entry {
	e.SHA256 = evidence.Sum(e.Note)
	e.Last = e.SHA256
	var hash uint32
	fmt.Sscanf(l.key.Key, "agent+%x", &hash)
	e.Leaf = evidence.Leaf{
		Kind: evidence.LeafBatch, Customer: e.Customer, Agent: e.Agent, Stream: e.Stream,
		Epoch: e.Epoch, Seq: e.Seq, KeyHash: hash, Note: e.SHA256, Received: e.Received,
	}.Append(nil)
	l.prev = e.SHA256
	return e
}

// newLink begins the chain of the n-th agent of a customer.
func newLink(customer vouch.CustomerID, n int) *link {
	return &link{key: store.ChainKey{Customer: customer, Key: fmt.Sprintf("agent+%08x", n), Stream: vouch.Availability}}
}

// TestCloseWhileAppending: every call gets an answer, and what was answered with
// Stored is there.
func TestCloseWhileAppending(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	stored := make([]uint64, 16) // by each writer
	begun := make(chan struct{}, len(stored))
	var wg sync.WaitGroup
	for w := range stored {
		wg.Go(func() {
			for l := newLink("acme", w); ; {
				e := l.next(200)
				r, err := s.Append(t.Context(), []store.Entry{e})
				if err != nil {
					return
				}
				if r[0].Status == store.Stored {
					stored[w] = e.Seq
				}
				if e.Seq == 3 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range stored {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	wg.Wait()
	heads, err := openDir(t, dir).Chains(t.Context(), "acme", "")
	if err != nil || len(heads) != len(stored) {
		t.Fatalf("Chains = %d heads, %v, want %d", len(heads), err, len(stored))
	}
	for w, h := range heads { // in order of keys, as the writers are
		if h.Seq != stored[w] {
			t.Errorf("chain %s ends with number %d, the last one answered is %d", h.Key, h.Seq, stored[w])
		}
	}
}
