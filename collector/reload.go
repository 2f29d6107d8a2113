// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
)

// reloads reads what is installed again at each signal, until ctx ends.
func (c *Collector) reloads(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.opts.Reloads:
			_, _ = c.reload(ctx) // it says in the log how that ended
		}
	}
}

// reload puts what is installed now in the place of what was: agents hear of it at
// once, and everything that stays goes on undisturbed. With a mistake anywhere, nothing
// changes, and the error says what was refused.
func (c *Collector) reload(ctx context.Context) (admin.Reloaded, error) {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	out, err := c.replace(ctx)
	if err != nil {
		first, more, _ := strings.Cut(err.Error(), "\n")
		c.log.Error("reload: refused, everything stays as it was", "err", first, "more", strings.Count(more, "\n")+min(len(more), 1))
		return out, wrong{http.StatusConflict, "refused, everything stays as it was:\n" + err.Error()}
	}
	c.log.Info("reload: the installed base is in force", "customers", out.Customers, "devices", out.Devices, "agents", out.Agents, "assigned", len(out.Assigned))
	if len(out.Restart) > 0 {
		c.log.Warn("reload: a restart is needed for the rest", "changed", strings.Join(out.Restart, ", "))
	}
	return out, nil
}

func (c *Collector) replace(ctx context.Context) (out admin.Reloaded, err error) {
	if c.opts.Reload == nil {
		return out, errors.New("this collector cannot read its files again; restart it")
	}
	installed, restart, err := c.opts.Reload()
	if err != nil {
		return out, err
	}
	next, err := newBase(installed)
	if err != nil {
		return out, err
	}
	for id := range c.base.Load().customers {
		if _, ok := next.customers[id]; !ok {
			return out, fmt.Errorf("customer %s is gone from the installed base: put it back, or restart the collector without it", id)
		}
	}
	if err := c.load(ctx, next); err != nil {
		return out, err
	}
	// Nobody enrols, and no key is revoked, until the keys that are read now are in force.
	c.enrolling.Lock()
	defer c.enrolling.Unlock()
	keys, err := c.readKeys(ctx, next)
	if err != nil {
		return out, err
	}
	// Recorded before it is in force: nothing is measured that no record tells of.
	if err := c.install(ctx, next, keys); err != nil {
		return out, err
	}
	if err := c.watch.installed(ctx, next); err != nil {
		return out, err
	}
	c.base.Store(next)
	for _, a := range c.keys.become(keys) {
		c.crowd.cut(a)
	}
	c.grew(slices.Collect(maps.Keys(next.customers))...)
	c.figures.reset()   // its accounts are those of other leases and versions
	c.figures.changed() // statements, too, perhaps
	c.watch.changed()
	var before map[vouch.AgentID]issued
	if docs := c.assigned.Load(); docs != nil {
		before = *docs
	}
	_, err = c.assign(ctx)
	poke(c.replanned) // when the calendar changes it next; again, where it failed
	if err != nil {
		out.Pending = err.Error()
	}
	for id, doc := range *c.assigned.Load() {
		if doc.etag != before[id].etag {
			out.Assigned = append(out.Assigned, id)
		}
	}
	slices.Sort(out.Assigned)
	out.Customers, out.Devices, out.Agents, out.Restart = len(next.customers), len(next.devices), len(next.agents), restart
	return out, nil
}

// load reads the ledgers of customers that the book does not know yet.
func (c *Collector) load(ctx context.Context, b *base) error {
	for _, cu := range b.Customers {
		if c.book.knows(cu.ID) {
			continue
		}
		if err := c.book.load(ctx, c.recorder, cu.ID); err != nil {
			return err
		}
	}
	return nil
}

// installed takes in the devices of a base that is about to be in force. What is
// watched already goes on, at another site perhaps; who is out of service says nothing
// about the present any more.
func (w *watch) installed(ctx context.Context, b *base) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.judge
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, p := range b.devices {
		d := j.watched[key]
		if d == nil {
			d = newWatched(p)
			if err := j.restore(ctx, d, contract.Floor(j.now())); err != nil {
				return err
			}
			j.watched[key] = d
		}
		d.place, d.dirty = p, true
	}
	for key, ids := range j.assigned {
		j.assigned[key] = slices.DeleteFunc(ids, func(id vouch.AgentID) bool { _, ok := b.agents[id]; return !ok })
	}
	return nil
}

// poke rings a bell that holds one ring at most.
func poke(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
