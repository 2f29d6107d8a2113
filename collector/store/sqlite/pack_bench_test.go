// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// BenchmarkPack packs six hours of a site of ten devices and reports what a value takes
// in the database before and after, with all that belongs to it. Meanwhile one writer
// goes on appending.
func BenchmarkPack(b *testing.B) {
	for _, locations := range []int{1, 3} {
		b.Run(fmt.Sprintf("locations=%d", locations), func(b *testing.B) {
			var before, after, perSecond float64
			var waits []time.Duration
			for range b.N {
				b.StopTimer()
				dir := b.TempDir()
				s := openDir(b, dir)
				w := newSite(b, locations)
				for range 360 {
					if _, err := s.Append(b.Context(), w.next()); err != nil {
						b.Fatal(err)
					}
				}
				before = float64(usedPages(b, dir)) / float64(w.values)
				b.StartTimer()
				begin := time.Now()
				moved := packAll(b, s)
				perSecond = float64(moved) / time.Since(begin).Seconds()
				b.StopTimer()
				after = float64(usedPages(b, dir)) / float64(w.values)
				// Again, with somebody who appends meanwhile: not timed.
				for range 360 {
					if _, err := s.Append(b.Context(), w.next()); err != nil {
						b.Fatal(err)
					}
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					packAll(b, s)
				}()
				waits = append(waits, appendUntil(b, s, done)...)
			}
			slices.Sort(waits)
			b.ReportMetric(perSecond, "notes/s")
			b.ReportMetric(before, "B/value-before")
			b.ReportMetric(after, "B/value-after")
			b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "append-p50-ms")
			b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "append-p99-ms")
		})
	}
}

// appendUntil appends a batch of 6 KB now and then, and returns how long each took.
func appendUntil(b *testing.B, s store.Ledger, done <-chan struct{}) (took []time.Duration) {
	l := newLink("other", 1)
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for {
		e := l.next(6000)
		begin := time.Now()
		if r, err := s.Append(b.Context(), []store.Entry{e}); err != nil || r[0].Status != store.Stored {
			b.Errorf("Append = %v, %v", r, err)
			return took
		}
		took = append(took, time.Since(begin))
		select {
		case <-done:
			return took
		case <-pause.C:
		}
	}
}

// usedPages is what the database takes but for free pages, in bytes.
func usedPages(b *testing.B, dir string) (bytes int64) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(b.Context(), "SELECT sum(pgsize) FROM dbstat").Scan(&bytes); err != nil {
		b.Fatal(err)
	}
	return bytes
}
