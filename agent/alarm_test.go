// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/wire"
)

// bell receives the messages of an alarm over HTTP.
type bell struct {
	memory *memory
	server *http.Server
	served sync.WaitGroup

	mu       sync.Mutex // guards what follows
	broken   bool
	asked    int
	messages []agent.AlarmMessage
}

func (b *bell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m agent.AlarmMessage
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	switch {
	case b.broken:
		w.WriteHeader(http.StatusInternalServerError)
	case err != nil || m.ID != r.Header.Get("Vouch-Intent"):
		w.WriteHeader(http.StatusBadRequest)
	default:
		b.messages = append(b.messages, m)
	}
}

// rung returns the events so far.
func (b *bell) rung() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, m := range b.messages {
		list = append(list, m.Event)
	}
	return strings.Join(list, " ")
}

func (b *bell) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

func (b *bell) close() {
	b.memory.Close()
	b.server.Close()
	b.served.Wait()
}

// alarmed gives an agent an alarm after 3 minutes, repeated after half an hour.
func alarmed(b *bench) *bell {
	bl := &bell{memory: newMemory()}
	bl.server = &http.Server{Handler: bl}
	bl.served.Go(func() { bl.server.Serve(bl.memory) })
	b.opts.Alarm = &agent.Alarm{After: 3 * time.Minute, Repeat: 30 * time.Minute,
		Webhook: &agent.AlarmWebhook{URL: &url.URL{Scheme: "http", Host: "bell.test", Path: "/canary"}}}
	b.opts.Alarm.DialBy(bl.memory.Dial)
	return bl
}

func (b *bench) wantRung(t *testing.T, bl *bell, when, want string) {
	t.Helper()
	if got := bl.rung(); got != want {
		t.Errorf("%s: messages = %q, want %q", when, got, want)
	}
}

func TestAlarmRingsOnceRepeatsAndClears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		b.start()
		time.Sleep(2 * time.Minute)
		b.down()
		time.Sleep(170 * time.Second)
		b.wantRung(t, bl, "before 3 minutes", "")
		time.Sleep(30 * time.Second)
		b.wantRung(t, bl, "after 3 minutes", "raised")
		time.Sleep(29 * time.Minute)
		b.wantRung(t, bl, "after another 29 minutes", "raised")
		time.Sleep(2 * time.Minute)
		b.wantRung(t, bl, "after another half an hour", "raised repeated")
		b.up()
		time.Sleep(5 * time.Minute)
		b.wantRung(t, bl, "when it is back", "raised repeated cleared")
		time.Sleep(time.Hour)
		b.wantRung(t, bl, "hours later", "raised repeated cleared")
		b.stop()
		b.down()
		bl.close()
		seen := map[string]bool{}
		for _, m := range bl.messages {
			if m.Agent != "a1" || m.Location != "north" || m.Collector != b.opts.CollectorURL || m.Lasted < 3*60 || m.Reason == "" || m.Text == "" || seen[m.ID] {
				t.Errorf("message = %+v, want a1's in north, with a reason and an id of its own", m)
			}
			seen[m.ID] = true
		}
		if _, err := os.Stat(filepath.Join(b.opts.StateDir, "alarm")); !os.IsNotExist(err) {
			t.Errorf("file of an outage that is over: %v, want none", err)
		}
		if b.logs.count("canary") > 0 {
			t.Error("the log shows the path of the webhook")
		}
	})
}

func TestAlarmOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		b.down() // no collector from the very start, and no assignment
		for range 9 {
			b.start()
			time.Sleep(25 * time.Second)
			b.stop()
			time.Sleep(time.Hour) // while it does not run it knows nothing
		}
		b.wantRung(t, bl, "after 225 s in nine pieces", "raised")
		b.start()
		time.Sleep(20 * time.Minute)
		b.stop()
		b.wantRung(t, bl, "after more restarts", "raised")
		check(t, os.WriteFile(filepath.Join(b.opts.StateDir, "alarm"), []byte(`{"id":"x","lasted":-5}`), 0o600))
		b.start()
		time.Sleep(5 * time.Minute)
		b.wantRung(t, bl, "with a file that makes no sense", "raised raised")
		b.up()
		time.Sleep(10 * time.Minute)
		b.wantRung(t, bl, "when the collector is there", "raised raised cleared")
		b.stop()
		b.down()
		bl.close()
		if n := b.logs.count("the alarm's file cannot be used"); n != 1 {
			t.Errorf("lines about the file = %d, want 1", n)
		}
	})
}

// An alarm that nobody took is tried again and again, though not often, and forgotten
// when there is nothing to tell any more.
func TestAlarmThatNobodyTakesIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		bl.set(true)
		b.start()
		time.Sleep(time.Minute)
		b.down()
		time.Sleep(3*time.Minute + time.Hour)
		if bl.asked < 14 || bl.asked > 34 {
			t.Errorf("attempts in an hour = %d, want about one in 4 minutes", bl.asked)
		}
		if n := b.logs.count("alarm cannot be delivered"); n != 1 {
			t.Errorf("lines = %d, want 1", n)
		}
		bl.set(false)
		time.Sleep(6 * time.Minute)
		b.wantRung(t, bl, "once the webhook answers", "raised")
		bl.set(true)
		b.up()
		time.Sleep(20 * time.Minute)
		bl.set(false)
		time.Sleep(6 * time.Minute)
		b.wantRung(t, bl, "the end, delivered late", "raised cleared")
		bl.set(true)
		b.down()
		time.Sleep(20 * time.Minute)
		b.up()
		time.Sleep(5 * time.Minute)
		bl.set(false)
		time.Sleep(20 * time.Minute)
		b.wantRung(t, bl, "an outage that nobody was told of", "raised cleared")
		b.stop()
		b.down()
		bl.close()
	})
}

// A collector that answers, but not as it should, is not reached, and the message says
// how it answers.
func TestAlarmTellsHowTheCollectorAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		before       func(http.ResponseWriter, *http.Request) bool
	}{
		{"refused", "403 Forbidden: this agent's key", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":"this agent's key\u001b[2J\nis not in the installed base"}`)
			return true
		}},
		{"a web page", "500 Internal Server Error", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "<html>"+strings.Repeat("x", 1<<20))
			return true
		}},
		{"garbage", "read JSON", func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, "\x00\xff{{{")
			return true
		}},
		{"another JSON", "answered 0 results for 1 notes", func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == wire.PathAssignment {
				return false
			}
			fmt.Fprint(w, `{"hello":"world"}`)
			return true
		}},
		{"batches alone", "503 Service Unavailable", refuse(wire.PathBatches, http.StatusServiceUnavailable, "5")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				bl := alarmed(b)
				b.start()
				time.Sleep(2 * time.Minute)
				b.collector.set(func(c *collector) { c.before = tt.before })
				time.Sleep(8 * time.Minute)
				b.wantRung(t, bl, "after eight minutes", "raised")
				b.collector.set(func(c *collector) { c.before = nil })
				time.Sleep(5 * time.Minute)
				b.wantRung(t, bl, "when it answers as it should", "raised cleared")
				b.stop()
				b.down()
				bl.close()
				for _, m := range bl.messages {
					if !strings.Contains(m.Reason, tt.reason) || len(m.Reason) > 300 || strings.ContainsFunc(m.Reason, unicode.IsControl) {
						t.Errorf("reason = %q, want %q", m.Reason, tt.reason)
					}
				}
				for _, line := range []string{"heartbeat fails", "upload fails", "assignment cannot"} {
					if n := b.logs.count(line); n > 2 { // one for each kind of failure
						t.Errorf("lines of %q = %d, want at most 2", line, n)
					}
				}
			})
		})
	}
}

// That nothing is assigned is an answer, and who hears heartbeats is reached.
func TestAlarmIsSilentWhileTheCollectorAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		b.collector.set(func(c *collector) { c.before = refuse(wire.PathAssignment, http.StatusNotFound, "") })
		b.start()
		time.Sleep(15 * time.Minute)
		b.wantRung(t, bl, "after a while without an assignment", "")
		b.collector.set(func(c *collector) { c.before = nil })
		time.Sleep(5 * time.Minute)
		b.collector.set(func(c *collector) { c.before = refuse(wire.PathAssignment, http.StatusInternalServerError, "") })
		time.Sleep(15 * time.Minute)
		b.wantRung(t, bl, "after a while in which no new one could be had", "")
		b.stop()
		b.down()
		bl.close()
	})
}

// An uplink that comes and goes for moments makes no message each time.
func TestAlarmOfAFlappingUplink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		b.start()
		time.Sleep(time.Minute)
		b.down()
		time.Sleep(5 * time.Minute)
		for range 10 {
			b.up()
			time.Sleep(30 * time.Second)
			b.down()
			time.Sleep(time.Minute)
		}
		b.wantRung(t, bl, "while it comes and goes", "raised")
		b.up()
		time.Sleep(5 * time.Minute)
		b.wantRung(t, bl, "when it stays", "raised cleared")
		b.stop()
		b.down()
		bl.close()
	})
}

// Somebody else in the collector's place is told once, however many duties fail.
func TestStrangerIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		bl := alarmed(b)
		b.start()
		time.Sleep(5 * time.Minute)
		pinned := b.collector.config
		b.down()
		time.Sleep(time.Minute)
		vkey, err := agent.VerifierKey(b.opts.StateDir, "a1")
		check(t, err)
		b.collector.config = newCollector(t, vkey).config
		b.up()
		time.Sleep(30 * time.Minute)
		if n := b.logs.count("is not the pinned one"); n != 1 {
			t.Errorf("lines about the key = %d, want 1", n)
		}
		b.wantRung(t, bl, "after half an hour", "raised")
		if len(bl.messages) > 0 && !strings.Contains(bl.messages[0].Reason, "is not the pinned one") {
			t.Errorf("reason = %q, want that the key is another", bl.messages[0].Reason)
		}
		b.down()
		b.collector.config = pinned
		b.up()
		time.Sleep(5 * time.Minute)
		b.wantRung(t, bl, "when the collector is back", "raised cleared")
		b.stop()
		b.down()
		bl.close()
		if got := b.outcomes("d1")["up"]; got < 246 || got > 248 {
			t.Errorf("samples = %d, want 247: none is lost meanwhile", got)
		}
	})
}

// A log of a link that comes and goes all day stays readable.
func TestFlappingFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.start()
		time.Sleep(time.Minute)
		for range 20 * 60 / 13 {
			b.down()
			time.Sleep(7 * time.Second)
			b.up()
			time.Sleep(6 * time.Second)
		}
		b.stop()
		b.down()
		fails, works := b.logs.count("heartbeat fails"), b.logs.count("heartbeat works again")
		if fails < 10 || fails > 20 || works > fails {
			t.Errorf("lines in 20 minutes = %d of heartbeats that fail, %d of ones that work again; want at most one a minute of each", fails, works)
		}
	})
}
