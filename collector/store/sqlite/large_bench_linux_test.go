// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
)

// BenchmarkTree asks a ledger of 10 million leaves for what proofs are made of. Its rows
// and tiles are written straight into the tables, without notes: see large.
func BenchmarkTree(b *testing.B) {
	if testing.Short() {
		b.Skip("writes 10 million leaves, 1.2 GB, in half a minute: run without -short")
	}
	const size = 10_000_000
	dir := b.TempDir()
	s, _ := large(b, dir, size)
	signer := newSite(b, 1).agents[0].signer
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"checkpoint", func() error {
			head, err := s.Head(b.Context(), "large")
			if err == nil {
				_, err = evidence.SealCheckpoint(evidence.Checkpoint{Origin: signer.Name(), Size: head.Size, Root: head.Root}, signer)
			}
			return err
		}},
		{"root of any size", func() error { _, err := s.RootAt(b.Context(), "large", 1+rand.Int64N(size)); return err }},
		{"inclusion", func() error { _, err := s.Prove(b.Context(), "large", rand.Int64N(size), size); return err }},
		{"consistency", func() error { _, err := s.Consistency(b.Context(), "large", 1+rand.Int64N(size), size); return err }},
		{"full tile", func() error {
			_, err := s.Tile(b.Context(), "large", evidence.Tile{N: rand.Int64N(size / 256), Width: 256})
			return err
		}},
		{"bundle of 256 entries", func() error { _, err := s.Leaves(b.Context(), "large", rand.Int64N(size/256)*256, 256); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for range b.N {
				begin := time.Now()
				if err := c.ask(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			reportWaits(b, took)
		})
	}
	b.Run("inclusion, cold", func(b *testing.B) {
		var took []time.Duration
		for range min(b.N, 50) {
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			forget(b, filepath.Join(dir, "vouch.db"))
			s = reopen(b, dir)
			begin := time.Now()
			if _, err := s.Prove(b.Context(), "large", rand.Int64N(size), size); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin))
		}
		reportWaits(b, took)
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// reopen opens a store that the caller closes.
func reopen(b *testing.B, dir string) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), dir, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// forget asks the kernel to drop a file from memory.
func forget(b *testing.B, path string) {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
}

func reportWaits(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // the mean: of no use beside these
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
