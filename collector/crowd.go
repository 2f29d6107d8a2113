// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"

	"github.com/vouch-sla/vouch"
)

// Bounds of connections at the agents' door. A stranger is a connection on which no
// agent has shown itself yet, which takes it one round trip.
const (
	maxStrangers = 1024 // in all
	// From one address: many agents can stand behind one, and all come back at once.
	maxStrangersFrom = 256
	maxPerAgent      = 16 // an agent needs two, and some are half open after its uplink went
)

// crowd is the listener of the agents' door. It bounds how many strangers stand there:
// of too many, from one address or in all, the one that has waited longest has to go, so
// that who comes next is always let in. Agents that have shown themselves are not touched.
type crowd struct {
	net.Listener
	refuse func(reason string, from netip.Addr)

	mu        sync.Mutex // guards the rest, and what guests say of themselves
	strangers *list.List // of *guest, the oldest first
	from      map[netip.Addr]*list.List
	agents    map[vouch.AgentID]*list.List
}

// guest is one connection.
type guest struct {
	net.Conn
	crowd  *crowd
	host   netip.Addr
	in, by *list.Element // in strangers and from, or by alone in agents; nil once it is gone
	agent  vouch.AgentID // "" for a stranger
	asked  bool          // a request came
}

func newCrowd(l net.Listener, refuse func(string, netip.Addr)) *crowd {
	return &crowd{Listener: l, refuse: refuse, strangers: list.New(), from: map[netip.Addr]*list.List{}, agents: map[vouch.AgentID]*list.List{}}
}

// Accept implements [net.Listener].
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &guest{Conn: conn, crowd: c, host: hostOf(conn)}
	if out := c.enter(g); out != nil {
		c.refuse("connections crowded out", out.host)
		_ = out.Close() // nobody waits for it
	}
	return g, nil
}

// hostOf returns where a connection comes from: of IPv6 the network, since each host has
// as many addresses as it likes.
func hostOf(conn net.Conn) netip.Addr {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return network(a.AddrPort().Addr())
}

func network(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}

// enter lets a guest in and returns who has to go for it, nil for nobody.
func (c *crowd) enter(g *guest) (out *guest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[g.host] == nil {
		c.from[g.host] = list.New()
	}
	g.in, g.by = c.strangers.PushBack(g), c.from[g.host].PushBack(g)
	switch {
	case c.from[g.host].Len() > maxStrangersFrom:
		return c.from[g.host].Front().Value.(*guest)
	case c.strangers.Len() > maxStrangers:
		return c.strangers.Front().Value.(*guest)
	}
	return nil
}

// guestKey is the key of a request's connection in its context.
type guestKey struct{}

// remember puts the guest behind a connection into the context of its requests.
func remember(ctx context.Context, conn net.Conn) context.Context {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	g, _ := conn.(*guest)
	return context.WithValue(ctx, guestKey{}, g)
}

func guestOf(ctx context.Context) *guest {
	g, _ := ctx.Value(guestKey{}).(*guest)
	return g
}

// heard notes that a request came over the connection.
func (g *guest) heard() {
	if g != nil {
		g.crowd.mu.Lock()
		defer g.crowd.mu.Unlock()
		g.asked = true
	}
}

// shown notes that an agent has shown itself on the connection.
func (g *guest) shown(a vouch.AgentID) {
	if g == nil {
		return
	}
	if out := g.crowd.move(g, a); out != nil {
		_ = out.Close() // it is half open, or the agent has gone mad
	}
}

// move makes a stranger the agent's, and returns which of the agent's connections has to
// go for it.
func (c *crowd) move(g *guest, a vouch.AgentID) (out *guest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.by == nil || g.agent == a {
		return nil
	}
	c.leave(g)
	if c.agents[a] == nil {
		c.agents[a] = list.New()
	}
	g.agent, g.by = a, c.agents[a].PushBack(g)
	if c.agents[a].Len() > maxPerAgent {
		return c.agents[a].Front().Value.(*guest)
	}
	return nil
}

// leave takes a guest out of the lists. c.mu is held.
func (c *crowd) leave(g *guest) {
	switch {
	case g.by == nil:
		return
	case g.agent != "":
		if l := c.agents[g.agent]; l.Remove(g.by) != nil && l.Len() == 0 {
			delete(c.agents, g.agent)
		}
	default:
		c.strangers.Remove(g.in)
		if l := c.from[g.host]; l.Remove(g.by) != nil && l.Len() == 0 {
			delete(c.from, g.host)
		}
	}
	g.in, g.by = nil, nil
}

// Close implements [net.Conn].
func (g *guest) Close() error {
	g.crowd.mu.Lock()
	mute := g.by != nil && !g.asked
	g.crowd.leave(g)
	g.crowd.mu.Unlock()
	if mute {
		g.crowd.refuse("connections without a request", g.host)
	}
	return g.Conn.Close()
}

// cut ends every connection of an agent, at once.
func (c *crowd) cut(a vouch.AgentID) {
	var out []*guest
	c.mu.Lock()
	if l := c.agents[a]; l != nil {
		for e := l.Front(); e != nil; e = e.Next() {
			out = append(out, e.Value.(*guest))
		}
	}
	c.mu.Unlock()
	for _, g := range out {
		_ = g.Close() // the agent may have gone
	}
}

// size returns how many connections are strangers' and agents'.
func (c *crowd) size() (strangers, agents int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.agents {
		agents += l.Len()
	}
	return c.strangers.Len(), agents
}
