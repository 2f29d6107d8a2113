// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// units notices when another unit than the one on record answers at a device, and when
// the one on record does again. Like the admitter it goes by batches, because a record
// rests on them; what it holds is forgotten with the process.
type units struct {
	book *books

	mu    sync.Mutex                                // guards all below
	words map[deviceKey]map[vouch.AgentID]time.Time // who met another unit, and when last
	due   map[deviceKey]unitWord
}

// unitWord is a change that is to be recorded.
type unitWord struct {
	another bool
	at      time.Time
	agent   vouch.AgentID
}

// unitWordHolds is how long an agent's word that another unit stands there is held
// against what others find. Each of them asks every ten minutes at the latest.
const unitWordHolds = 15 * time.Minute

func newUnits(b *books) *units {
	return &units{book: b, words: map[deviceKey]map[vouch.AgentID]time.Time{}, due: map[deviceKey]unitWord{}}
}

// batch takes in what a stored batch said. What is not newer than the newest record of
// the device is in that record already: the ledger is read again after a rebuild.
func (u *units) batch(k agentKey, samples []vouch.Sample, doubts []bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, s := range samples {
		another := s.Outcome == vouch.Unknown && s.Reason == vouch.ReasonIdentity
		if s.Device == "" || s.Kind != vouch.KindSNMP || doubts[i] || !another && s.Outcome != vouch.Up {
			continue
		}
		d := deviceKey{k.customer, s.Device}
		seen := u.book.unitSeen(d)
		if !s.Start.After(seen.At) {
			continue
		}
		switch words := u.words[d]; {
		case another:
			if words == nil {
				words = map[vouch.AgentID]time.Time{}
				u.words[d] = words
			}
			words[k.agent] = s.Start
			if !seen.Another {
				u.change(d, unitWord{true, s.Start, k.agent})
			}
		default:
			delete(words, k.agent)
			maps.DeleteFunc(words, func(_ vouch.AgentID, at time.Time) bool { return s.Start.Sub(at) > unitWordHolds })
			if len(words) == 0 {
				delete(u.words, d)
			}
			if seen.Another && len(words) == 0 {
				u.change(d, unitWord{false, s.Start, k.agent})
			}
		}
	}
}

// change notes a change that is to be recorded: the first sample shows it. u.mu is held.
func (u *units) change(d deviceKey, w unitWord) {
	if was, ok := u.due[d]; !ok || was.another != w.another || w.at.Before(was.at) {
		u.due[d] = w
	}
}

// take returns the changes that are to be recorded, and forgets them.
func (u *units) take() map[deviceKey]unitWord {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.due) == 0 {
		return nil
	}
	due := u.due
	u.due = map[deviceKey]unitWord{}
	return due
}

// back takes changes in again that could not be recorded, unless there is a newer word.
func (u *units) back(due map[deviceKey]unitWord) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for d, w := range due {
		if _, newer := u.due[d]; !newer {
			u.due[d] = w
		}
	}
}

// noteUnits records that another unit answers at a device, or the one on record again.
// The record is the event: messages follow from it, once.
func (w *watch) noteUnits(ctx context.Context) error {
	due := w.units.take()
	maps.DeleteFunc(due, func(d deviceKey, word unitWord) bool { return w.book.unitSeen(d).Another == word.another })
	if len(due) == 0 {
		return nil
	}
	drafts := make([]draft, 0, len(due))
	for d, word := range due {
		on := vouch.UnitAt(w.judge.base.Load().devices[d].Units, word.at)
		drafts = append(drafts, draft{customer: d.customer, kind: evidence.KindUnitSeen, author: authorCollector,
			body: book.UnitSeenBodyOf(d.device, word.another, word.at, word.agent, on)})
	}
	written, err := w.recorder.write(ctx, drafts...)
	if err != nil {
		w.units.back(due)
		return fmt.Errorf("record the units of %d devices: %w", len(drafts), err)
	}
	for _, rec := range written {
		if err := w.book.take(rec); err != nil {
			return err
		}
	}
	for d, word := range due {
		w.wake(d.customer)
		if word.another {
			w.log.Warn("another unit than recorded answers at a device: record the swap (a line under its units, then `vouch reload`) or put the box back",
				"customer", d.customer, "device", d.device, "agent", word.agent, "at", word.at)
		} else {
			w.log.Info("the unit on record answers at a device again", "customer", d.customer, "device", d.device, "agent", word.agent, "at", word.at)
		}
	}
	return nil
}

// unitSeen returns what was seen last of the unit at a device.
func (b *books) unitSeen(d deviceKey) book.UnitSeen {
	return of(b, d.customer, func(l *book.Book) book.UnitSeen { return l.UnitSeen(d.device) })
}

// unitIntents returns the messages about a unit, one for each channel.
func (r *reader) unitIntents(e store.Entry) ([]store.Intent, error) {
	rec, err := evidence.OpenRecord(e.Note, r.own)
	if err != nil {
		return nil, fmt.Errorf("read record %s of %s: %w", e.RecordID, e.Customer, err)
	}
	var b book.UnitSeenBody
	if err := json.Unmarshal(rec.Body, &b); err != nil {
		return nil, fmt.Errorf("read record %s of %s: %w", e.RecordID, e.Customer, err)
	}
	m := notify.UnitEvent{
		ID: fmt.Sprintf("%s/%s", e.Customer, e.RecordID), Customer: e.Customer, Event: notify.UnitAgain, At: b.At,
		Site: r.judge.base.Load().devices[deviceKey{e.Customer, b.Device}].site, Device: b.Device, Unit: b.OnRecord(), URL: r.devicePage(e.Customer, b.Device),
	}
	if b.Another {
		m.Event = notify.AnotherUnit
	}
	var out []store.Intent
	mutes := of(r.book, e.Customer, (*book.Book).Mutes)
	for _, ch := range r.channels {
		if !ch.WantsUnits(m) {
			continue
		}
		i, err := m.ForChannel(ch.Name, e.Received)
		if err != nil {
			return nil, err
		}
		silence(mutes, &i, notify.Event{Site: m.Site, Devices: []vouch.DeviceID{m.Device}}, e.Received)
		out = append(out, i)
	}
	return out, nil
}

// unitTold is what a device last said that it is.
type unitTold struct {
	text string // "serial FX2" or "engine 8000..."
	at   time.Time
}

// enterUnit takes what a line of telemetry says of the unit that answered out of it: it
// stands in few polls, and the others are compared field by field. t.mu is held.
func (t *telemetry) enterUnit(d deviceKey, line *evidence.Line) {
	if line.Point.Measurement != measurementSystem || len(line.Point.Tags) > 0 {
		return
	}
	line.Point.Fields = slices.DeleteFunc(line.Point.Fields, func(f vouch.Field) bool {
		told := unitTold{at: line.Sample.Start}
		switch {
		case f.Value.Kind() != vouch.ValueString:
			return false
		case f.Name == "serial":
			told.text = "serial " + f.Value.Text()[:min(len(f.Value.Text()), maxText)]
		case f.Name == "engine_id":
			told.text = "engine " + f.Value.Text()[:min(len(f.Value.Text()), maxText)]
		default:
			return false
		}
		if !told.at.Before(t.units[d].at) {
			t.units[d] = told
		}
		return true
	})
}

// toldOf returns what a device last said that it is.
func (t *telemetry) toldOf(d deviceKey) unitTold {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.units[d]
}

// otherUnits lists the devices at which another unit than the one on record answers.
func (c *Collector) otherUnits() []admin.OtherUnit {
	out := []admin.OtherUnit{}
	b := c.base.Load()
	for _, cu := range b.Customers {
		for _, s := range cu.Sites {
			for _, dev := range s.Devices {
				d := deviceKey{cu.ID, dev.ID}
				seen := c.book.unitSeen(d)
				if !seen.Another {
					continue
				}
				x := admin.OtherUnit{Customer: cu.ID, Site: s.ID, Device: dev.ID, Since: seen.At, Says: c.tele.toldOf(d).text}
				if u := vouch.UnitAt(dev.Units, c.now()); u.Known() {
					x.OnRecord = u.String()
				}
				out = append(out, x)
			}
		}
	}
	return slices.Clip(out)
}
