// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

const secret = "webhook-secret"

// receiver is a real HTTP server that notes every genuine message. answer decides
// what it says; nil means 204.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string // keys, in order of arrival, repeats included
	answer func(w http.ResponseWriter, r *http.Request, key string, n int)
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, key string, n int)) *receiver {
	t.Helper()
	rec := &receiver{answer: answer}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if err := notify.Verify(secret, r.Header, body, time.Now()); err != nil {
			t.Errorf("Verify() = %v, want a genuine message", err)
		}
		key := r.Header.Get(notify.HeaderIntent)
		rec.mu.Lock()
		rec.got = append(rec.got, key)
		n := 0
		for _, k := range rec.got {
			if k == key {
				n++
			}
		}
		rec.mu.Unlock()
		if rec.answer != nil {
			rec.answer(w, r, key, n)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(rec.CloseClientConnections)
	t.Cleanup(rec.Close)
	return rec
}

func (r *receiver) keys() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) channel(name string) notify.Channel {
	return notify.Channel{Name: name, URL: r.URL + "/hook/path-token", Secret: secret, AllowPrivate: true}
}

func quick() notify.Options {
	return notify.Options{Tick: 5 * time.Millisecond, Timeout: 2 * time.Second, RetryMin: 5 * time.Millisecond, RetryMax: 20 * time.Millisecond}
}

func newStore(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// add stores intents for a channel, in order, "INCIDENT/TRANSITION" each.
func add(t *testing.T, s *sqlite.Store, channel string, names ...string) {
	t.Helper()
	addAt(t, s, time.Now(), channel, names...)
}

func addAt(t *testing.T, s *sqlite.Store, at time.Time, channel string, names ...string) {
	t.Helper()
	var d store.Derivation
	for n, name := range names {
		incident, _, _ := strings.Cut(name, "/")
		d.Intents = append(d.Intents, store.Intent{Key: name + "/" + channel, Customer: "acme", Channel: channel,
			Payload: fmt.Appendf(nil, `{"incident":%q}`, incident), Created: at.Add(time.Duration(n))})
	}
	if err := s.Derive(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// start runs a notifier until stop is called or the test ends.
func start(t *testing.T, q notify.Queue, opts notify.Options, channels ...notify.Channel) (stop func()) {
	t.Helper()
	n := notify.New(q, channels, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// until waits for a condition, for a minute at most.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after a minute still not: %s", what)
		}
	}
}

// intent returns what the store says of one intent.
func intent(t *testing.T, s *sqlite.Store, key string) store.Intent {
	t.Helper()
	all, err := s.History(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Key == key {
			return i
		}
	}
	t.Fatalf("intent %q is not in the store", key)
	return store.Intent{}
}

func settled(t *testing.T, s *sqlite.Store) func() bool {
	return func() bool {
		pending, _, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return pending == 0
	}
}

func TestEveryIntentIsDeliveredOnce(t *testing.T) {
	s, rec := newStore(t), newReceiver(t, nil)
	var names, want []string
	for i := range 300 { // more than wait in memory
		names = append(names, fmt.Sprintf("INC-%d/opened", i))
		want = append(want, names[i]+"/noc")
	}
	add(t, s, "noc", names...)
	start(t, s, quick(), rec.channel("noc"))
	until(t, "everything delivered", settled(t, s))
	got := rec.keys()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d messages came, want %d, each once", len(got), len(want))
	}
	if i := intent(t, s, "INC-7/opened/noc"); i.Done.IsZero() || i.Attempts != 1 || i.LastErr != "" || i.Failed {
		t.Errorf("stored %+v, want done at the first attempt", i)
	}
}

func TestFailuresAreRetried(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	flood := func(w http.ResponseWriter) {
		chunk := bytes.Repeat([]byte("x"), 1<<16)
		for range 1 << 12 { // 256 MB, unless the other side has enough
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name string
		fail func(w http.ResponseWriter, r *http.Request)
		say  string
	}{
		{"500", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "database\x00 is "+secret+"\ndown", http.StatusInternalServerError)
		}, "500 Internal Server Error: database  is [redacted] down"},
		{"400", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, "400"},
		{"429", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600") // bounded by RetryMax
			w.WriteHeader(http.StatusTooManyRequests)
		}, "429"},
		{"hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not answer within"},
		{"reset", func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}, "post to http://127.0.0.1"},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = conn.Write([]byte("SSH-2.0-x\r\n\r\n"))
				_ = conn.Close()
			}
		}, "malformed HTTP"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "redirects are not followed"},
		{"huge body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			flood(w)
		}, "500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			second := make(chan struct{})
			rec := newReceiver(t, func(w http.ResponseWriter, r *http.Request, _ string, n int) {
				if n == 1 {
					tt.fail(w, r)
					return
				}
				<-second
				w.WriteHeader(http.StatusAccepted)
				if tt.name == "huge body" {
					flood(w)
				}
			})
			s := newStore(t)
			add(t, s, "noc", "INC-1/opened")
			opts := quick()
			if tt.name == "hang" {
				opts.Timeout = 100 * time.Millisecond
			}
			q := &recordingQueue{Queue: s}
			start(t, q, opts, rec.channel("noc"))
			until(t, "a second attempt", func() bool { return len(rec.keys()) >= 2 })
			if errs := q.errors(); !strings.Contains(errs, tt.say) || strings.Contains(errs, "path-token") || strings.Contains(errs, secret) {
				t.Errorf("last errors %q, want %q and no secret", errs, tt.say)
			}
			close(second)
			until(t, "delivered", settled(t, s))
			i := intent(t, s, "INC-1/opened/noc")
			if i.Done.IsZero() || i.Attempts < 2 || i.LastErr != "" {
				t.Errorf("stored %+v, want done after two attempts", i)
			}
			if keys := rec.keys(); slices.ContainsFunc(keys, func(k string) bool { return k != i.Key }) {
				t.Errorf("keys %q, want the same at each attempt", keys)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(elsewhere.keys()); n != 0 {
			t.Errorf("%d messages went where a redirect led, want none", n)
		}
	})
}

// recordingQueue notes every error that is stored, and can fail on command.
type recordingQueue struct {
	notify.Queue
	mu   sync.Mutex
	errs []string
	fail func(store.Intent) error // asked before an update
}

func (q *recordingQueue) Update(ctx context.Context, i store.Intent) error {
	q.mu.Lock()
	q.errs = append(q.errs, i.LastErr)
	fail := q.fail
	q.mu.Unlock()
	if fail != nil {
		if err := fail(i); err != nil {
			return err
		}
	}
	return q.Queue.Update(ctx, i)
}

func (q *recordingQueue) errors() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return strings.Join(q.errs, "\n")
}

func TestOrderIsKeptWithinAnIncident(t *testing.T) {
	rec := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, key string, n int) {
		if key == "INC-1/opened/noc" && n <= 5 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s := newStore(t)
	add(t, s, "noc", "INC-1/opened", "INC-1/updated", "INC-1/closed", "INC-2/opened", "INC-2/closed")
	var log bytes.Buffer
	opts := quick()
	opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	stop := start(t, s, opts, rec.channel("noc"))
	until(t, "everything delivered", settled(t, s))
	stop()
	last := map[string]int{} // position of the delivery of each
	for n, k := range rec.keys() {
		last[strings.TrimSuffix(k, "/noc")] = n
	}
	if !(last["INC-1/opened"] < last["INC-1/updated"] && last["INC-1/updated"] < last["INC-1/closed"] && last["INC-2/opened"] < last["INC-2/closed"]) {
		t.Errorf("messages came as %q, want the order kept", rec.keys())
	}
	if last["INC-2/opened"] > last["INC-1/opened"] {
		t.Errorf("messages came as %q, want INC-2 not held up by INC-1", rec.keys())
	}
	if !strings.Contains(log.String(), "does not take notifications") || !strings.Contains(log.String(), "takes notifications again") {
		t.Errorf("log:\n%s\nwant both changes of the channel", &log)
	}
}

func TestOrderIsKeptAfterARestart(t *testing.T) {
	s, rec := newStore(t), newReceiver(t, nil)
	add(t, s, "noc", "INC-1/opened", "INC-1/closed")
	first := intent(t, s, "INC-1/opened/noc")
	first.Attempts, first.NotUntil, first.LastErr = 3, time.Now().Add(300*time.Millisecond), "503"
	if err := s.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	start(t, s, quick(), rec.channel("noc"))
	until(t, "everything delivered", settled(t, s))
	if got, want := rec.keys(), []string{"INC-1/opened/noc", "INC-1/closed/noc"}; !slices.Equal(got, want) {
		t.Errorf("messages came as %q, want %q", got, want)
	}
}

func TestDeadChannelHoldsUpNoOther(t *testing.T) {
	dead := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ string, _ int) { <-r.Context().Done() })
	live, s := newReceiver(t, nil), newStore(t)
	var names []string
	for i := range 300 { // more than the dead channel's memory holds
		names = append(names, fmt.Sprintf("INC-%d/opened", i))
	}
	add(t, s, "dead", names...)
	add(t, s, "live", "INC-1/opened")
	start(t, s, quick(), dead.channel("dead"), live.channel("live"))
	until(t, "the live channel has its message", func() bool { return !intent(t, s, "INC-1/opened/live").Done.IsZero() })
	if i := intent(t, s, "INC-299/opened/dead"); !i.Done.IsZero() || i.Failed {
		t.Errorf("stored %+v, want it still waiting", i)
	}
}

func TestGivesUpInTheEnd(t *testing.T) {
	rec := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, key string, _ int) {
		if strings.HasPrefix(key, "INC-1/opened") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	s := newStore(t)
	addAt(t, s, time.Now().Add(-25*time.Hour), "noc", "INC-1/opened")
	addAt(t, s, time.Now().Add(-25*time.Hour), "gone", "INC-3/opened")
	add(t, s, "noc", "INC-1/closed")
	start(t, s, quick(), rec.channel("noc"))
	until(t, "everything settled", settled(t, s))
	if i := intent(t, s, "INC-1/opened/noc"); !i.Failed || i.Attempts != 1 || !strings.Contains(i.LastErr, "500") {
		t.Errorf("stored %+v, want given up after one more attempt", i)
	}
	if i := intent(t, s, "INC-1/closed/noc"); i.Done.IsZero() {
		t.Errorf("stored %+v, want delivered after the one before was given up", i)
	}
	if i := intent(t, s, "INC-3/opened/gone"); !i.Failed || !strings.Contains(i.LastErr, "not configured") {
		t.Errorf("stored %+v, want given up: the channel is gone", i)
	}
}

// The process dies after the receiver has the message and before that is stored: the
// message comes once more, under the same key, and no third time.
func TestRestartBetweenAttemptAndUpdate(t *testing.T) {
	s, rec := newStore(t), newReceiver(t, nil)
	add(t, s, "noc", "INC-1/opened")
	died := make(chan struct{})
	die := sync.OnceFunc(func() { close(died) })
	q := &recordingQueue{Queue: s, fail: func(i store.Intent) error {
		if !i.Done.IsZero() {
			die()
			return errors.New("killed")
		}
		return nil
	}}
	stop := start(t, q, quick(), rec.channel("noc"))
	<-died
	stop()
	if i := intent(t, s, "INC-1/opened/noc"); !i.Done.IsZero() || i.Attempts != 1 {
		t.Fatalf("stored %+v, want one attempt of unknown fate", i)
	}
	start(t, s, quick(), rec.channel("noc"))
	until(t, "delivered", settled(t, s))
	if got, want := rec.keys(), []string{"INC-1/opened/noc", "INC-1/opened/noc"}; !slices.Equal(got, want) {
		t.Errorf("messages came as %q, want %q", got, want)
	}
}

func TestStoreThatFailsForAWhile(t *testing.T) {
	s, rec := newStore(t), newReceiver(t, nil)
	add(t, s, "noc", "INC-1/opened", "INC-2/opened")
	var mu sync.Mutex
	failures := 10
	q := &recordingQueue{Queue: s, fail: func(store.Intent) error {
		mu.Lock()
		defer mu.Unlock()
		if failures--; failures >= 0 {
			return errors.New("disk full")
		}
		return nil
	}}
	start(t, q, quick(), rec.channel("noc"))
	until(t, "delivered", settled(t, s))
	if n := len(rec.keys()); n != 2 {
		t.Errorf("%d messages came, want each once", n)
	}
}

func TestStopBreaksOffAndRestartRepeats(t *testing.T) {
	arrived := make(chan struct{}, 1)
	rec := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ string, n int) {
		if n == 1 {
			arrived <- struct{}{}
			<-r.Context().Done()
		}
	})
	s := newStore(t)
	add(t, s, "noc", "INC-1/opened")
	stop := start(t, s, quick(), rec.channel("noc"))
	<-arrived
	stop()
	if i := intent(t, s, "INC-1/opened/noc"); !i.Done.IsZero() || !strings.Contains(i.LastErr, "broken off") {
		t.Errorf("stored %+v, want broken off", i)
	}
	start(t, s, quick(), rec.channel("noc"))
	until(t, "delivered", settled(t, s))
}

func TestWakeIsQuickerThanTheTick(t *testing.T) {
	s, rec := newStore(t), newReceiver(t, nil)
	opts := quick()
	opts.Tick = time.Hour
	n := notify.New(s, []notify.Channel{rec.channel("noc")}, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	add(t, s, "noc", "INC-1/opened")
	n.Wake()
	until(t, "delivered", settled(t, s))
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	for range 100 {
		n.Wake() // nobody listens: it must not block
	}
}
