// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"log/slog"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
)

// detailEvery bounds how often what a prober says to people about one check is logged.
const detailEvery = time.Hour

// details logs what probers say to people: another unit than recorded, an interface that
// is not there, a table that was left out. None of it is sealed, so this is where a
// technician finds it.
type details struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last map[jobKey]detail
}

type detail struct {
	text   string
	reason vouch.Reason
	at     time.Time
}

// say logs the detail of a result when it is another than the last one: at once when
// the reason changed, else at most once an hour.
func (d *details) say(j job, r vouch.Result) {
	if r.Detail == "" && r.Outcome != vouch.Up {
		return
	}
	k, now := j.key(), d.now()
	d.mu.Lock()
	was, known := d.last[k]
	if r.Detail == "" {
		if known {
			was.text = "" // what comes next is news, the same words too
			d.last[k] = was
		}
		d.mu.Unlock()
		return
	}
	news := r.Detail != was.text && (r.Reason != was.reason || now.Sub(was.at) >= detailEvery)
	if news {
		d.last[k] = detail{r.Detail, r.Reason, now}
	}
	d.mu.Unlock()
	if !news {
		return
	}
	say := d.log.Info
	if r.Reason == vouch.ReasonIdentity {
		say = d.log.Warn
	}
	say("what a check has to say", "customer", j.Customer, "device", j.Device, "check", j.Check.Name, "outcome", r.Outcome, "reason", r.Reason, "detail", r.Detail)
}

// keep forgets what is not assigned any more.
func (d *details) keep(jobs []job) {
	stay := make(map[jobKey]bool, len(jobs))
	for _, j := range jobs {
		stay[j.key()] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for k := range d.last {
		if !stay[k] {
			delete(d.last, k)
		}
	}
}
