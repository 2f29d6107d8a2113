// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// maxMute is how long messages may be silenced in one go: who still wants it then says so again.
const maxMute = 30 * 24 * time.Hour

// addMute silences messages from now on.
func (c *Collector) addMute(r *http.Request) (any, error) {
	var in admin.NewMute
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	cu, err := c.findScope(in.Customer, in.Site, in.Device)
	if err == nil {
		err = checkReason(in.Reason, "why nobody need be told")
	}
	if err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	now := c.now()
	switch {
	case !in.Until.After(now):
		return nil, badRequest("the mute ends at %s, which is not after now, %s", in.Until.Format(time.RFC3339), now.Format(time.RFC3339))
	case in.Until.Sub(now) > maxMute:
		return nil, badRequest("the mute lasts until %s, allowed are 30 days from now, %s", in.Until.Format(time.RFC3339), now.Add(maxMute).Format(time.RFC3339))
	case in.Channel != "" && !slices.ContainsFunc(c.opts.Channels, func(ch notify.Channel) bool { return ch.Name == in.Channel }):
		return nil, badRequest("there is no channel %q under notify in the collector's file", in.Channel)
	}
	id := fmt.Sprintf("M-%d-%04d", now.UTC().Year(), len(of(c.book, cu, (*book.Book).Mutes))+1)
	return c.mute(r, cu, book.MuteBody{ID: id, Site: in.Site, Device: in.Device, Channel: in.Channel, Reason: in.Reason, Until: in.Until.UTC().Format(time.RFC3339)})
}

// endMute ends a mute before its time.
func (c *Collector) endMute(r *http.Request) (any, error) {
	id, cu, reason := r.FormValue("id"), vouch.CustomerID(r.FormValue("customer")), r.FormValue("reason")
	err := c.knownCustomer(cu)
	if err == nil {
		err = checkReason(reason, "why messages go out again")
	}
	if err != nil {
		return nil, err
	}
	c.desk.Lock()
	defer c.desk.Unlock()
	mutes := of(c.book, cu, (*book.Book).Mutes)
	i := slices.IndexFunc(mutes, func(m book.Mute) bool { return m.ID == id })
	switch {
	case i < 0:
		return nil, wrong{http.StatusNotFound, fmt.Sprintf("customer %s has no mute %s; see `vouch mute list`", cu, id)}
	case !c.now().Before(mutes[i].Over()):
		return nil, badRequest("%s is over since %s", id, mutes[i].Over().Format(time.RFC3339))
	}
	return c.mute(r, cu, book.MuteBody{ID: id, Reason: reason, Ended: true})
}

// mute records what is said of a mute. c.desk is held.
func (c *Collector) mute(r *http.Request, cu vouch.CustomerID, body book.MuteBody) (any, error) {
	if _, err := c.put(r.Context(), draft{customer: cu, kind: evidence.KindMute, author: author(r.Context()), body: body}); err != nil {
		return nil, err
	}
	c.grew(cu)
	list := c.mutesOf(cu)
	return list[slices.IndexFunc(list, func(m admin.Mute) bool { return m.ID == body.ID })], nil
}

func (c *Collector) mutesOf(cu vouch.CustomerID) []admin.Mute {
	var out []admin.Mute
	now := c.now()
	for _, m := range of(c.book, cu, (*book.Book).Mutes) {
		out = append(out, admin.Mute{
			ID: m.ID, Record: m.Record, Customer: cu, Site: m.Site, Device: m.Device, Channel: m.Channel, Reason: m.Reason, From: m.From, Until: m.Until,
			Author: m.Author, EndedAt: m.Ended, EndedBy: m.Ender, EndedFor: m.EndedFor, Stands: now.Before(m.Over()),
		})
	}
	return out
}

// muteList lists the mutes that stand, or with all=true every mute, of one customer or of all.
func (c *Collector) muteList(r *http.Request) (any, error) {
	only := vouch.CustomerID(r.FormValue("customer"))
	if err := c.knownCustomer(only); only != "" && err != nil {
		return nil, err
	}
	return c.mutes(only, r.FormValue("all") == "true"), nil
}

func (c *Collector) mutes(only vouch.CustomerID, all bool) []admin.Mute {
	out := []admin.Mute{}
	for _, cu := range c.base.Load().Customers {
		if only != "" && only != cu.ID {
			continue
		}
		for _, m := range c.mutesOf(cu.ID) {
			if all || m.Stands {
				out = append(out, m)
			}
		}
	}
	return out
}

// silence settles an intent that a mute covers, so that it is listed and not sent. What
// ends an incident goes to whoever was told of its beginning: begun is when its first
// event was recorded.
func silence(mutes []book.Mute, i *store.Intent, e notify.Event, begun time.Time) {
	ending := e.Transition == notify.Closed || e.Transition == notify.Withdrawn
	for _, m := range mutes {
		if m.Covers(i.Created, i.Channel, e.Site, e.Devices) && !(ending && begun.Before(m.From)) {
			i.Done, i.Answer = i.Created, fmt.Sprintf("not sent: %s mutes it until %s", m.ID, m.Over().Format(time.RFC3339))
			return
		}
	}
}
