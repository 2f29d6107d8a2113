// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
)

// community is what the simulated devices answer to. It stands in a secret file all
// the same, as it would elsewhere.
const community = "harbour-demo"

// cast is every responder on the wire: the devices, the gateways and the references.
type cast struct {
	block   block
	roles   []*role
	devices map[vouch.DeviceID]*role
}

// role is one responder with what the steps under way do to it.
type role struct {
	device *lab.Device

	mu      sync.Mutex // guards all below
	silent  bool
	delay   time.Duration
	ignored []netip.Addr
}

// run answers until ctx ends.
func (c *cast) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, r := range c.roles {
		g.Go(func() error { return r.device.Run(ctx) })
	}
	return g.Wait()
}

// close gives the sockets of a cast up that is not run.
func (c *cast) close() {
	for _, r := range c.roles {
		_ = r.device.Close() // nothing was sent
	}
}

// perform does one act of a step, other than announcing.
func (c *cast) perform(s Step, k ActKind, delay time.Duration) {
	on := k == ActBegin
	switch s.ID {
	case StepOutage, StepPlanned, StepClaimed:
		c.devices[s.Device].change(func(r *role) { r.silent = on })
	case StepSlow:
		if !on {
			delay = 0
		}
		c.devices[s.Device].change(func(r *role) { r.delay = delay })
	case StepPartial, StepCustomer:
		c.devices[s.Device].ignore(c.sourceOf(s.Location), on)
	case StepUplink:
		for _, r := range c.roles {
			r.ignore(c.sourceOf(s.Location), on)
		}
	}
}

func (c *cast) sourceOf(l vouch.LocationID) netip.Addr {
	return c.block.source(slices.IndexFunc(places(), func(p place) bool { return p.ID == l }))
}

func (r *role) ignore(a netip.Addr, on bool) {
	r.change(func(r *role) {
		r.ignored = slices.DeleteFunc(slices.Clone(r.ignored), func(x netip.Addr) bool { return x == a })
		if on {
			r.ignored = append(r.ignored, a)
		}
	})
}

// change changes what is done to a responder, from the next request on.
func (r *role) change(f func(*role)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
	r.device.Set(lab.Behaviour{Silent: r.silent, Ignore: r.ignored, Delay: r.delay})
}
