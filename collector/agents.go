// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// joinLife is how long a join string can be used.
const joinLife = time.Hour

// addJoin makes a join string.
func (c *Collector) addJoin(r *http.Request) (any, error) {
	var in admin.NewJoin
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	a, err := c.knownAgent(in.Agent)
	if err != nil {
		return nil, err
	}
	held, speaks := c.keys.of(a.ID)
	switch {
	case in.Location != "" && in.Location != a.Location:
		return nil, badRequest("agent %s stands at %s in the installed base, not at %s; an agent at another place is another witness: give it an id of its own", a.ID, a.Location, in.Location)
	case a.Key != "":
		return nil, badRequest("agent %s has its key in the installed base: it needs no join string. To have it enrol, take the key out there", a.ID)
	case in.Rotate && !speaks:
		return nil, badRequest("agent %s has no key that could be replaced; make a join string with `vouch agents token --agent %s`", a.ID, a.ID)
	}
	address := in.Address
	if address == "" {
		address = c.opts.Address
	}
	if address == "" {
		address = c.ownAddress()
	}
	if err := enrol.ValidAddress(address); err != nil {
		return nil, badRequest("the address at which agents reach this collector: %v; name it with --address, or agents.address in the collector's file", err)
	}
	var raw [enrol.SecretBytes]byte
	rand.Read(raw[:])
	j := enrol.Join{Agent: a.ID, Address: address, Pin: c.pinned, Secret: vouch.Secret(base64.RawURLEncoding.EncodeToString(raw[:]))}
	now := milli(c.now())
	t := store.JoinToken{
		SHA256: evidence.Hash(sha256.Sum256([]byte(j.Secret))), Agent: a.ID, Rotate: in.Rotate,
		Author: author(r.Context()), Created: now, Expires: now.Add(joinLife),
	}
	if err := c.store.AddJoinToken(r.Context(), t); err != nil {
		return nil, err
	}
	out := admin.Join{Agent: a.ID, Location: a.Location, Customers: c.concerned(a.ID), Address: address, Expires: t.Expires, Join: j.Encode()}
	if speaks && !in.Rotate {
		out.Key = held.vkey
	}
	out.NewKey = in.Rotate || !speaks && c.everRevoked(a.ID)
	return out, nil
}

// everRevoked reports whether a key of an agent was revoked.
func (c *Collector) everRevoked(a vouch.AgentID) bool {
	for _, cu := range c.base.Load().Customers {
		revoked := of(c.book, cu.ID, func(b *book.Book) bool {
			return slices.ContainsFunc(b.Keys(), func(k book.Key) bool { return k.Agent == a && !k.Revoked.IsZero() })
		})
		if revoked {
			return true
		}
	}
	return false
}

func (c *Collector) knownAgent(id vouch.AgentID) (vouch.Agent, error) {
	a, ok := c.base.Load().agents[id]
	if !ok {
		return a, wrong{http.StatusNotFound, fmt.Sprintf("there is no agent %q in the installed base; add it under agents there, as {id: %s, location: ...}", id, id)}
	}
	return a, nil
}

// ownAddress is where this machine thinks that it can be reached, "" where it does not know.
func (c *Collector) ownAddress() string {
	host, port, err := net.SplitHostPort(c.agentsAt)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return ""
		}
	}
	return net.JoinHostPort(host, port)
}

// revokeAgent takes the key of an agent away.
func (c *Collector) revokeAgent(r *http.Request) (any, error) {
	var in admin.Revocation
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	if _, err := c.knownAgent(in.Agent); err != nil {
		return nil, err
	}
	if err := checkReason(in.Reason, "why its key is revoked"); err != nil {
		return nil, err
	}
	c.enrolling.Lock()
	defer c.enrolling.Unlock()
	if _, speaks := c.keys.of(in.Agent); !speaks {
		return nil, badRequest("agent %s has no key that speaks; see `vouch agents list`", in.Agent)
	}
	key, err := c.revokeKey(r.Context(), in.Agent, author(r.Context()), in.Reason)
	if err != nil {
		return nil, err
	}
	return admin.Revoked{Agent: in.Agent, Key: key, At: milli(c.now())}, nil
}

// agentList lists the agents of the installed base, in its order.
func (c *Collector) agentList(r *http.Request) (any, error) {
	stored, err := c.store.AgentKeys(r.Context())
	if err != nil {
		return nil, err
	}
	revoked := map[vouch.AgentID]store.AgentKey{}
	for _, k := range stored {
		if !k.Revoked.IsZero() && k.Revoked.After(revoked[k.Agent].Revoked) {
			revoked[k.Agent] = k
		}
	}
	heard := map[vouch.AgentID]*time.Time{}
	for _, s := range c.agentStatus() {
		heard[s.Agent] = s.Heartbeat
	}
	out := []admin.Agent{}
	for _, a := range c.base.Load().Agents {
		x := admin.Agent{
			Agent: a.ID, Location: a.Location, Custody: c.base.Load().locations[a.Location].Custody, Customers: c.concerned(a.ID),
			State: admin.AgentWaits, Heartbeat: heard[a.ID],
		}
		if k, ok := c.keys.of(a.ID); ok {
			x.State, x.Key, x.Author, x.Enrolled, x.Until = admin.AgentEnrolled, k.vkey, k.author, k.enrolled, k.until
			if k.configured {
				x.State = admin.AgentConfigured
			}
		} else if k, ok := revoked[a.ID]; ok {
			x.State, x.Key, x.Author, x.Enrolled, x.Revoked = admin.AgentRevoked, k.Key, k.Author, k.Enrolled, k.Revoked
		}
		out = append(out, x)
	}
	return out, nil
}
