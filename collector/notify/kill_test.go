// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// TestChild is no test: it is the notifier that [TestKilled] kills.
func TestChild(t *testing.T) {
	dir := os.Getenv("VOUCH_NOTIFY_CHILD")
	if dir == "" {
		t.Skip("part of TestKilled")
	}
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	check(t, err)
	ch := notify.Channel{Name: "c", Kind: notify.Kind(os.Getenv("VOUCH_NOTIFY_KIND")), URL: os.Getenv("VOUCH_NOTIFY_URL"), Secret: secret, AllowPrivate: true}
	if ch.Kind == notify.Mail {
		ch = mailChannel(t, os.Getenv("VOUCH_NOTIFY_URL"), os.Getenv("VOUCH_NOTIFY_CERT"))
		ch.Name = "c"
	}
	opts := quick()
	opts.Timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- notify.New(s, []notify.Channel{ch}, opts).Run(ctx) }()
	until(t, "nothing is pending", settled(t, s))
	cancel()
	check(t, <-done)
}

// child runs a notifier of its own on the store in dir. kill is kill -9, and waits;
// end waits until it ends by itself, with nothing pending.
func child(t *testing.T, dir string, env ...string) (kill, end func()) {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.Command(self, "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), append(env, "VOUCH_NOTIFY_CHILD="+dir)...)
	cmd.Stderr = os.Stderr
	check(t, cmd.Start())
	var once sync.Once
	kill = func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) }
	end = func() { once.Do(func() { check(t, cmd.Wait()) }) }
	t.Cleanup(kill)
	return kill, end
}

// prepare makes a store with one intent, and returns a way to look at it while no
// child has it open.
func prepare(t *testing.T) (dir string, look func() store.Intent) {
	t.Helper()
	dir = t.TempDir()
	with := func(f func(*sqlite.Store)) {
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
		check(t, err)
		f(s)
		check(t, s.Close())
	}
	opened, _ := outage(time.Now())
	with(func(s *sqlite.Store) { tell(t, s, "c", opened) })
	return dir, func() (i store.Intent) {
		with(func(s *sqlite.Store) {
			i = intent(t, s, opened.ID+"/c")
			soon := i
			soon.NotUntil = time.Time{} // the next child does not wait
			check(t, s.Update(t.Context(), soon))
		})
		return i
	}
}

// kill -9 once the receiver has the message and before its answer: whoever can tell a
// repeat has one effect, in two attempts.
func TestKilledWhileAReceiverHasTheMessage(t *testing.T) {
	for _, kind := range []notify.Kind{notify.Webhook, notify.PagerDuty} {
		t.Run(string(kind), func(t *testing.T) {
			arrived, answer := make(chan string), make(chan bool)
			hold := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				key := r.Header.Get(notify.HeaderIntent)
				var m struct {
					Key    string `json:"dedup_key"`
					Action string `json:"event_action"`
				}
				if kind == notify.PagerDuty && json.Unmarshal(b, &m) == nil {
					key = m.Action + " " + m.Key
				}
				arrived <- key
				<-answer
			}))
			t.Cleanup(hold.Close)
			dir, look := prepare(t)
			env := []string{"VOUCH_NOTIFY_KIND=" + string(kind), "VOUCH_NOTIFY_URL=" + hold.URL}
			var keys []string
			for range 2 {
				kill, _ := child(t, dir, env...)
				keys = append(keys, within(t, arrived))
				kill()
				answer <- true
				if i := look(); !i.Done.IsZero() || i.Failed || i.Unclear != len(keys) {
					t.Fatalf("stored %+v, want an attempt of unknown fate", i)
				}
			}
			_, end := child(t, dir, env...)
			keys = append(keys, within(t, arrived))
			answer <- true
			end()
			if i := look(); i.Done.IsZero() || i.Attempts != 3 {
				t.Errorf("stored %+v, want delivered at the third attempt", i)
			}
			if len(slices.Compact(slices.Clone(keys))) != 1 || keys[0] == "" {
				t.Errorf("keys %q, want one: one effect", keys)
			}
		})
	}
}

func TestKilledWhileAMailServerHasTheMessage(t *testing.T) {
	server := newSMTPD(t)
	dir, look := prepare(t)
	env := []string{"VOUCH_NOTIFY_KIND=mail", "VOUCH_NOTIFY_URL=" + server.addr, "VOUCH_NOTIFY_CERT=" + server.dir}
	var ids []string
	for range 2 {
		kill, _ := child(t, dir, env...)
		m, err := mail.ReadMessage(strings.NewReader(server.take().Content))
		check(t, err)
		ids = append(ids, m.Header.Get("Message-ID"))
		kill()
		server.answer("250 taken, and nobody hears it")
		if i := look(); !i.Done.IsZero() || i.Unclear != len(ids) {
			t.Fatalf("stored %+v, want an attempt of unknown fate", i)
		}
	}
	_, end := child(t, dir, env...)
	end()
	if i := look(); !i.Failed || i.Attempts != 2 || ids[0] != ids[1] {
		t.Errorf("stored %+v, message ids %q: want one repeat, and no third", i, ids)
	}
}

func within(t *testing.T, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(time.Minute):
		t.Fatal("nothing came within a minute")
		return ""
	}
}
