// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

// A decision is anchored and stamped at once, and openssl takes the stamp as it is
// recorded.
func TestStampedAtOnce(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) { o.Authorities = []anchor.Authority{authority(t, "test", tsa)} })
	w.start()
	before := time.Now().Add(-time.Second)
	w.decide("acme", evidence.KindMaintenanceAnnounced)
	a := w.anchored("acme")
	stamps := kept[evidence.TimeStamped](w, evidence.KindTimeStamp)
	if a.Size != 1 || len(stamps) == 0 {
		t.Fatalf("anchored %+v with %d stamps, want 1 leaf and a stamp", a, len(stamps))
	}
	for _, s := range stamps {
		c, err := evidence.OpenCheckpoint([]byte(s.Checkpoint), origin+"/anchors", w.own)
		if err != nil || c.Size != s.Size || strings.Count(s.Checkpoint, "\u2014") != 1 || s.Authority != "test" {
			t.Errorf("stamped checkpoint %+v, %v, by %s, want %d leaves, one signature", c, err, s.Authority, s.Size)
		}
		if err := tsa.Verify(t, []byte(s.Checkpoint), s.Token); err != nil {
			t.Errorf("openssl does not take the stamp: %v", err)
		}
	}
	if p := w.party("test"); p.Last.Before(before) || p.Last.After(time.Now().Add(time.Second)) || p.Error != "" || p.Failures != 0 {
		t.Errorf("party = %+v, want a stamp of now and no failure", p)
	}
	if s := w.anchors.Status(); s.Last.Before(before) || w.logged("level=") != 0 {
		t.Errorf("Status = %+v, want an anchor of now, and nothing logged:\n%s", s, w.logs.String())
	}
	// What need not be known to the second waits for its hour.
	asked := tsa.Asked()
	w.decide("acme", evidence.KindIncidentEvent)
	w.decide("other", evidence.KindContract)
	w.anchored("other")
	for _, b := range kept[evidence.Anchored](w, evidence.KindAnchored) {
		if b.Origin == origin+"/acme" && b.Size != 1 {
			t.Errorf("acme is anchored at %d leaves: an incident event is none of what is anchored at once", b.Size)
		}
	}
	if n := tsa.Asked() - asked; n != 1 {
		t.Errorf("asked for %d stamps, want 1", n)
	}
}

// Every ledger that grew is anchored every so often, and one that did not grow is not.
func TestEvery(t *testing.T) {
	w := newWorld(t, func(o *anchor.Options) { o.Every = 5 * time.Millisecond })
	w.start()
	for _, c := range []vouch.CustomerID{"acme", vouch.Provider, "acme"} {
		w.decide(c, evidence.KindIncidentEvent)
		w.anchored(c)
	}
	w.decide("other", evidence.KindIncidentEvent)
	w.anchored("other") // rounds have gone by for acme
	got := map[string]int{}
	for _, b := range kept[evidence.Anchored](w, evidence.KindAnchored) {
		got[fmt.Sprintf("%s %d", b.Origin, b.Size)]++
	}
	for k, n := range got {
		if n != 1 {
			t.Errorf("%s is anchored %d times, want once", k, n)
		}
	}
	if len(got) != 4 {
		t.Errorf("anchored %v, want acme at 1 and 2, provider and other at 1", got)
	}
}

// An authority that fails is told of once; another one is asked in its place, and the
// first again at the next anchor.
func TestFallback(t *testing.T) {
	first, second := tsatest.Start(t), tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) {
		o.Authorities = []anchor.Authority{authority(t, "first", first), authority(t, "second", second)}
	})
	first.Down(true)
	w.start()
	for range 3 {
		before := w.anchors.Status().Size
		w.decide("acme", evidence.KindContract)
		w.wait("the second stamps", func() bool { s := w.anchors.Status(); return w.party("second").Size >= s.Size && s.Size > before })
	}
	if p := w.party("first"); p.Failures == 0 || !strings.Contains(p.Error, "503 Service Unavailable: closed for today") || p.Since.IsZero() || !p.Last.IsZero() {
		t.Errorf("party = %+v, want failures since now and no stamp", p)
	}
	first.Down(false)
	before := len(kept[evidence.TimeStamped](w, evidence.KindTimeStamp))
	w.decide("acme", evidence.KindContract)
	w.wait("the first stamps again", func() bool { return w.party("first").Error == "" && w.party("first").Size > 0 })
	for i, s := range kept[evidence.TimeStamped](w, evidence.KindTimeStamp) {
		if want := map[bool]string{true: "second", false: "first"}[i < before]; s.Authority != want {
			t.Errorf("stamp %d is by %s, want %s", i, s.Authority, want)
		}
	}
	if a, b := w.logged("does not vouch"), w.logged("vouches for the anchors again"); a != 1 || b != 1 {
		t.Errorf("logged %d failures and %d recoveries, want one of each:\n%s", a, b, w.logs.String())
	}
}

// While no authority answers, ledgers are anchored as ever; the first stamp afterwards
// covers all of it.
func TestDown(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) { o.Authorities = []anchor.Authority{authority(t, "test", tsa)} })
	tsa.Down(true)
	w.start()
	for size := int64(1); size <= 3; size++ {
		w.decide("acme", evidence.KindContract)
		w.wait("it is anchored", func() bool { return w.anchors.Status().Size == size })
	}
	w.wait("it is asked again and again", func() bool { return w.party("test").Failures > 3 })
	if n := len(kept[evidence.TimeStamped](w, evidence.KindTimeStamp)); n != 0 {
		t.Fatalf("%d stamps while the authority is down", n)
	}
	tsa.Down(false)
	w.anchored("acme")
	if s := kept[evidence.TimeStamped](w, evidence.KindTimeStamp); len(s) != 1 || s[0].Size < 3 {
		t.Errorf("%d stamps, want one over the three anchors", len(s))
	}
	if n := w.logged("does not vouch"); n != 1 {
		t.Errorf("the failure is logged %d times, want once", n)
	}
}

// What is no stamp to be trusted is not recorded, whatever it looks like, and the reason
// is told.
func TestAnswersRefused(t *testing.T) {
	tsa, stranger := tsatest.Start(t), tsatest.Start(t)
	old, err := stamp.Request([]byte("something else"), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	replay, err := tsa.Reply(old)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(status int, body []byte) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Location", "http://127.0.0.1:1/")
			rw.WriteHeader(status)
			_, _ = rw.Write(body)
		}
	}
	hang := make(chan struct{})
	tests := []struct {
		name    string
		handler http.HandlerFunc
		says    string
	}{
		{"the stamp of something else", answer(200, replay), "it stamps something else"},
		{"garbage", answer(200, []byte("<html>")), "no TimeStampResp in DER"},
		{"nothing", answer(200, nil), "no TimeStampResp in DER"},
		{"too much", answer(200, make([]byte, 1<<20)), "at most 65536 are allowed"},
		{"a redirect", answer(302, nil), "redirects are not followed"},
		{"an error", answer(500, []byte("line 1\nline \x1b[31m2")), "500 Internal Server Error: line 1 line  [31m2"},
		{"never", func(http.ResponseWriter, *http.Request) { <-hang }, "did not answer within 50ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			w := newWorld(t, func(o *anchor.Options) {
				au := authority(t, "test", tsa)
				au.URL = server.URL
				o.Authorities = []anchor.Authority{au}
				if tt.name == "never" {
					o.Timeout = 50 * time.Millisecond
				}
			})
			w.start()
			w.decide("acme", evidence.KindContract)
			w.wait("it fails", func() bool { return w.party("test").Failures > 1 })
			if p := w.party("test"); !strings.Contains(p.Error, tt.says) || strings.Contains(p.Error, "\n") || strings.Contains(p.Error, "http://") {
				t.Errorf("error %q, want one line with %q and no address", p.Error, tt.says)
			}
			if tt.name == "never" {
				close(hang)
			}
			w.stop()
			if n := len(kept[evidence.TimeStamped](w, evidence.KindTimeStamp)); n != 0 {
				t.Errorf("%d stamps are recorded, want none", n)
			}
		})
	}
	w := newWorld(t, func(o *anchor.Options) {
		au := authority(t, "test", tsa)
		au.URL = stranger.URL
		o.Authorities = []anchor.Authority{au}
	})
	w.start()
	w.decide("acme", evidence.KindContract)
	w.wait("a stranger's stamp is refused", func() bool { return strings.Contains(w.party("test").Error, "no trusted root vouches") })
}

// What a start finds is taken over: nothing is anchored or stamped twice, and what was
// decided just before the end is anchored at once.
func TestRestart(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) { o.Authorities = []anchor.Authority{authority(t, "test", tsa)} })
	w.start()
	w.decide("acme", evidence.KindContract)
	w.decide("other", evidence.KindContract)
	w.anchored("acme")
	w.anchored("other")
	was, asked := w.party("test"), tsa.Asked()
	w.stop()
	head, err := w.store.Head(t.Context(), vouch.Anchors)
	if err != nil {
		t.Fatal(err)
	}

	w.start()
	w.wait("what was said before is known", func() bool { return w.anchors.Status().Size > 0 })
	if p := w.party("test"); p != was {
		t.Errorf("party after a restart = %+v, want %+v", p, was)
	}
	w.stop() // in order: whatever a start does has been done
	if after, err := w.store.Head(t.Context(), vouch.Anchors); err != nil || after != head || tsa.Asked() != asked {
		t.Errorf("anchor ledger after a restart = %+v, %v, asked %d more; want %+v and nothing asked", after, err, tsa.Asked()-asked, head)
	}

	if _, err := w.record(t.Context(), "acme", evidence.KindMaintenanceAnnounced, map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.record(t.Context(), "other", evidence.KindIncidentEvent, map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.anchored("acme")
	if all := kept[evidence.Anchored](w, evidence.KindAnchored); all[len(all)-1].Origin != origin+"/acme" {
		t.Errorf("last anchored %+v, want acme: what other holds waits for its hour", all[len(all)-1])
	}
	w.stop()

	// An authority that is no longer trusted has not stamped anything.
	elsewhere := tsatest.Start(t)
	w.opts.Authorities = []anchor.Authority{authority(t, "test", elsewhere)}
	w.start()
	w.wait("it is stamped anew", func() bool { return w.settled(0) })
	if n := elsewhere.Asked(); n != 1 {
		t.Errorf("asked the new authority %d times, want once", n)
	}
}

// A write that fails, or that is done and reported as failed, is done again: nothing is
// left out, and the ledger of anchors only holds what is true.
func TestWriteFails(t *testing.T) {
	tsa := tsatest.Start(t)
	w := newWorld(t, func(o *anchor.Options) { o.Authorities = []anchor.Authority{authority(t, "test", tsa)} })
	calls := 0
	w.write = func(record func() error) error {
		w.mu.Lock()
		calls++
		n := calls
		w.mu.Unlock()
		switch n % 3 {
		case 1:
			return errDisk
		case 2:
			if err := record(); err != nil {
				return err
			}
			return errDisk
		}
		return record()
	}
	w.start()
	for range 3 {
		w.decide("acme", evidence.KindContract)
		w.anchored("acme")
	}
	if w.logged("the disk is full") == 0 {
		t.Error("the failure is not logged")
	}
	for _, s := range kept[evidence.TimeStamped](w, evidence.KindTimeStamp) {
		if err := tsa.Verify(t, []byte(s.Checkpoint), s.Token); err != nil {
			t.Errorf("openssl does not take the stamp: %v", err)
		}
	}
}

// Without anybody who vouches, ledgers are anchored all the same.
func TestNobody(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.decide("acme", evidence.KindContract)
	w.anchored("acme")
	if s := w.anchors.Status(); len(s.Parties) != 0 || s.Last.IsZero() {
		t.Errorf("Status = %+v, want an anchor and no party", s)
	}
}
