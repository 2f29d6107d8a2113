// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// BenchmarkAppend appends one batch of about 6 KB a call.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ writers, customers int }{{1, 1}, {64, 1}, {64, 5000}} {
		b.Run(fmt.Sprintf("writers=%d/customers=%d", c.writers, c.customers), func(b *testing.B) {
			s := openDir(b, b.TempDir())
			links := make([]*link, max(c.writers, c.customers))
			for i := range links {
				links[i] = newLink(vouch.CustomerID(fmt.Sprint("c", i%c.customers)), i)
			}
			took := make([][]time.Duration, c.writers)
			each := b.N/c.writers + 1
			prepared := make([][]store.Entry, c.writers)
			for w := range prepared {
				mine := (len(links) - w + c.writers - 1) / c.writers
				for i := range each {
					prepared[w] = append(prepared[w], links[w+i%mine*c.writers].next(6000))
				}
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range c.writers {
				wg.Go(func() {
					for _, e := range prepared[w] {
						begin := time.Now()
						if r, err := s.Append(b.Context(), []store.Entry{e}); err != nil || r[0].Status != store.Stored {
							b.Errorf("Append = %v, %v", r, err)
							return
						}
						took[w] = append(took[w], time.Since(begin))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			all := slices.Concat(took...)
			slices.Sort(all)
			b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "batches/s")
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkProve proves random leaves of a ledger of 100,000 and reports the size of
// the database a leaf, without the notes.
func BenchmarkProve(b *testing.B) {
	const size = 100_000
	dir := b.TempDir()
	s := openDir(b, dir)
	l := newLink("acme", 1)
	for range size / 500 {
		var entries []store.Entry
		for range 500 {
			entries = append(entries, l.next(0))
		}
		if _, err := s.Append(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		if _, err := s.Prove(b.Context(), "acme", rand.Int64N(size), size); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(pagesWithoutNotes(b, dir))/size, "B/leaf")
}

// pagesWithoutNotes is what the tables take but for the notes, in bytes.
func pagesWithoutNotes(b *testing.B, dir string) (bytes int64) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(b.Context(), "SELECT sum(pgsize) - (SELECT sum(length(data)) FROM body) FROM dbstat").Scan(&bytes)
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}

// BenchmarkEntries reads a ledger in pages of 1,000, before and after packing.
func BenchmarkEntries(b *testing.B) {
	s := openDir(b, b.TempDir())
	l := newLink("acme", 1)
	var entries []store.Entry
	for range 1020 {
		entries = append(entries, l.next(6000))
	}
	if _, err := s.Append(b.Context(), entries); err != nil {
		b.Fatal(err)
	}
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprintf("packed=%v", packed), func(b *testing.B) {
			if packed {
				packAll(b, s)
			}
			b.ResetTimer()
			for range b.N {
				got, err := s.Entries(b.Context(), "acme", 0, 1000)
				if err != nil || len(got) != 1000 || evidence.Sum(got[999].Note) != entries[999].SHA256 {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/entry")
		})
	}
}
