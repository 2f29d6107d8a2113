// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Mute is a stretch of time in which messages about a customer, a site or a device are
// not sent. It silences messages alone: no figure, no verdict and no incident rests on it.
type Mute struct {
	ID       string
	Site     vouch.SiteID   // empty: every site
	Device   vouch.DeviceID // empty: every device
	Channel  string         // empty: every channel
	Reason   string
	Record   string // id of the record that began it
	From     time.Time
	Until    time.Time // as it was set
	Author   string
	Ended    time.Time // before Until, by a person; zero otherwise
	Ender    string
	EndedFor string // why
}

// Over returns when it ends.
func (m Mute) Over() time.Time {
	if !m.Ended.IsZero() && m.Ended.Before(m.Until) {
		return m.Ended
	}
	return m.Until
}

// Covers reports whether it stood at an instant for a channel, a site and all of some
// devices of it.
func (m Mute) Covers(at time.Time, channel string, site vouch.SiteID, devices []vouch.DeviceID) bool {
	switch {
	case at.Before(m.From) || !at.Before(m.Over()):
		return false
	case m.Channel != "" && m.Channel != channel, m.Site != "" && m.Site != site:
		return false
	}
	return m.Device == "" || len(devices) > 0 && !slices.ContainsFunc(devices, func(d vouch.DeviceID) bool { return d != m.Device })
}

// MuteBody is the body of a mute record.
type MuteBody struct {
	ID      string         `json:"id"`
	Site    vouch.SiteID   `json:"site,omitempty"`
	Device  vouch.DeviceID `json:"device,omitempty"`
	Channel string         `json:"channel,omitempty"`
	Until   string         `json:"until,omitempty"` // RFC 3339 in UTC; absent where it is ended
	Reason  string         `json:"reason"`
	Ended   bool           `json:"ended,omitempty"` // the mute of that ID ends here
}

func (b *Book) takeMute(rec evidence.Record) error {
	m, err := body[MuteBody](rec)
	if err != nil {
		return err
	}
	b.mutes = slices.Clone(b.mutes)
	if !m.Ended {
		until, err := time.Parse(time.RFC3339, m.Until)
		if err != nil {
			return err
		}
		b.mutes = append(b.mutes, Mute{ID: m.ID, Site: m.Site, Device: m.Device, Channel: m.Channel, Reason: m.Reason, Record: rec.ID,
			From: rec.Recorded, Until: until, Author: rec.Author})
		return nil
	}
	for i := range b.mutes {
		if x := &b.mutes[i]; x.ID == m.ID && x.Ended.IsZero() {
			x.Ended, x.Ender, x.EndedFor = rec.Recorded, rec.Author, m.Reason
		}
	}
	return nil
}

// Mutes returns every mute there ever was, in order.
func (b *Book) Mutes() []Mute { return slices.Clip(b.mutes) }
