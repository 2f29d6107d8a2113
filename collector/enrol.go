// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// refusal is why an agent gets no certificate, or is not let in.
type refusal struct {
	status int
	reason string // for the counters: of a fixed set
	says   string // to the agent: what, and what to do
}

func (r refusal) Error() string { return r.says }

func forbid(reason, format string, args ...any) error {
	return refusal{http.StatusForbidden, reason, fmt.Sprintf(format, args...)}
}

// certify decides about a request for a certificate that is signed as it should be, and
// answers it. With the secret of a join string its signing key is enrolled first; to ask
// again with the same key is the same as once, so that who was interrupted asks again.
func (c *Collector) certify(ctx context.Context, r enrol.Request) (enrol.Answer, error) {
	if r.Pin != c.pinned {
		return enrol.Answer{}, forbid("enrolment: another collector's pin", "the request is for a collector with another key, the pin here is %s", c.pin)
	}
	c.enrolling.Lock()
	defer c.enrolling.Unlock()
	// What is begun is ended, whether the agent waits for it or not.
	ctx = context.WithoutCancel(ctx)
	if c.keys.wasRevoked(r.Key) {
		return enrol.Answer{}, forbid("enrolment: revoked key", "the key of agent %s was revoked; the agent needs a new key: `vouch agents token` here, `vouch-agent enrol --new-key` there", r.Agent)
	}
	if r.Secret != "" {
		if err := c.enrol(ctx, r); err != nil {
			return enrol.Answer{}, err
		}
	}
	held, ok := c.keys.of(r.Agent)
	if !ok || held.vkey != r.Key {
		return enrol.Answer{}, forbid("enrolment: key not enrolled", "the key of agent %s is not enrolled here; make a join string with `vouch agents token --agent %s`", r.Agent, r.Agent)
	}
	der, until, err := c.authority.issue(r.Agent, r.Key, r.TLSKey, c.now())
	if err != nil {
		return enrol.Answer{}, err
	}
	held.until = until
	if err := c.keepKey(ctx, r.Agent, held); err != nil {
		return enrol.Answer{}, err
	}
	return enrol.Answer{Location: c.base.Load().agents[r.Agent].Location, Certificate: der}, nil
}

// enrol lets the key of a request speak for its agent, if its token says so.
// c.enrolling is held.
func (c *Collector) enrol(ctx context.Context, r enrol.Request) error {
	hash := evidence.Hash(sha256.Sum256([]byte(r.Secret)))
	t, err := c.store.JoinToken(ctx, hash)
	agent, known := c.base.Load().agents[r.Agent]
	held, speaks := c.keys.of(r.Agent)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && t.Agent != r.Agent:
		// The two are told alike: nobody learns which agents there are.
		return forbid("enrolment: unknown join string", "the join string is not known here, or not for agent %s; make one with `vouch agents token --agent %s`", r.Agent, r.Agent)
	case err != nil:
		return err
	case !c.now().Before(t.Expires):
		return forbid("enrolment: expired join string", "the join string expired at %s; make another with `vouch agents token --agent %s`", t.Expires.Format(time.RFC3339), r.Agent)
	case t.Key != "" && t.Key != r.Key:
		return forbid("enrolment: join string used by another key", "the join string was used by another key of agent %s already; if that was not this machine, revoke it: `vouch agents revoke %s`", r.Agent, r.Agent)
	case !known:
		return forbid("enrolment: agent not in the installed base", "agent %s is no longer in the installed base", r.Agent)
	case agent.Key != "" && agent.Key != r.Key:
		return forbid("enrolment: key in the installed base", "agent %s has another key in the installed base; take that out there to enrol this one", r.Agent)
	case speaks && held.vkey == r.Key && t.Rotate && t.Key == "":
		return forbid("enrolment: no new key", "the join string is for a new key of agent %s; use it with `vouch-agent enrol --new-key`", r.Agent)
	case speaks && held.vkey != r.Key && !t.Rotate:
		return forbid("enrolment: another key speaks", "agent %s has another key; to replace it use a join string of `vouch agents rotate %s`", r.Agent, r.Agent)
	}
	if bound, err := c.store.BindJoinToken(ctx, hash, r.Key); err != nil || bound != r.Key {
		return errors.Join(err, errors.New("bind the join string"))
	}
	if speaks && held.vkey == r.Key {
		return c.recordKey(ctx, agent, r.Key, held.author) // it may have failed there the last time
	}
	if speaks {
		if _, err := c.revokeKey(ctx, r.Agent, t.Author, "replaced by a new key"); err != nil {
			return err
		}
	}
	now := milli(c.now())
	if err := c.recordKey(ctx, agent, r.Key, t.Author); err != nil {
		return err
	}
	if err := c.keepKey(ctx, r.Agent, heldKey{vkey: r.Key, enrolled: now, author: t.Author}); err != nil {
		return err
	}
	c.log.Info("an agent is enrolled", "agent", r.Agent, "location", agent.Location, "key", c.keys.keyID(r.Agent), "author", t.Author)
	return nil
}

// keepKey stores a key and makes it speak.
func (c *Collector) keepKey(ctx context.Context, a vouch.AgentID, k heldKey) error {
	err := c.store.PutAgentKey(ctx, store.AgentKey{Key: k.vkey, Agent: a, Author: k.author, Enrolled: k.enrolled, Until: k.until})
	if err != nil {
		return err
	}
	return c.keys.set(a, k)
}

// concerned are the customers of whom an agent may say something.
func (c *Collector) concerned(a vouch.AgentID) (out []vouch.CustomerID) {
	b := c.base.Load()
	l := b.locations[b.agents[a].Location]
	for _, cu := range b.Customers {
		if l.Customer == "" || l.Customer == cu.ID {
			out = append(out, cu.ID)
		}
	}
	return out
}

// recordKey writes into every ledger that it concerns that a key speaks for an agent,
// unless it says so already.
func (c *Collector) recordKey(ctx context.Context, a vouch.Agent, vkey, author string) error {
	body := book.KeyBody{Subject: string(a.ID), Agent: a.ID, Location: a.Location, Key: vkey}
	return c.recordKeys(ctx, func() (drafts []draft) {
		for _, cu := range c.concerned(a.ID) {
			said := of(c.book, cu, func(b *book.Book) bool {
				keys := b.Keys()
				for i := len(keys) - 1; i >= 0; i-- {
					if k := keys[i]; k.Agent == a.ID {
						return k.Key == vkey && k.Location == a.Location && k.Revoked.IsZero()
					}
				}
				return false
			})
			if !said {
				drafts = append(drafts, draft{customer: cu, kind: evidence.KindKeyAdded, author: author, body: body})
			}
		}
		return drafts
	})
}

// recordKeys records the drafts that draft returns, all or none, while nobody else writes.
func (c *Collector) recordKeys(ctx context.Context, drafts func() []draft) error {
	var touched []vouch.CustomerID
	err := c.recorder.still(func() error {
		list := drafts()
		if len(list) == 0 {
			return nil
		}
		recs, err := c.recorder.writeNow(ctx, list...)
		if err != nil {
			return err
		}
		for _, rec := range recs {
			touched = append(touched, rec.Customer)
			if err := c.book.take(rec); err != nil {
				return err
			}
		}
		return nil
	})
	c.grew(touched...)
	return err
}

// revokeKey ends the key that speaks for an agent: nothing that it signs is taken in any
// more, its connections are cut, and every ledger that it spoke in says so. It returns the
// key. c.enrolling is held.
func (c *Collector) revokeKey(ctx context.Context, a vouch.AgentID, author, reason string) (string, error) {
	// First it is silent, then that is recorded: what is stored came in before.
	held := c.keys.revoke(a)
	err := c.recordKeys(ctx, func() (drafts []draft) {
		for _, cu := range c.base.Load().Customers {
			spoke := of(c.book, cu.ID, func(b *book.Book) bool {
				for _, k := range b.Keys() {
					if k.Key == held.vkey && k.Revoked.IsZero() {
						return true
					}
				}
				return false
			})
			if spoke {
				drafts = append(drafts, draft{customer: cu.ID, kind: evidence.KindKeyRevoked, author: author,
					body: book.RevokedBody{Subject: string(a), Agent: a, Key: held.vkey, Reason: reason}})
			}
		}
		return drafts
	})
	if err != nil {
		c.keys.restore(a, held)
		return "", fmt.Errorf("record that the key of agent %s is revoked: %w; it still speaks: try again", a, err)
	}
	c.crowd.cut(a)
	c.vault.keep(func(other vouch.AgentID) bool { return other != a }) // its key for secrets goes with it
	c.log.Warn("an agent's key is revoked", "agent", a, "key", evidence.KeyID(held.verifier.Name(), held.verifier.KeyHash()), "author", author, "reason", reason)
	// The ledgers say it for good; the table is for who lists agents.
	return held.vkey, c.store.PutAgentKey(ctx, store.AgentKey{
		Key: held.vkey, Agent: a, Author: held.author, Enrolled: held.enrolled, Until: held.until, Revoked: milli(c.now()),
	})
}

// readKeys returns the keys that speak under an installed base, by the enrolments and the
// ledgers, which say what was revoked.
func (c *Collector) readKeys(ctx context.Context, b *base) (*keyring, error) {
	stored, err := c.store.AgentKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys := newKeyring()
	for _, cu := range b.Customers {
		for _, k := range of(c.book, cu.ID, (*book.Book).Keys) {
			if !k.Revoked.IsZero() {
				keys.revoked[k.Key] = true
			}
		}
	}
	enrolled := map[vouch.AgentID]store.AgentKey{}
	for _, k := range stored {
		switch {
		case !k.Revoked.IsZero():
			keys.revoked[k.Key] = true
		case !k.Enrolled.IsZero() && !keys.revoked[k.Key]:
			enrolled[k.Agent] = k // the newest is the last
		}
	}
	for _, a := range b.Agents {
		k, in := enrolled[a.ID]
		held := heldKey{vkey: k.Key, enrolled: k.Enrolled, author: k.Author, until: k.Until}
		switch {
		case in && a.Key != "" && a.Key != k.Key:
			return nil, fmt.Errorf("agent %s enrolled the key %s, and the installed base names another: take the key out of the installed base; to replace it, run `vouch agents rotate %s` then", a.ID, k.Key, a.ID)
		case a.Key != "" && keys.revoked[a.Key]:
			c.log.Warn("the key of an agent in the installed base was revoked: it is not let in; give it a new key, or take its key out there and enrol it", "agent", a.ID)
			continue
		case a.Key != "":
			held = heldKey{vkey: a.Key, configured: true}
		case !in:
			continue // it has yet to enrol
		}
		if err := keys.set(a.ID, held); err != nil {
			return nil, err
		}
	}
	return keys, nil
}
