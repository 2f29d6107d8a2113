// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/wire"
)

// A key that was replaced, and one that was revoked in the middle of its work, leave
// evidence that holds: whoever verifies the statement finds every batch signed by a key
// that spoke when it came in.
func TestKeysThatEndInABundle(t *testing.T) {
	c, _ := openCentre(t)
	from := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Minute)
	to := from.Add(80 * time.Second)
	at := func(s int) time.Time { return from.Add(time.Duration(s) * time.Second) }
	samples := func(p *player, from, to int) (out []vouch.Sample) {
		for s := from; s < to; s++ {
			o := vouch.Up
			if 50 <= s && s < 70 {
				o = vouch.Down
			}
			out = append(out, p.sample("acme", "rt1", at(s), o))
		}
		return out
	}
	old, next := newRecruit(t, "AMS-1", "AMS"), newRecruit(t, "AMS-1", "AMS")
	old.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	old.store(t, c, "acme", from, at(40), samples(old.player, 0, 40)...)
	next.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1", Rotate: true}))
	next.store(t, c, "acme", at(40), at(90), samples(next.player, 40, 90)...)
	bru := c.agents["BRU-1"]
	bru.store(t, c, "acme", from, at(90), samples(bru, 0, 90)...)

	// The new key is revoked while it sends one batch after the other.
	begun, ended := make(chan struct{}), make(chan int)
	go func() {
		stored := 0
		for s := 90; ; s++ {
			b, err := sealOne(next.player, at(s))
			if err != nil {
				t.Error(err)
				break
			}
			if !next.sent(c, b.Raw) {
				break
			}
			next.advance(b)
			if stored++; stored == 5 {
				close(begun)
			}
		}
		ended <- stored
	}()
	within(t, "batches are stored", begun)
	c.revoke(t, "AMS-1")
	stored := <-ended
	t.Logf("%d batches were stored before the key was revoked", stored)

	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, to)
		return f.Down == 20
	})
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	r := verify(t, c.bundle("acme", from, to, nil), bundle.Options{})
	sound(t, r)
	if r.Verdict != bundle.Consistent || r.Figures == nil || r.Figures.Down != 20 {
		t.Errorf("Verify = %s %+v, want consistent with 20 s down", r.Verdict, r.Figures)
	}
}

func sealOne(p *player, at time.Time) (evidence.Batch, error) {
	var e evidence.Encoder
	lines, err := e.AppendSample(nil, p.sample("acme", "rt1", at, vouch.Up), vouch.Availability)
	if err != nil {
		return evidence.Batch{}, err
	}
	return evidence.SealBatch(p.header("acme", at, at.Add(time.Second)), lines, p.signer)
}

// sent posts a note and reports whether it was stored.
func (p *player) sent(c *centre, note []byte) bool {
	body, err := wire.JoinNotes([][]byte{note})
	if err != nil {
		return false
	}
	resp, err := p.client.Post("https://"+c.at.Agents+wire.PathBatches, wire.TypeNotes, bytes.NewReader(body))
	if err != nil {
		return false // the connection was cut
	}
	defer resp.Body.Close()
	var a wire.BatchesAnswer
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&a) == nil && len(a.Results) == 1 && a.Results[0].Status == wire.StatusStored
}
