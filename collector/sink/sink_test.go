// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/sink"
	"github.com/vouch-sla/vouch/collector/store"
)

// bucket is a time-series store in memory. answer decides about each request; lines
// of a request that it lets pass are kept.
type bucket struct {
	mu       sync.Mutex
	answer   func(lines []string) error
	requests [][]string
	times    []time.Time
	got      []string // lines in order of arrival, repeats included
}

func (b *bucket) Write(_ context.Context, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.SplitAfter(string(data), "\n")
	lines = lines[:len(lines)-1] // what follows the last newline
	b.requests, b.times = append(b.requests, lines), append(b.times, time.Now())
	if b.answer != nil {
		if err := b.answer(lines); err != nil {
			return err
		}
	}
	b.got = append(b.got, lines...)
	return nil
}

func (b *bucket) setAnswer(f func([]string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

func refuse(c sink.Class, sentence string) func([]string) error {
	return func([]string) error { return &sink.Error{Class: c, Sentence: sentence} }
}

// start runs a sink until the test ends.
func start(t *testing.T, m *memory, b *bucket, opts sink.Options) *sink.Sink {
	t.Helper()
	s := sink.New(m, m, b, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	synctest.Wait()
	return s
}

func wantLines(t *testing.T, b *bucket, want ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range want {
		want[i] += "\n"
	}
	if !slices.Equal(b.got, want) {
		t.Errorf("store holds %q, want %q", b.got, want)
	}
}

func TestOnlyBatchesAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		m.add("c", store.KindRecord, "record v=1i 1\n")
		m.add("c", store.KindBatch, "m v=1i 1\nm v=2i 2\n")
		m.add("c", store.KindGap, "gap v=1i 1\n")
		m.add("c", store.KindRejected, "rejected v=1i 1\n")
		m.add("c", store.KindBatch, "") // a batch without lines
		m.add("c", store.KindBatch, "m v=3i 3\n")
		s := start(t, m, b, sink.Options{})
		wantLines(t, b, "m v=1i 1", "m v=2i 2", "m v=3i 3")
		if got := m.cursor("c"); got != 6 {
			t.Errorf("cursor = %d, want 6", got)
		}
		if st := s.Status(); st.LagLeaves != 0 || st.LagSeconds != 0 || st.State != sink.StateWriting || st.LastError != "" {
			t.Errorf("Status() = %+v, want no lag and no error", st)
		}
	})
}

func TestRequestsAreBoundedAndCustomersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		m.batches("large", 100)
		m.batches("small", 3)
		start(t, m, b, sink.Options{Batches: 20})
		if n := len(b.requests[0]); n != 20 {
			t.Errorf("the first request has %d batches, want 20", n)
		}
		if !strings.Contains(strings.Join(b.requests[0], ""), "customer=small v=2i") {
			t.Errorf("the first request is %q, want the small customer's batches in it", b.requests[0])
		}
		next := map[string]int{}
		for _, line := range b.got {
			customer, value, _ := strings.Cut(line, " ")
			if want := fmt.Sprintf("v=%di %d\n", next[customer], next[customer]); value != want {
				t.Fatalf("%s: line %q, want %q: out of order", customer, value, want)
			}
			next[customer]++
		}
		if len(b.got) != 103 {
			t.Errorf("store got %d lines, want 103", len(b.got))
		}
	})
}

func TestRequestsAreBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		huge := strings.Repeat("m v=1i 1\n", 30)
		for range 4 {
			m.add("c", store.KindBatch, huge)
		}
		start(t, m, b, sink.Options{Bytes: len(huge)*2 + 1})
		if len(b.requests) != 2 || len(b.requests[0]) != 60 {
			t.Errorf("%d requests, want 2 of 2 batches each", len(b.requests))
		}
	})
}

func TestNewEntriesAreSentSoonAndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		s := start(t, m, b, sink.Options{})
		for range 3 {
			m.batches("c", 1)
			s.Notify("c")
		}
		time.Sleep(600 * time.Millisecond)
		synctest.Wait()
		if len(b.requests) != 1 || len(b.got) != 3 {
			t.Errorf("%d requests with %d lines, want 1 with 3", len(b.requests), len(b.got))
		}
		m.batches("forgotten", 1) // nobody notifies
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if len(b.got) != 4 {
			t.Errorf("%d lines after a tick, want 4", len(b.got))
		}
	})
}

func TestOutageLosesNothingAndShowsAsLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		b.answer = refuse(sink.Temporary, "connection refused")
		var log bytes.Buffer
		m.batches("c", 50)
		s := start(t, m, b, sink.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		time.Sleep(time.Hour)
		m.batches("c", 1)
		time.Sleep(2 * time.Minute)
		st := s.Status()
		if st.State != sink.StateUnreachable || st.LastError != "connection refused" || st.LagLeaves != 51 || st.LagSeconds < 3600 {
			t.Errorf("Status() = %+v, want unreachable, 51 leaves and over an hour", st)
		}
		if n := len(b.requests); n < 60 || n > 150 {
			t.Errorf("%d requests in an hour, want about one a minute", n)
		}
		if m.cursor("c") != 0 {
			t.Errorf("cursor = %d during the outage, want 0", m.cursor("c"))
		}
		b.setAnswer(nil)
		time.Sleep(2 * time.Minute)
		if st := s.Status(); len(b.got) != 51 || st.State != sink.StateWriting || st.LastError != "" || st.LagLeaves != 0 || st.Written != 51 {
			t.Errorf("after the outage %d lines and %+v, want 51 and no lag", len(b.got), st)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("log has %d lines, want one for each change:\n%s", n, log.String())
		}
	})
}

func TestWaitsAsLongAsTheStoreAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		for _, after := range []time.Duration{10 * time.Minute, 10000 * time.Hour} {
			b.requests, b.times = nil, nil
			b.answer = func([]string) error { return &sink.Error{Class: sink.Temporary, After: after} }
			m.batches("c", 1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			if err := sink.New(m, m, b, sink.Options{}).Run(ctx); err != nil {
				t.Fatal(err)
			}
			cancel()
			if got, want := b.times[1].Sub(b.times[0]), min(after, 15*time.Minute); got != want {
				t.Errorf("Retry-After %v: tried again after %v, want %v", after, got, want)
			}
		}
	})
}

func TestConfigurationErrorsAreRetriedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		b.answer = refuse(sink.Configuration, "401: check the token")
		m.batches("c", 1)
		s := start(t, m, b, sink.Options{})
		time.Sleep(time.Hour)
		if st := s.Status(); st.State != sink.StateConfiguration || !strings.Contains(st.LastError, "token") {
			t.Errorf("Status() = %+v, want configuration", st)
		}
		if n := len(b.requests); n < 60 || n > 121 {
			t.Errorf("%d requests in an hour, want one every 30 to 60 s", n)
		}
		b.setAnswer(nil)
		time.Sleep(time.Minute)
		wantLines(t, b, "m,customer=c v=0i 0")
	})
}

func TestRefusedLinesAreSkippedAndListed(t *testing.T) {
	for _, class := range []sink.Class{sink.Refused, sink.Partial, sink.TooLarge} {
		synctest.Test(t, func(t *testing.T) {
			m, b := newMemory(), &bucket{}
			b.answer = func(lines []string) error {
				bad := func(l string) bool { return strings.HasPrefix(l, "bad") }
				if !slices.ContainsFunc(lines, bad) {
					return nil
				}
				if class == sink.Partial { // the good ones are stored
					b.got = append(b.got, slices.DeleteFunc(slices.Clone(lines), bad)...)
				}
				return &sink.Error{Class: class, Sentence: "field type conflict"}
			}
			for i := range 20 {
				lines := fmt.Sprintf("m v=1i %d\nm v=2i %d\nm v=3i %d\n", i, i, i)
				if i == 7 {
					lines = "m v=1i 7\nbad v=1i 7\nm v=2i 7\nm v=3i 7\n"
				}
				m.add("c", store.KindBatch, lines)
			}
			var log bytes.Buffer
			s := start(t, m, b, sink.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			stored := map[string]bool{}
			for _, l := range b.got {
				stored[l] = true
			}
			if len(stored) != 60 {
				t.Errorf("class %d: store holds %d different lines, want 60", class, len(stored))
			}
			st := s.Status()
			if st.Skipped != 1 || len(st.Skips) != 1 || st.Skips[0].Leaf != 7 || st.Skips[0].Customer != "c" || !strings.Contains(st.Skips[0].Sentence, "field type conflict") {
				t.Errorf("class %d: Status() = %+v, want leaf 7 skipped", class, st)
			}
			if st.LagLeaves != 0 || m.cursor("c") != 20 {
				t.Errorf("class %d: lag %d, cursor %d, want 0 and 20", class, st.LagLeaves, m.cursor("c"))
			}
			if n := strings.Count(log.String(), "refuses lines"); n != 1 {
				t.Errorf("class %d: %d log lines, want 1:\n%s", class, n, &log)
			}
			// What was skipped is still known after a restart.
			if again := start(t, m, &bucket{}, sink.Options{}).Status(); again.Skipped != 1 || len(again.Skips) != 1 {
				t.Errorf("class %d: after a restart Status() = %+v, want the skip", class, again)
			}
		})
	}
}

func TestListOfSkipsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{answer: refuse(sink.Partial, "conflict")}
		m.batches("c", 300)
		var log bytes.Buffer
		s := start(t, m, b, sink.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if st := s.Status(); st.Skipped != 300 || len(st.Skips) != 100 || st.Skips[99].Leaf != 299 {
			t.Errorf("Status() lists %d of %d skips, want the newest 100 of 300", len(st.Skips), st.Skipped)
		}
		if n := strings.Count(log.String(), "refuses lines"); n != 1 {
			t.Errorf("%d log lines, want 1", n)
		}
	})
}

func TestOwnStoreFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := newMemory(), &bucket{}
		m.batches("c", 2)
		m.set(errors.New("disk full"))
		s := start(t, m, b, sink.Options{})
		if st := s.Status(); st.State != sink.StateStore || !strings.Contains(st.LastError, "disk full") {
			t.Errorf("Status() = %+v, want own store", st)
		}
		m.set(nil)
		time.Sleep(2 * time.Minute)
		if st := s.Status(); st.State != sink.StateWriting || st.LastError != "" {
			t.Errorf("Status() = %+v, want writing", st)
		}
		wantLines(t, b, "m,customer=c v=0i 0", "m,customer=c v=1i 1")
	})
}

// A crash between the write and the cursor, or a commit whose answer is lost, may
// repeat lines; it must never drop or reorder them.
func TestRestartRepeatsButNeverDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.batches("c", 10)
		m.lose = true
		b := &bucket{}
		ctx, cancel := context.WithCancel(t.Context())
		first := true
		b.answer = func(lines []string) error {
			if first {
				first = false
				b.got = append(b.got, lines...) // stored, and then the process dies
				cancel()
				return context.Canceled
			}
			return nil
		}
		if err := sink.New(m, m, b, sink.Options{Batches: 4}).Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := m.cursor("c"); got != 0 {
			t.Fatalf("cursor = %d after a write without an answer, want 0", got)
		}
		start(t, m, b, sink.Options{Batches: 4})
		time.Sleep(time.Minute)
		want := []string{}
		for _, i := range []int{0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9} {
			want = append(want, fmt.Sprintf("m,customer=c v=%di %d", i, i))
		}
		wantLines(t, b, want...)
	})
}

func TestNotifyNeverBlocks(t *testing.T) {
	s := sink.New(newMemory(), newMemory(), &bucket{}, sink.Options{}) // nobody runs it
	for i := range 1000 {
		s.Notify(vouch.CustomerID(fmt.Sprint("c", i%10)))
	}
}
