// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
)

const segmentSize = 4096

func open(t *testing.T, fs journal.FS) *journal.Log {
	t.Helper()
	l, err := journal.Open(fs, "log", segmentSize)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	return l
}

// records returns what a log holds.
func records(l *journal.Log) (list []string, found journal.Found) {
	found = l.Replay(func(_ journal.Pos, kind byte, payload []byte) {
		list = append(list, fmt.Sprintf("%d %s", kind, payload))
	})
	return list, found
}

// payload is the i-th record: up to some hundred bytes, with what looks like a frame.
func payload(i int) []byte {
	return fmt.Appendf(nil, "record %d \xffvj\x01 %s", i, bytes.Repeat([]byte{byte('a' + i%26)}, i*37%700))
}

func want(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%d %s", i%250, payload(i)))
	}
	return list
}

func fill(t *testing.T, l *journal.Log, from, to int) (at []journal.Pos) {
	t.Helper()
	for i := from; i < to; i++ {
		p, err := l.Append(byte(i%250), payload(i))
		if err != nil {
			t.Fatalf("Append %d = %v", i, err)
		}
		at = append(at, p)
	}
	if err := l.Sync(); err != nil {
		t.Fatalf("Sync = %v", err)
	}
	return at
}

// disks are a directory in memory and one of the operating system.
func disks(t *testing.T) map[string]journal.FS {
	return map[string]journal.FS{"memory": &journaltest.FS{}, "disk": journal.Dir(filepath.Join(t.TempDir(), "log"))}
}

func TestWhatIsAppendedIsReplayed(t *testing.T) {
	for name, disk := range disks(t) {
		t.Run(name, func(t *testing.T) {
			l := open(t, disk)
			at := fill(t, l, 0, 100)
			for i, p := range at {
				kind, got, err := l.Read(p)
				if err != nil || kind != byte(i%250) || !bytes.Equal(got, payload(i)) {
					t.Fatalf("Read(%v) = %d, %q, %v, want record %d", p, kind, got, err, i)
				}
			}
			l.Close()
			l = open(t, disk)
			if got, found := records(l); !slices.Equal(got, want(0, 100)) || found.Damaged != 0 {
				t.Errorf("records after opening again = %d, damaged %d, want 100, 0", len(got), found.Damaged)
			}
			fill(t, l, 100, 120)
			segments := l.Segments()
			if len(segments) < 5 {
				t.Fatalf("segments = %d, want some", len(segments))
			}
			if err := l.Remove(segments[0]); err != nil {
				t.Fatalf("Remove = %v", err)
			}
			got, _ := records(open(t, disk))
			if n := len(got); n >= 120 || !slices.Equal(got, want(120-n, 120)) {
				t.Errorf("records after the oldest segment was removed = %d, want the latest", n)
			}
			if _, _, err := l.Read(at[0]); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Read of what was removed = %v, want that it does not exist", err)
			}
		})
	}
}

func TestLargeRecordHasASegmentOfItsOwn(t *testing.T) {
	l := open(t, &journaltest.FS{})
	if _, err := l.Append(1, make([]byte, 5*segmentSize)); err != nil {
		t.Fatalf("Append = %v", err)
	}
	if _, err := l.Append(1, make([]byte, journal.MaxRecord+1)); err == nil {
		t.Error("Append of more than MaxRecord = nil, want an error")
	}
	fill(t, l, 0, 3)
	if got, _ := records(l); len(got) != 4 {
		t.Errorf("records = %d, want 4", len(got))
	}
}

// TestEveryBitThatFlipsCostsOneRecord flips bits of every byte of a segment, one at a
// time.
func TestEveryBitThatFlipsCostsOneRecord(t *testing.T) {
	disk := &journaltest.FS{}
	l := open(t, disk)
	const n = 12
	at := fill(t, l, 0, n)
	whole := want(0, n)
	raw := disk.Bytes(disk.Names()[0])
	end := int(at[n-1].Offset) + 13 + len(payload(n-1))
	for i := range end {
		for _, bit := range []byte{1, 0x80} {
			raw[i] ^= bit
			hit := n - 1
			for at[hit].Offset > int64(i) {
				hit--
			}
			got, found := records(l)
			if expect := slices.Concat(whole[:hit], whole[hit+1:]); !slices.Equal(got, expect) {
				t.Fatalf("bit %#x of byte %d in record %d: %d records, want all but that", bit, i, hit, len(got))
			}
			if hit < n-1 && found.Damaged != 1 {
				t.Fatalf("bit %#x of byte %d in record %d: damaged = %d, want 1", bit, i, hit, found.Damaged)
			}
			if _, _, err := l.Read(at[hit]); !errors.Is(err, journal.ErrDamaged) {
				t.Fatalf("bit %#x of byte %d: Read = %v, want ErrDamaged", bit, i, err)
			}
			raw[i] ^= bit
		}
	}
}

// TestEveryTruncationKeepsWhatIsBefore cuts a segment off after every byte.
func TestEveryTruncationKeepsWhatIsBefore(t *testing.T) {
	dir := t.TempDir()
	l := open(t, journal.Dir(dir))
	const n = 12
	at := fill(t, l, 0, n)
	l.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, entries[0].Name())
	for size := segmentSize; size >= 0; size-- {
		if err := os.Truncate(path, int64(size)); err != nil {
			t.Fatal(err)
		}
		whole := 0
		for whole < n && int(at[whole].Offset)+13+len(payload(whole)) <= size {
			whole++
		}
		if got, found := records(open(t, journal.Dir(dir))); !slices.Equal(got, want(0, whole)) || found.Damaged != 0 {
			t.Fatalf("after %d bytes: %d records, damaged %d, want %d, 0", size, len(got), found.Damaged, whole)
		}
	}
}

// TestBlocksInTheWrongPlaceAreNotBelieved: a frame counts only where it was written.
func TestBlocksInTheWrongPlaceAreNotBelieved(t *testing.T) {
	disk := &journaltest.FS{}
	l := open(t, disk)
	fill(t, l, 0, 30)
	names := disk.Names()
	copy(disk.Bytes(names[1]), disk.Bytes(names[0]))
	got, _ := records(l)
	seen := map[string]bool{}
	for _, r := range got {
		if seen[r] {
			t.Errorf("record %.20q is there twice", r)
		}
		seen[r] = true
	}
}

// TestNothingSyncedIsLost makes every n-th operation of the disk fail, goes on, and cuts
// the power at the end: what was synced is there, once or more, and nothing that was not written.
func TestNothingSyncedIsLost(t *testing.T) {
	for fail := range 40 {
		for every := range 3 {
			for seed := range uint64(4) {
				dice := rand.New(rand.NewPCG(seed, uint64(fail)))
				disk := &journaltest.FS{}
				disk.Fail = func(string, string) error {
					n := disk.Index()
					if n == fail || every > 0 && n > fail && n%(7*every) == 0 {
						return syscall.EIO
					}
					return nil
				}
				l := open(t, disk)
				synced := 0 // records below are synced; those from there on are said again
				for i := 0; i < 40; {
					_, err := l.Append(byte(i%250), payload(i))
					if err != nil {
						i = synced
						continue
					}
					i++
					if dice.IntN(4) == 0 {
						if l.Sync() != nil {
							i = synced
							continue
						}
						synced = i
					}
				}
				seen := map[int]bool{}
				after := open(t, disk.PowerCut(dice))
				after.Replay(func(_ journal.Pos, kind byte, got []byte) {
					for i := range 40 {
						if bytes.Equal(got, payload(i)) && kind == byte(i%250) {
							seen[i] = true
							return
						}
					}
					t.Fatalf("fail %d every %d seed %d: %q was never written", fail, every, seed, got)
				})
				for i := range synced {
					if !seen[i] {
						t.Fatalf("fail %d every %d seed %d: record %d of %d that were synced is lost", fail, every, seed, i, synced)
					}
				}
			}
		}
	}
}

func TestFullDiskKeepsWhatIsThereAndGoesOn(t *testing.T) {
	disk := &journaltest.FS{Room: 2 * segmentSize}
	l := open(t, disk)
	n := 0
	for ; ; n++ {
		if _, err := l.Append(byte(n%250), payload(n)); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("Append on a full disk = %v, want ENOSPC", err)
			}
			break
		}
	}
	if got, _ := records(l); !slices.Equal(got, want(0, n)) {
		t.Errorf("records = %d, want %d", len(got), n)
	}
	if err := l.Remove(l.Segments()[0]); err != nil {
		t.Fatal(err)
	}
	fill(t, l, n, n+2)
	if got, _ := records(open(t, disk)); got[len(got)-1] != want(n+1, n+2)[0] {
		t.Errorf("the last record is %.20q, want the latest", got[len(got)-1])
	}
}

func TestCellKeepsOldOrNew(t *testing.T) {
	for fail := range 12 {
		for seed := range uint64(20) {
			disk := &journaltest.FS{}
			c := journal.NewCell(disk, "cell", 1000)
			for i := range 3 {
				if err := c.Store(payload(i)); err != nil {
					t.Fatal(err)
				}
			}
			begin := disk.Ops()
			disk.Fail = func(string, string) error {
				if disk.Index() == begin+fail {
					return syscall.EIO
				}
				return nil
			}
			stored, tried := 2, 2
			for i := 3; i < 8; i++ {
				tried = i
				if c.Store(payload(i)) == nil {
					stored = i
				}
			}
			got, err := journal.NewCell(disk.PowerCut(rand.New(rand.NewPCG(seed, 1))), "cell", 1000).Load()
			if err != nil || !bytes.Equal(got, payload(stored)) && !bytes.Equal(got, payload(tried)) {
				t.Fatalf("fail %d seed %d: Load = %q, %v, want value %d or %d", fail, seed, got, err, stored, tried)
			}
		}
	}
}

func TestCellTellsMissingFromDamaged(t *testing.T) {
	disk := &journaltest.FS{}
	if _, err := journal.NewCell(disk, "cell", 100).Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of nothing = %v, want ErrNotExist", err)
	}
	c := journal.NewCell(disk, "cell", 100)
	for i := range 4 {
		if err := c.Store(payload(i)); err != nil {
			t.Fatal(err)
		}
	}
	disk.Bytes("cell.0")[30] ^= 1
	if got, err := journal.NewCell(disk, "cell", 100).Load(); err != nil || !bytes.Equal(got, payload(2)) && !bytes.Equal(got, payload(3)) {
		t.Errorf("Load with one copy damaged = %q, %v, want the other", got, err)
	}
	disk.Bytes("cell.1")[30] ^= 1
	if _, err := journal.NewCell(disk, "cell", 100).Load(); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("Load with both copies damaged = %v, want ErrDamaged", err)
	}
}

// FuzzReplay hands any bytes to recovery, and then appends: what it finds it finds
// again, and what is appended is there.
func FuzzReplay(f *testing.F) {
	disk := &journaltest.FS{}
	l, err := journal.Open(disk, "log", 512)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 4 {
		if _, err := l.Append(byte(i), payload(i)); err != nil {
			f.Fatal(err)
		}
	}
	whole := bytes.Clone(disk.Bytes(disk.Names()[0]))
	f.Add(whole)
	f.Add(whole[:100])
	f.Add(append([]byte("\xffvj\x01\x01\xff\xff\xff\xff"), whole...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "log-00000001"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := journal.Open(journal.Dir(dir), "log", 512)
		if err != nil {
			t.Fatalf("Open = %v", err)
		}
		before, _ := records(l)
		at, err := l.Append(7, []byte("new"))
		if err != nil {
			t.Fatalf("Append = %v", err)
		}
		after, _ := records(l)
		if !slices.Equal(after, append(before, "7 new")) {
			t.Fatalf("records = %q, want %q and the new one", after, before)
		}
		if _, got, err := l.Read(at); err != nil || string(got) != "new" {
			t.Fatalf("Read = %q, %v", got, err)
		}
		l.Close()
	})
}
