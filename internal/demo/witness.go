// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// Sightings is what each location said of each device in the live view, as it changed.
// A statement says what the witnesses came to; this says what a single one said.
type Sightings struct {
	mu   sync.Mutex // guards all below
	list map[sightKey][]Sighting
}

type sightKey struct {
	location vouch.LocationID
	device   vouch.DeviceID
}

// Sighting is a state that a location began to see at an instant.
type Sighting struct {
	At     time.Time
	State  string
	Reason string
}

// maxSightings bounds the changes that are kept of one location and device. A script
// makes a handful.
const maxSightings = 1000

// Add takes in what a live view shows.
func (s *Sightings) Add(live admin.Live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = map[sightKey][]Sighting{}
	}
	for _, d := range live.Devices {
		for _, x := range d.Seen {
			k := sightKey{x.Location, d.Device}
			was := s.list[k]
			if n := len(was); n == maxSightings || n > 0 && was[n-1].State == x.State && was[n-1].Reason == x.Reason {
				continue
			}
			s.list[k] = append(was, Sighting{live.Now, x.State, x.Reason})
		}
	}
}

// during returns what a location began to say of a device within a stretch.
func (s *Sightings) during(l vouch.LocationID, d vouch.DeviceID, in Stretch) []Sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Sighting
	for _, x := range s.list[sightKey{l, d}] {
		if !x.At.Before(in.From) && x.At.Before(in.To) {
			out = append(out, x)
		}
	}
	return out
}

// witnesses holds what single locations said against what the script did to them
// alone. The live view follows by heartbeats, so that it is given some time.
func (c *Comparison) witnesses(s Effect) {
	if s.Location == "" {
		return
	}
	in := Stretch{s.Happened.From, s.Happened.To.Add(c.e.Tolerance + 2*beat)}
	if s.Device != "" {
		if !said(c.f.Sightings.during(s.Location, s.Device, in), "down") {
			c.differ(s.Step, "%s never saw %s down", title(s.Location), s.Device)
			return
		}
		c.Seen[s.Step] = fmt.Sprintf("%s saw it down", title(s.Location))
		return
	}
	reason := ""
	for _, d := range devices() {
		seen := c.f.Sightings.during(s.Location, d.ID, in)
		i := slices.IndexFunc(seen, func(x Sighting) bool { return x.State == "unknown" })
		if i < 0 {
			c.differ(s.Step, "%s never said unknown of %s", title(s.Location), d.ID)
			continue
		}
		reason = seen[i].Reason
		if said(seen, "down") {
			c.differ(s.Step, "%s said down of %s, and had only lost its own uplink", title(s.Location), d.ID)
		}
	}
	c.Seen[s.Step] = fmt.Sprintf("%s said unknown (%s), never down", title(s.Location), reason)
}

func said(list []Sighting, state string) bool {
	return slices.ContainsFunc(list, func(x Sighting) bool { return x.State == state })
}
