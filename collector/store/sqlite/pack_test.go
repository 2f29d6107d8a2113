// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
)

// places counts, by row id, where the notes of a closed store are: in body or a frame.
func places(t *testing.T, dir string) (frames int, at map[int64]int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id, NULL FROM body UNION ALL SELECT id, notes FROM frame")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	at = map[int64]int{}
	for rows.Next() {
		var id int64
		var list []byte
		if err := rows.Scan(&id, &list); err != nil {
			t.Fatal(err)
		}
		if list == nil {
			at[id]++
			continue
		}
		frames++
		for len(list) > 0 {
			leaf, n := binary.Uvarint(list)
			_, m := binary.Uvarint(list[n:])
			at[id+int64(leaf)]++
			list = list[n+m:]
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return frames, at
}

// checkOnce looks that each entry's note is in one place, and returns how many frames
// there are.
func checkOnce(t *testing.T, dir string) (frames int) {
	t.Helper()
	frames, at := places(t, dir)
	entries := count(t, dir, "SELECT count(*) FROM entry")
	if len(at) != entries {
		t.Errorf("notes of %d entries are there, want those of %d", len(at), entries)
	}
	for id, n := range at {
		if n != 1 {
			t.Errorf("the note of row %d is in %d places", id, n)
		}
	}
	return frames
}

// count asks the database of a closed store for a number.
func count(t *testing.T, dir, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vouch.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// packAll packs what can be packed.
func packAll(t testing.TB, s *sqlite.Store) int {
	t.Helper()
	n, err := s.Pack(t.Context(), time.Now())
	if err != nil {
		t.Fatalf("Pack = %v", err)
	}
	return n
}

// TestPackFrames: 60 notes of a stream make a frame, what is too young or too few stays,
// and a ledger is looked at again when it has grown.
func TestPackFrames(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	l := newLink("acme", 1)
	grow := func(n int) {
		t.Helper()
		var entries []store.Entry
		for range n {
			entries = append(entries, l.next(300))
		}
		if _, err := s.Append(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ grow, want int }{{59, 0}, {0, 0}, {1, 60}, {0, 0}, {59, 0}, {121, 180}, {0, 0}, {60, 60}} {
		if grow(step.grow); packAll(t, s) != step.want {
			t.Fatalf("Pack after %d more entries did not move %d notes", step.grow, step.want)
		}
	}
	// Each of the chain's notes was received a minute after the one before.
	grow(120)
	e, err := s.Leaves(t.Context(), "acme", 359, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		before time.Time
		want   int
	}{{e[0].Received, 0}, {e[0].Received.Add(time.Millisecond), 60}, {e[0].Received.Add(time.Hour), 0}, {e[0].Received.Add(time.Hour + time.Millisecond), 60}} {
		if n, err := s.Pack(t.Context(), step.before); err != nil || n != step.want {
			t.Errorf("Pack(%s) = %d, %v, want %d", step.before.Format(time.TimeOnly), n, err, step.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if frames := checkOnce(t, dir); frames != 7 {
		t.Errorf("there are %d frames, want 7", frames)
	}
}

// TestPacksByItself: at each tick what is older than ten minutes is packed.
func TestPacksByItself(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 130)
	s := openDir(t, dir)
	e, err := s.Leaves(t.Context(), "acme", 59, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tick, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		s.PackLoop(ctx, tick)
	}()
	last := e[0].Received // of the notes of the first frame
	for _, after := range []time.Duration{10 * time.Minute, 10*time.Minute + time.Millisecond} {
		tick <- last.Add(after)
	}
	tick <- last // taken once the work of the tick before is done
	cancel()
	<-ended
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if frames := checkOnce(t, dir); frames != 1 {
		t.Errorf("%d frames are there, want 1", frames)
	}
}

// TestPackLargeNotes: a frame holds at most 4 MiB of notes.
func TestPackLargeNotes(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	l := newLink("acme", 1)
	var want []store.Entry
	for i := range 40 {
		e := l.next(300)
		e.Note = append(e.Note, bytes.Repeat([]byte{byte(i)}, 400_000)...)
		want = append(want, l.seal(e))
	}
	if _, err := s.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if n := packAll(t, s); n != 30 {
		t.Errorf("Pack moved %d notes, want 30: three frames of ten", n)
	}
	got, err := s.Entries(t.Context(), "acme", 0, 40)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range got {
		if !bytes.Equal(e.Note, want[i].Note) {
			t.Errorf("note %d is not the one that was appended", i)
		}
	}
	if damage, err := s.Check(t.Context(), "acme"); err != nil || len(damage) != 0 {
		t.Errorf("Check = %q, %v, want nothing", damage, err)
	}
}

// packed makes a ledger of 300 leaves in five frames, and some of another customer.
func packed(t *testing.T, dir string) {
	t.Helper()
	fill(t, dir, 300)
	s := openDir(t, dir)
	if n := packAll(t, s); n != 300 {
		t.Fatalf("Pack moved %d notes, want 300", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheckNamesDamagedFrame: a damaged frame costs its notes and no others, in Check
// and for readers.
func TestCheckNamesDamagedFrame(t *testing.T) {
	whole := t.TempDir()
	packed(t, whole)
	second := " WHERE id = (SELECT min(id) + 60 FROM frame)" // leaves 60 to 119
	for _, c := range []struct {
		name, statement string
		want            string // in the sentence of each leaf that is named
		lo, hi          int    // leaves that are named
	}{
		{"data", "UPDATE frame SET " + flip("data") + second, "frame of leaves 60 to 119, stream availability, is damaged", 60, 120},
		{"data cut off", "UPDATE frame SET data = substr(data, 1, 500)" + second, "frame of leaves 60 to 119, stream availability, is damaged", 60, 120},
		{"data of another", "UPDATE frame SET data = (SELECT data FROM frame ORDER BY id DESC LIMIT 1)" + second, "frame of leaves 60 to 119", 60, 120},
		{"list", "UPDATE frame SET notes = x'ffffffffffffffffffff01'" + second, "frame of leaves 60 to 119, stream availability, is damaged: its list of notes cannot be read", 60, 120},
		{"list cut off", "UPDATE frame SET notes = substr(notes, 1, length(notes) - 3)" + second, "", 60, 120},
		{"list empty", "UPDATE frame SET notes = x'', data = x''" + second, "is damaged: its list of notes is empty", 60, 120},
		{"leaves of two notes exchanged", "UPDATE frame SET notes = CAST(substr(notes, 4, 1) || substr(notes, 2, 2) || substr(notes, 1, 1) || substr(notes, 5) AS BLOB)" + second,
			"the note does not have the hash", 60, 62},
		{"last", "UPDATE frame SET last = last - 10" + second, "", 60, 120},
		{"last before first", "UPDATE frame SET last = id - 1" + second, "the note is missing", 60, 120},
		{"stream", "UPDATE frame SET stream = 'telemetry'" + second, "the note is missing", 60, 120},
		{"frame gone", "DELETE FROM frame" + second, "the note is missing", 60, 120},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyOf(t, whole)
			tamper(t, dir, c.statement)
			s := openDir(t, dir)
			got, err := s.Check(t.Context(), "acme")
			if err != nil {
				t.Fatalf("Check = %v", err)
			}
			if len(got) != c.hi-c.lo {
				t.Fatalf("Check = %d sentences, want %d: %q", len(got), c.hi-c.lo, got)
			}
			for i, sentence := range got {
				if !strings.HasPrefix(sentence, fmt.Sprintf("leaf %d: ", c.lo+i)) || !strings.Contains(sentence, c.want) {
					t.Errorf("Check: sentence %d = %q, want leaf %d and %q in it", i, sentence, c.lo+i, c.want)
				}
			}
			for _, page := range [][2]int64{{0, 60}, {120, 180}} {
				if e, err := s.Entries(t.Context(), "acme", page[0], int(page[1])); err != nil || len(e) != int(page[1]) {
					t.Errorf("Entries(%d, %d) = %d entries, %v", page[0], page[1], len(e), err)
				}
			}
			if leaves, err := s.Leaves(t.Context(), "acme", 0, 300); err != nil || len(leaves) != 300 {
				t.Errorf("Leaves = %d, %v, want 300", len(leaves), err)
			}
		})
	}
}

// packAndDie packs in a child, whose database has a trigger that calls die().
func packAndDie(dir string) error {
	s, err := openToDie(dir)
	if err != nil {
		return err
	}
	n, err := s.Pack(context.Background(), time.Now())
	return fmt.Errorf("packed %d notes and lives: %v", n, err)
}

// openToDie opens a store whose database knows the function die(), which kills.
func openToDie(dir string) (*sqlite.Store, error) {
	err := driver.RegisterScalarFunction("die", 0, func(*driver.FunctionContext, []sqldriver.Value) (sqldriver.Value, error) {
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	if err != nil {
		return nil, err
	}
	return sqlite.Open(context.Background(), dir, sqlite.Options{})
}

// mustDie runs a task in a child and wants it to be killed.
func mustDie(t *testing.T, dir, task string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childTask+"="+task)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("child = %v, %s, want it killed", err, out)
	}
}

// TestKilledAtOnePoint kills a process at each point of the transaction that moves
// notes. None of it has happened then, and it can be done again.
func TestKilledAtOnePoint(t *testing.T) {
	whole := t.TempDir()
	fill(t, whole, 130)
	for _, at := range []string{
		"AFTER DELETE ON body WHEN OLD.id & 1099511627775 = 59",
		"BEFORE INSERT ON frame",
		"AFTER INSERT ON frame",
		"AFTER INSERT ON frame WHEN NEW.id & 1099511627775 = 60", // the second frame
	} {
		t.Run(at, func(t *testing.T) {
			dir := copyOf(t, whole)
			tamper(t, dir, "CREATE TRIGGER point "+at+" BEGIN SELECT die(); END")
			mustDie(t, dir, "die")
			tamper(t, dir, "DROP TRIGGER point")
			want := 0
			if strings.HasSuffix(at, "= 60") {
				want = 1
			}
			if frames := checkOnce(t, dir); frames != want {
				t.Errorf("%d frames are there, want %d", frames, want)
			}
			s := openDir(t, dir)
			if n := packAll(t, s); n != 120-60*want {
				t.Errorf("Pack moved %d notes afterwards, want %d", n, 120-60*want)
			}
			if damage, err := s.Check(t.Context(), "acme"); err != nil || len(damage) != 0 {
				t.Errorf("Check = %q, %v, want nothing", damage, err)
			}
		})
	}
}

// TestPackLeavesDamage: what cannot be read, or is another note than its entry names,
// stays where it is, and what stands around it is packed.
func TestPackLeavesDamage(t *testing.T) {
	const row = "(SELECT id FROM ledger WHERE customer = 'acme') * 1099511627776 + "
	dir := t.TempDir()
	fill(t, dir, 130)
	tamper(t, dir, "UPDATE body SET "+flip("data")+" WHERE id = "+row+"7")
	tamper(t, dir, "UPDATE body SET data = (SELECT data FROM body WHERE id = "+row+"8) WHERE id = "+row+"9")
	s := openDir(t, dir)
	check := func() {
		t.Helper()
		got, err := s.Check(t.Context(), "acme")
		if err != nil || len(got) != 2 || !strings.HasPrefix(got[0], "leaf 7: unpack note") || !strings.HasPrefix(got[1], "leaf 9: the note does not have the hash") {
			t.Errorf("Check = %q, %v, want leaves 7 and 9 named", got, err)
		}
	}
	check()
	if n := packAll(t, s); n != 120 {
		t.Errorf("Pack moved %d notes, want 120", n)
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, dir)
}

// TestReadWhilePacking: readers see every note whole, whatever is moved meanwhile.
func TestReadWhilePacking(t *testing.T) {
	s := openDir(t, t.TempDir())
	l := newLink("acme", 1)
	var entries []store.Entry
	for range 900 {
		entries = append(entries, l.next(300))
	}
	if _, err := s.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Pack(t.Context(), time.Now())
		done <- err
	}()
	for reads, packing := 0, true; packing || reads < 100; reads++ {
		from := rand.IntN(len(entries) - 10)
		got, err := s.Entries(t.Context(), "acme", int64(from), 10)
		if err != nil || !slices.EqualFunc(got, entries[from:from+10], func(a, b store.Entry) bool {
			return bytes.Equal(a.Note, b.Note) && evidence.Sum(a.Note) == a.SHA256
		}) {
			t.Fatalf("Entries(%d, 10) while notes are packed = %d entries, %v", from, len(got), err)
		}
		select {
		case err := <-done:
			if packing = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
	}
	if damage, err := s.Check(t.Context(), "acme"); err != nil || len(damage) != 0 {
		t.Errorf("Check = %q, %v, want nothing", damage, err)
	}
}
