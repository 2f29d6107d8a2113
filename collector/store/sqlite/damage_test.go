// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch/collector/store"
)

// flip is an expression for a column with one byte changed in the middle.
func flip(column string) string {
	const at = "length(COLUMN) / 2"
	text := "CAST(substr(COLUMN, 1, " + at + ") || CASE substr(COLUMN, " + at + " + 1, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(COLUMN, " + at + " + 2) AS BLOB)"
	return column + " = " + strings.ReplaceAll(text, "COLUMN", column)
}

// TestCheckNamesDamage damages one thing at a time in a ledger of 600 leaves and
// wants to hear of that place and of no other.
func TestCheckNamesDamage(t *testing.T) {
	whole := t.TempDir()
	fill(t, whole, 600)
	const row = "(SELECT id FROM ledger WHERE customer = 'acme') * 1099511627776 + "
	for _, c := range []struct {
		name      string
		statement string
		want      []string // each a part of one sentence, in order
	}{
		{"note", "UPDATE body SET " + flip("data") + " WHERE id = " + row + "300", []string{"leaf 300: unpack note"}},
		{"note gone", "DELETE FROM body WHERE id = " + row + "5", []string{"leaf 5: the note is missing"}},
		{"notes swapped", "UPDATE body SET data = (SELECT data FROM body WHERE id = " + row + "6) WHERE id = " + row + "7",
			[]string{"leaf 7: the note does not have the hash"}},
		{"hash of a note", "UPDATE entry SET " + flip("sha256") + " WHERE id = " + row + "300",
			[]string{"leaf 300: the note does not have the hash", "leaf 300: its leaf record does not have the leaf hash"}},
		{"time of reception", "UPDATE entry SET received = received + 1 WHERE id = " + row + "599",
			[]string{"leaf 599: its leaf record does not have the leaf hash"}},
		{"leaf hash", "UPDATE entry SET " + flip("leafhash") + " WHERE id = " + row + "300",
			[]string{"leaf 300: its leaf record does not have the leaf hash"}},
		{"leaf hash in the last tile", "UPDATE entry SET " + flip("leafhash") + " WHERE id = " + row + "599",
			[]string{"leaf 599: its leaf record does not have the leaf hash"}},
		{"entry gone", "DELETE FROM entry WHERE id = " + row + "10",
			[]string{"leaf 10: its entry is missing", "tile 0 of level 1: hash 0, of leaves 0 to 255"}},
		{"entry at the edge of a tile gone", "DELETE FROM entry WHERE id = " + row + "256",
			[]string{"leaf 256: its entry is missing", "tile 0 of level 1: hash 1, of leaves 256 to 511"}},
		{"number of an entry", "UPDATE entry SET seq = 1000 WHERE id = " + row + "599",
			[]string{"leaf 599: its leaf record", "leaf 599: number 1000 of epoch 1772323200000 of key agent+00000001, stream availability, comes after number 599"}},
		{"last entry gone", "DELETE FROM entry WHERE id = " + row + "599",
			[]string{"leaf 599: its entry is missing", "tree head: the root of the tree of size 600"}},
		{"tile", "UPDATE tile SET " + flip("data"),
			[]string{"tile 0 of level 1: hash 1, of leaves 256 to 511", "tree head: the root"}},
		{"tile gone", "DELETE FROM tile",
			[]string{"tile 0 of level 1: hash 0", "tile 0 of level 1: hash 1", "tile 0 of level 1: it has 0 hashes, want 2", "tree head: the root"}},
		{"root", "UPDATE ledger SET " + flip("root") + " WHERE customer = 'acme'",
			[]string{"tree head: the root of the tree of size 600", "does not follow from the frontier"}},
		{"frontier", "UPDATE ledger SET " + flip("frontier") + " WHERE customer = 'acme'",
			[]string{"does not follow from the frontier"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyOf(t, whole)
			tamper(t, dir, "PRAGMA foreign_keys = OFF; "+c.statement)
			s := openDir(t, dir)
			got, err := s.Check(t.Context(), "acme")
			if err != nil {
				t.Fatalf("Check = %v", err)
			}
			if len(got) != len(c.want) {
				t.Fatalf("Check = %d sentences %q, want %d", len(got), got, len(c.want))
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("Check: sentence %d = %q, want %q in it", i, got[i], c.want[i])
				}
			}
			if other, err := s.Check(t.Context(), "zebra"); err != nil || len(other) != 0 {
				t.Errorf("Check(zebra) = %q, %v, want nothing", other, err)
			}
		})
	}
}

// fill writes a ledger of n leaves, and a small one of another customer.
func fill(t *testing.T, dir string, n int) {
	t.Helper()
	s := openDir(t, dir)
	var entries []store.Entry
	acme, zebra := newLink("acme", 1), newLink("zebra", 1)
	for range n {
		entries = append(entries, acme.next(300))
	}
	if _, err := s.Append(t.Context(), append(entries, zebra.next(300))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// copyOf copies the database of a closed store into a new directory.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "vouch.db"))
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := os.WriteFile(filepath.Join(to, "vouch.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestDamagedNoteHarmsNoOther: what lies beside a damaged note can be read.
func TestDamagedNoteHarmsNoOther(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20)
	tamper(t, dir, "UPDATE body SET "+flip("data")+" WHERE id & 1099511627775 = 7 AND id >> 40 = (SELECT id FROM ledger WHERE customer = 'acme')")
	s := openDir(t, dir)
	if _, err := s.Entries(t.Context(), "acme", 0, 20); err == nil || !strings.Contains(err.Error(), "leaf 7") {
		t.Errorf("Entries(0, 20) = %v, want an error that names leaf 7", err)
	}
	for _, from := range []int64{0, 8} {
		if e, err := s.Entries(t.Context(), "acme", from, 7); err != nil || len(e) != 7 {
			t.Errorf("Entries(%d, 7) = %d entries, %v, want 7", from, len(e), err)
		}
	}
}

// TestPoisonFailsAlone: a call that cannot be committed fails alone though it waits
// in one group with others. Here the tree head of one customer is damaged.
func TestPoisonFailsAlone(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	tamper(t, dir, "UPDATE ledger SET "+flip("root")+" WHERE customer = 'acme'")
	s := openDir(t, dir)
	var g errgroup.Group
	for w := range 32 {
		g.Go(func() error {
			customer := newLink("zebra", 100+w)
			if w%4 == 0 {
				customer = newLink("acme", 100+w)
			}
			for range 5 {
				r, err := s.Append(t.Context(), []store.Entry{customer.next(100)})
				if w%4 == 0 {
					if err == nil || !strings.Contains(err.Error(), "tree head of customer acme is damaged") {
						return errors.New("Append to a damaged ledger did not say so")
					}
					continue
				}
				if err != nil || r[0].Status != store.Stored {
					return errors.Join(errors.New("Append to a sound ledger did not store"), err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context(), "zebra"); err != nil || head.Size != 24*5+1 {
		t.Errorf("Head(zebra) = %v, %v, want size %d", head, err, 24*5+1)
	}
	if damage, err := s.Check(t.Context(), "zebra"); err != nil || len(damage) != 0 {
		t.Errorf("Check(zebra) = %q, %v, want nothing", damage, err)
	}
}

// TestCheckUnreadablePage: where the file itself is damaged, Check names the leaves
// that cannot be read and goes on behind them.
func TestCheckUnreadablePage(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 600)
	l := newLink("acme", 1)
	var hash [32]byte
	for range 301 {
		hash = l.next(300).SHA256
	}
	path := filepath.Join(dir, "vouch.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, hash[:])
	if at < 0 {
		t.Fatal("the hash of leaf 300 is not in the file")
	}
	const page = 4096
	copy(data[at/page*page:], bytes.Repeat([]byte{0xff}, 64)) // header and cell pointers of a b-tree page
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openDir(t, dir)
	got, err := s.Check(t.Context(), "acme")
	if err != nil {
		t.Fatalf("Check = %v", err)
	}
	named := 0
	for _, sentence := range got {
		var leaf int
		if n, _ := fmt.Sscanf(sentence, "leaf %d: its entry cannot be read", &leaf); n == 1 {
			if named++; leaf < 230 || leaf > 370 {
				t.Errorf("Check: %q, want only leaves near 300 named", sentence)
			}
		} else if !strings.HasPrefix(sentence, "tile 0 of level 1: hash ") {
			t.Errorf("Check: %q, want only leaves and the tile above them named", sentence)
		}
	}
	if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "leaf 300: its entry cannot be read") }) || named > 70 {
		t.Errorf("Check names %d leaves, want those of one page, leaf 300 among them: %q", named, got)
	}
}
