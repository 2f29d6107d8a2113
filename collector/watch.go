// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// watch looks at every device once a second, and at once when something came in, but
// at most four times a second. It opens and closes incidents by writing their events
// into the ledger; that is all it decides.
type watch struct {
	judge    *judge
	book     *books
	recorder *recorder
	store    store.Store
	wake     func(...vouch.CustomerID) // tells the readers of these ledgers
	came     chan struct{}
	figures  *figures
	admitter *admitter
	units    *units
	count    *counters
	now      func() time.Time
	log      *slog.Logger
	ready    <-chan struct{} // closed when what the ledger holds has been derived once

	due map[incidentKey]dueAt // when the clocks of an incident are looked at again; under mu

	mu sync.Mutex // held while looking, and while a person says something of an incident
}

const (
	lookEvery   = time.Second
	lookAtMost  = 250 * time.Millisecond
	rewindOver  = 100 * secondsADay // of all devices together, that one look goes back over: their samples are all in memory then
	rewindEvery = 10 * time.Second  // between two returns to the past of one device, so that a long backlog is not judged batch by batch
)

// changed tells the loop that something came in. It never waits.
func (w *watch) changed() {
	select {
	case w.came <- struct{}{}:
	default:
	}
}

func (w *watch) run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-w.ready:
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last time.Time
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("could not look at the verdicts; trying again", "err", err)
		}
		last = w.now()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-w.came:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(lookAtMost - min(max(w.now().Sub(last), 0), lookAtMost)): // a clock may have been set back
			}
		}
	}
}

// start puts every device where it was settled before the collector stopped.
func (w *watch) start(ctx context.Context) error {
	j := w.judge
	heads, err := w.store.Chains(ctx, "", "")
	if err != nil {
		return fmt.Errorf("read where the chains stand: %w", err)
	}
	j.reached(heads)
	j.mu.Lock()
	defer j.mu.Unlock()
	now := contract.Floor(w.now())
	for _, d := range j.watched {
		came := d.rewind // samples that came before there was a settled instant to hold them against
		if err := j.restore(ctx, d, now); err != nil {
			return err
		}
		if came > 0 && came < d.settled {
			d.rewind = came
		}
	}
	return nil
}

// again lets everything below the ledger be derived anew and begins from it. Nobody looks
// meanwhile: half of the measurements would disprove what the other half shows.
func (w *watch) again(ctx context.Context, derive func(context.Context) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := derive(ctx); err != nil {
		return err
	}
	w.figures.reset()
	w.judge.mu.Lock()
	clear(w.judge.selves)
	clear(w.judge.selvesFrom)
	w.judge.mu.Unlock()
	if err := w.start(ctx); err != nil {
		return err
	}
	w.changed()
	return nil
}

// look computes all verdicts up to now and brings the incidents up to date.
func (w *watch) look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.admit(ctx); err != nil {
		return err
	}
	if err := w.noteUnits(ctx); err != nil {
		return err
	}
	j := w.judge
	j.mu.Lock()
	now := contract.Floor(w.now())
	var late []store.Item
	room := rewindOver
	for _, d := range j.watched {
		if d.rewind > 0 && room > 0 && w.now().Sub(d.rewound).Abs() >= rewindEvery {
			d.rewound, room = w.now(), room-(now-d.rewind)
			stale, err := w.rewind(ctx, d)
			if err != nil {
				j.mu.Unlock()
				return err
			}
			late = append(late, stale...)
		}
		if !d.quiet(now) {
			j.look(d, max(now, d.settled))
		}
		j.present(d, w.now())
	}
	looks := w.looks()
	j.mu.Unlock()

	if len(late) > 0 {
		if err := w.store.Derive(ctx, store.Derivation{Items: late}); err != nil {
			return fmt.Errorf("drop stale folds: %w", err)
		}
	}
	for _, l := range looks {
		if err := w.reconcile(ctx, l); err != nil {
			return err
		}
	}
	if err := w.deadlines(ctx); err != nil {
		return err
	}
	return w.settle(ctx, now)
}

// rewind goes back to before late data. What was stored of the time since is dropped.
func (w *watch) rewind(ctx context.Context, d *watched) ([]store.Item, error) {
	was := d.settled
	if err := w.judge.restore(ctx, d, d.rewind); err != nil {
		return nil, err
	}
	var stale []store.Item
	for day := d.settled.Time().AddDate(0, 0, 1); !day.After(was.Time().AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		stale = append(stale, store.Item{Customer: d.customer, Kind: itemFold, ID: foldOf(d, day)})
	}
	w.log.Info("looking at the past again", "customer", d.customer, "device", d.ID, "from", d.settled.Time())
	return append(stale, store.Item{Customer: d.customer, Kind: itemFold, ID: foldNow(d)}), nil
}

// siteLook is one site with its breaches.
type siteLook struct {
	incident.Look
	breaches []incident.Breach
}

// looks gathers the breaches of every site. w.judge.mu is held.
func (w *watch) looks() []*siteLook {
	j := w.judge
	sites := map[siteKey]*siteLook{}
	settled, reach := map[deviceKey]contract.Second{}, map[deviceKey]contract.Second{}
	now := w.now().UTC().Truncate(time.Second)
	for key, d := range j.watched {
		k := siteKey{d.customer, d.site}
		l := sites[k]
		if l == nil {
			l = &siteLook{Look: incident.Look{Customer: k.customer, Site: k.site, Now: now}}
			l.Since = func(id vouch.DeviceID) contract.Second { return settled[deviceKey{k.customer, id}] }
			l.Reach = func(id vouch.DeviceID) contract.Second { return reach[deviceKey{k.customer, id}] }
			sites[k] = l
		}
		settled[key], reach[key] = d.settled, j.reach(d, contract.Floor(now))
		for _, b := range d.breaches {
			l.breaches = append(l.breaches, w.breach(d, b))
		}
	}
	return slices.SortedFunc(maps.Values(sites), func(a, b *siteLook) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Site, b.Site))
	})
}

// breach says of a confirmed breach what an incident needs to know.
func (w *watch) breach(d *watched, b contract.Incident) incident.Breach {
	return incident.Breach{
		Device: d.ID, From: b.From, To: b.To, Open: b.Open, Counted: b.CountedDown, Confirmed: b.Confirmed,
		Witnesses: b.Witnesses, Single: b.Single(), Pending: w.pending(d, b),
	}
}

// pending reports whether a breach rests on heartbeats: no agent of one of its
// witnesses has delivered the batches that reach its confirmation.
func (w *watch) pending(d *watched, b contract.Incident) bool {
	for _, l := range b.Witnesses {
		reached := false
		for _, id := range w.judge.assigned[deviceKey{d.customer, d.ID}] {
			word := w.judge.words[agentKey{d.customer, id}]
			if w.judge.base.Load().agents[id].Location == l && word != nil && word.through.Floor() >= b.Confirmed {
				reached = true
			}
		}
		if !reached {
			return true
		}
	}
	return false
}

// reconcile compares the breaches of a site with its incidents and records what
// happened.
func (w *watch) reconcile(ctx context.Context, l *siteLook) error {
	known := w.book.known(l.Customer)
	if len(l.breaches) == 0 && !slices.ContainsFunc(known, func(i incident.Incident) bool { return i.Site == l.Site }) {
		return nil
	}
	at := contract.Floor(l.Now)
	v, _ := contract.VersionAt(w.book.contracts(l.Customer), at)
	l.Contract, l.Confirm, l.Next = v.Number, seconds(v.Terms.Confirm), incident.Next(known, l.Now.Year())
	w.agreed(&l.Look, v.Terms)
	_, events := incident.Reconcile(l.Look, known, l.breaches)
	if len(events) == 0 {
		return nil
	}
	return w.record(ctx, l.Customer, events)
}

// record writes what the collector itself finds of incidents.
func (w *watch) record(ctx context.Context, cu vouch.CustomerID, events []incident.Event) error {
	drafts := make([]draft, len(events))
	for i, e := range events {
		drafts[i] = draft{customer: cu, kind: evidence.KindIncidentEvent, author: authorCollector, body: e}
	}
	records, err := w.recorder.write(ctx, drafts...)
	if err != nil {
		return fmt.Errorf("record incident events of %s: %w", cu, err)
	}
	for i, r := range records {
		if err := w.book.take(r); err != nil {
			return err
		}
		w.say(events[i])
	}
	w.wake(cu)
	return nil
}

func (w *watch) say(e incident.Event) {
	w.count.events.WithLabelValues(string(e.Kind)).Inc()
	w.log.Info("incident "+string(e.Kind), "incident", e.Incident.ID, "customer", e.Incident.Customer,
		"site", e.Incident.Site, "devices", e.Incident.Devices(), "from", e.Incident.From().Time())
}

// settle lets go of the time about which there is no doubt any more.
func (w *watch) settle(ctx context.Context, now contract.Second) error {
	j := w.judge
	j.mu.Lock()
	var items []store.Item
	for _, d := range j.watched {
		if j.settle(d, now) {
			items = append(items, foldItems(d)...)
		}
	}
	if len(items) > 0 {
		j.tidy()
	}
	j.mu.Unlock()
	if len(items) == 0 {
		return nil
	}
	if err := w.store.Derive(ctx, store.Derivation{Items: items}); err != nil {
		return fmt.Errorf("store folds: %w", err)
	}
	return nil
}
