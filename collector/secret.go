// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// setSecret stores a credential and sends it to the agents that need it.
func (c *Collector) setSecret(r *http.Request) (any, error) {
	var in admin.NewSecret
	if err := readBody(r, &in); err != nil {
		return nil, badRequest("the request cannot be read") // the cause may show what it holds
	}
	if err := vouch.ValidID(in.Name); err != nil {
		return nil, badRequest("name of the secret: %v", err)
	}
	cred, err := wire.DecodeCredential(in.Credential)
	if err != nil {
		return nil, badRequest("secret %s: %v", in.Name, err)
	}
	if err := c.vault.set(in.Name, cred, c.now()); err != nil {
		return nil, err
	}
	c.log.Info("a secret was stored", "secret", in.Name, "author", author(r.Context()))
	if err := c.reissue(); err != nil {
		return nil, fmt.Errorf("secret %s is stored, and could not be sent to the agents: %w", in.Name, err)
	}
	return c.secret(in.Name), nil
}

// removeSecret forgets a credential; agents that had it lose it with their next assignment.
func (c *Collector) removeSecret(r *http.Request) (any, error) {
	name := r.FormValue("name")
	known, err := c.vault.remove(name)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, wrong{http.StatusNotFound, fmt.Sprintf("there is no secret %.64q; vouch secret list shows all", name)}
	}
	c.log.Info("a secret was removed", "secret", name, "author", author(r.Context()))
	if err := c.reissue(); err != nil {
		return nil, fmt.Errorf("secret %s is removed here, and the agents could not be told: %w", name, err)
	}
	return nil, nil
}

// secretList lists what is stored, by name, and which agents have it.
func (c *Collector) secretList(*http.Request) (any, error) {
	out := []admin.Secret{}
	for _, name := range slices.Sorted(maps.Keys(c.vault.list())) {
		out = append(out, c.secret(name))
	}
	return out, nil
}

// secret tells of a credential all but its secrets.
func (c *Collector) secret(name string) admin.Secret {
	s := c.vault.list()[name]
	out := admin.Secret{Name: name, Version: s.version, Changed: s.changed.UTC(), Sent: []vouch.AgentID{}, Waiting: []vouch.AgentID{}}
	docs := c.assigned.Load()
	if docs == nil {
		return out
	}
	for _, id := range slices.Sorted(maps.Keys(*docs)) {
		doc := (*docs)[id]
		if !slices.Contains(credentials(doc.plan), name) {
			continue
		}
		if slices.ContainsFunc(doc.plan.Secrets, func(s wire.SealedSecret) bool { return s.Name == name }) {
			out.Sent = append(out.Sent, id)
		} else {
			out.Waiting = append(out.Waiting, id)
		}
	}
	return out
}

// sealKey takes in what an agent says about its key for secrets: a statement in base64
// that its signing key signed. With a new key its assignment is made anew, before it is
// answered. What cannot be used is refused by itself: the agent measures all the same.
func (c *Collector) sealKey(agent vouch.AgentID, text string) error {
	if text == "" || c.vault.said(agent, text) {
		return nil
	}
	key, err := c.openStatement(agent, text)
	if err != nil {
		c.vault.refuse(agent, text)
		return err
	}
	if !c.vault.learn(agent, text, key) {
		return nil
	}
	return c.reissue(agent)
}

func (c *Collector) openStatement(agent vouch.AgentID, text string) (seal.Public, error) {
	if len(text) > base64.StdEncoding.EncodedLen(seal.MaxStatement) {
		return seal.Public{}, fmt.Errorf("statement of a key for secrets has %d bytes of base64, at most %d are allowed", len(text), base64.StdEncoding.EncodedLen(seal.MaxStatement))
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return seal.Public{}, errors.New("statement of a key for secrets is not in base64")
	}
	held, ok := c.keys.of(agent)
	if !ok {
		return seal.Public{}, fmt.Errorf("agent %s has no key that speaks any more", agent)
	}
	return seal.OpenStatement(raw, agent, held.verifier)
}
