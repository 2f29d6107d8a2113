// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// Environment of a child: childDir names its data directory, childTask what it does
// there.
const (
	childDir  = "VOUCH_TEST_STORE"
	childTask = "VOUCH_TEST_TASK"
)

const crashWriters = 8

// child is the part of a process that a test starts and may kill.
func child(dir string) int {
	task := appendForever
	switch os.Getenv(childTask) {
	case "full":
		task = fillDisk
	case "pack":
		task = packForever
	case "die":
		task = packAndDie
	case "erase":
		task = eraseAndDie
	}
	if err := task(dir); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// appendForever goes on with every chain where it stands and prints one line, in one
// write, for each entry after Append has returned.
func appendForever(dir string) error {
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	if err != nil {
		return err
	}
	return appendTo(s, make(chan error))
}

// packForever packs what is there, and then what it appends at the same time.
func packForever(dir string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		return err
	}
	if _, err := s.Pack(ctx, time.Now()); err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		for {
			if _, err := s.Pack(ctx, time.Now()); err != nil {
				failed <- err
				return
			}
		}
	}()
	return appendTo(s, failed)
}

func appendTo(s *sqlite.Store, failed chan error) error {
	ctx := context.Background()
	fmt.Println("open")
	for w := range crashWriters {
		l := newLink(vouch.CustomerID(fmt.Sprint("c", w%3)), w)
		heads, err := s.Chains(ctx, l.key.Customer, l.key.Key)
		if err != nil {
			return err
		}
		if len(heads) == 1 {
			l.seq, l.prev = heads[0].Seq, heads[0].Hash
		}
		go func() {
			for n := 1; ; n = n%5 + 1 {
				var entries []store.Entry
				for range n {
					entries = append(entries, l.next(500))
				}
				results, err := s.Append(ctx, entries)
				if err != nil {
					failed <- err
					return
				}
				for i, r := range results {
					if r.Status != store.Stored {
						failed <- fmt.Errorf("number %d of %s has status %d", entries[i].Seq, l.key.Key, r.Status)
						return
					}
					fmt.Printf("ack %s %d %x\n", l.key.Customer, r.Leaf, entries[i].SHA256)
				}
			}
		}()
	}
	return <-failed
}

// TestKill kills a writing process again and again. Whatever it acknowledged must be
// there, and every ledger whole.
func TestKill(t *testing.T) { testKill(t, "append", 1000) }

// TestKillWhilePacking is TestKill while notes are moved into frames. Each must be in
// one place afterwards, and in no two.
func TestKillWhilePacking(t *testing.T) { testKill(t, "pack", 100) }

func testKill(t *testing.T, task string, soak int) {
	rounds := 5
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds = soak
	}
	var dir string
	var acked map[vouch.CustomerID]map[int64]string
	total, frames := 0, 0
	for round := range rounds {
		if round%10 == 0 { // all is read again each round: begin anew before that takes long
			dir, acked = t.TempDir(), make(map[vouch.CustomerID]map[int64]string)
			fill(t, dir, 300)
		}
		for _, a := range killed(t, dir, task) {
			if acked[a.customer] == nil {
				acked[a.customer] = make(map[int64]string)
			}
			acked[a.customer][a.leaf] = a.hash
			total++
		}
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
		if err != nil {
			t.Fatalf("round %d: Open = %v", round, err)
		}
		for customer, leaves := range acked {
			checkAcked(t, s, customer, leaves)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("round %d: Close = %v", round, err)
		}
		frames += checkOnce(t, dir)
	}
	if total == 0 || (frames > 0) != (task == "pack") {
		t.Error("nothing was acknowledged, or packed: the test has shown nothing")
	}
	t.Logf("%d kills, %d acknowledged entries, %d frames found", rounds, total, frames)
}

// ack is one acknowledgement.
type ack struct {
	customer vouch.CustomerID
	leaf     int64
	hash     string
}

// killed runs a child for a while, kills it, and returns what it acknowledged.
func killed(t *testing.T, dir, task string) (acks []ack) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childTask+"="+task)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	kill := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF { // a line without its end was not finished
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var a ack
		switch n, _ := fmt.Sscanf(line, "ack %s %d %s", &a.customer, &a.leaf, &a.hash); {
		case n == 3:
			acks = append(acks, a)
		case line == "open\n":
			kill.Reset(time.Duration(50+rand.IntN(300)) * time.Millisecond)
		default:
			t.Errorf("child says %q", line)
		}
	}
	cmd.Wait() // killed: that it says so is no news
	kill.Stop()
	return acks
}

// checkAcked looks for every acknowledged entry, and holds root and leaves together.
func checkAcked(t *testing.T, s *sqlite.Store, customer vouch.CustomerID, leaves map[int64]string) {
	t.Helper()
	head, err := s.Head(t.Context(), customer)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for from := int64(0); from < head.Size; from += 500 {
		entries, err := s.Entries(t.Context(), customer, from, 500)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if want, ok := leaves[from+int64(i)]; ok {
				found++
				if got := fmt.Sprintf("%x", e.SHA256); got != want {
					t.Errorf("leaf %d of customer %s is %s, acknowledged was %s", from+int64(i), customer, got, want)
				}
			}
		}
	}
	if found != len(leaves) {
		t.Errorf("customer %s: %d of %d acknowledged entries are there", customer, found, len(leaves))
	}
	if damage, err := s.Check(t.Context(), customer); err != nil || len(damage) != 0 {
		t.Errorf("Check(%s) = %q, %v, want nothing", customer, damage, err)
	}
}
