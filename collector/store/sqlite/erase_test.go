// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
)

// far is later than anything that these tests append.
var far = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// TestErasedIsGone: what was erased, or moved, is not in the file any more.
func TestErasedIsGone(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	l := newLink("acme", 1)
	chance := rand.NewChaCha8([32]byte{1})
	var entries []store.Entry
	var secrets [][]byte // no compression makes anything of them
	for range 70 {
		e, secret := l.next(100), make([]byte, 9000)
		if _, err := chance.Read(secret); err != nil {
			t.Fatal(err)
		}
		e.Note = append(e.Note, secret...)
		entries, secrets = append(entries, l.seal(e)), append(secrets, secret[4000:4100])
	}
	if _, err := s.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	copies := func(what string, want int) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "vouch.db"))
		if err != nil {
			t.Fatal(err)
		}
		if log, err := os.Stat(filepath.Join(dir, "vouch.db-wal")); err == nil && log.Size() > 0 {
			t.Error("the closed store has a log")
		}
		for i, secret := range secrets {
			// Where a page ends in the middle of it, it is not found: look for both halves.
			if n := max(bytes.Count(data, secret[:50]), bytes.Count(data, secret[50:])); n != want {
				t.Errorf("%s: note %d is %d times in the file, want %d", what, i, n, want)
			}
		}
		s = openDir(t, dir)
	}
	copies("appended", 1)
	if n := packAll(t, s); n != 60 {
		t.Fatalf("Pack moved %d notes, want 60", n)
	}
	copies("packed", 1)
	if e, err := s.Erase(t.Context(), "acme", vouch.Availability, far, 70); err != nil || e.Count != 70 {
		t.Fatalf("Erase = %+v, %v, want 70", e, err)
	}
	copies("erased", 0)
}

// TestEraseDamaged: a damaged frame is erased as a whole without being read, keeps its
// notes where some of them must stay, and hinders no other.
func TestEraseDamaged(t *testing.T) {
	dir := t.TempDir()
	packed(t, dir) // five frames of 60
	tamper(t, dir, "UPDATE frame SET "+flip("data")+" WHERE id & 1099511627775 IN (60, 120)")
	s := openDir(t, dir)
	e, err := s.Erase(t.Context(), "acme", vouch.Availability, far, 150)
	if err == nil || !strings.Contains(err.Error(), "the frame of leaves 120 to 179, stream availability, is damaged") {
		t.Errorf("Erase = %v, want the frame of leaves 120 to 179 named", err)
	}
	if want := (store.Erased{First: 0, Last: 119, Count: 120}); e != want {
		t.Errorf("Erase = %+v, want %+v", e, want)
	}
	if e, err = s.Erase(t.Context(), "acme", vouch.Availability, far, 1000); err != nil || e.Count != 180 {
		t.Errorf("Erase(all) = %+v, %v, want 180", e, err)
	}
	if damage, err := s.Check(t.Context(), "acme"); err != nil || len(damage) != 0 {
		t.Errorf("Check = %q, %v, want nothing: what was damaged is erased", damage, err)
	}
}

// TestErasedRecord: a record whose note is empty is damage, not erasure.
func TestErasedRecord(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	e := newLink("acme", 1).next(100)
	r := store.Entry{Customer: "acme", Kind: store.KindRecord, RecordID: "r-1", RecordKind: "lease", SHA256: e.SHA256, Note: e.Note, Leaf: []byte("a leaf")}
	if _, err := s.Append(t.Context(), []store.Entry{r}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, "UPDATE body SET data = x''")
	s = openDir(t, dir)
	if got, err := s.Check(t.Context(), "acme"); err != nil || len(got) != 1 || !strings.Contains(got[0], "leaf 0: the note is missing") {
		t.Errorf("Check = %q, %v, want leaf 0 named", got, err)
	}
}

// eraseAndDie erases in a child, whose database has a trigger that calls die().
func eraseAndDie(dir string) error {
	s, err := openToDie(dir)
	if err != nil {
		return err
	}
	e, err := s.Erase(context.Background(), "acme", vouch.Availability, far, 1000)
	return fmt.Errorf("erased %+v and lives: %v", e, err)
}

// TestKilledWhileErasing: what was not erased when the process died is whole, and the
// next call erases it.
func TestKilledWhileErasing(t *testing.T) {
	whole := t.TempDir()
	fill(t, whole, 200)
	s := openDir(t, whole)
	if n := packAll(t, s); n != 180 {
		t.Fatalf("Pack moved %d notes, want 180", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at     string
		erased int64 // before
	}{
		{"AFTER UPDATE ON body WHEN NEW.id & 1099511627775 = 190", 0},
		{"BEFORE UPDATE ON frame", 20},
		{"AFTER UPDATE ON frame WHEN NEW.id & 1099511627775 = 120", 140},
	} {
		t.Run(c.at, func(t *testing.T) {
			dir := copyOf(t, whole)
			tamper(t, dir, "CREATE TRIGGER point "+c.at+" BEGIN SELECT die(); END")
			mustDie(t, dir, "erase")
			tamper(t, dir, "DROP TRIGGER point")
			checkOnce(t, dir)
			s := openDir(t, dir)
			if e, err := s.Erased(t.Context(), "acme", vouch.Availability); err != nil || e.Count != c.erased {
				t.Errorf("Erased = %+v, %v, want %d", e, err, c.erased)
			}
			check := func() {
				t.Helper()
				if damage, err := s.Check(t.Context(), "acme"); err != nil || len(damage) != 0 {
					t.Errorf("Check = %q, %v, want nothing", damage, err)
				}
			}
			check()
			if e, err := s.Erase(t.Context(), "acme", vouch.Availability, far, 1000); err != nil || e.Count != 200-c.erased {
				t.Errorf("Erase = %+v, %v, want %d", e, err, 200-c.erased)
			}
			check()
		})
	}
}

// TestEraseSkips: frames that hold nothing to erase are not written again.
func TestEraseSkips(t *testing.T) {
	dir := t.TempDir()
	packed(t, dir)
	tamper(t, dir, "CREATE TABLE written (id INTEGER); CREATE TRIGGER point AFTER UPDATE ON frame BEGIN INSERT INTO written VALUES (NEW.id & 1099511627775); END")
	s := openDir(t, dir)
	leaves, err := s.Leaves(t.Context(), "acme", 90, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the frames of leaves 0 and 60, once
		if _, err := s.Erase(t.Context(), "acme", vouch.Availability, leaves[0].Through, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, sum := count(t, dir, "SELECT count(*) FROM written"), count(t, dir, "SELECT sum(id) FROM written"); n != 2 || sum != 60 {
		t.Errorf("%d frames were written, their numbers come to %d, want 2 and 60", n, sum)
	}
}
