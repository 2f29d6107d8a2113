// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/wire"
)

const (
	assignmentInterval = time.Minute                   // where the collector does not let us wait
	assignmentPatience = 5 * time.Second               // from here on it does
	assignmentTimeout  = wire.MaxWait + 30*time.Second // of one request
	// A request that waits is given up when a heartbeat heard of another assignment
	// and this much later it has still not answered: its connection is dead.
	assignmentGrace = 2 * time.Second
)

// relocated ends a session: everything that an agent says names its location, so
// that all of it begins anew with the assignment in body.
type relocated struct{ body []byte }

func (*relocated) Error() string { return "the agent was assigned to another location" }

// assigner keeps the agent's assignment: it asks the collector for it, keeps a copy
// on disk so that the agent can start without the collector, and hands each new one
// to apply. It has a connection of its own, on which a request waits at the collector
// until something changes.
type assigner struct {
	agent  vouch.AgentID
	path   string
	client *client
	// statement says which key secrets are to be sealed to.
	statement string
	apply     func(wire.Assignment) error
	log       *slog.Logger

	wake chan struct{} // capacity 1: another assignment is in force

	mu  sync.Mutex // guards tag and bad
	tag string     // of what was applied last
	bad string     // of what could not be applied

	location vouch.LocationID // of what was applied; owned by load, then Run
	contact  *contact
}

// load applies body, or the copy on disk where there is one.
func (a *assigner) load(body []byte) {
	var err error
	if body == nil {
		body, err = durable.ReadFile(a.path, wire.MaxAssignment)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = a.take(body)
	}
	if err != nil {
		a.log.Warn("the copy of the assignment cannot be used: nothing is measured until the collector answers", "err", err)
	}
}

// inForce hears, from the answer to a heartbeat, which assignment is in force.
func (a *assigner) inForce(tag string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if tag != "" && tag != a.tag && tag != a.bad {
		poke(a.wake)
	}
}

// Run keeps the assignment up to date until ctx ends. Its only error is
// [relocated].
func (a *assigner) Run(ctx context.Context) error {
	var wait backoff
	for {
		began := time.Now()
		changed, err := a.refresh(ctx)
		pause := assignmentInterval
		var elsewhere *relocated
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &elsewhere):
			return err
		case errors.Is(err, errOverdue):
			err, pause = nil, 0
		case err != nil:
			pause = wait.after(err)
		default:
			wait.reset()
			switch {
			case changed:
				pause = firstWait // and never in a tight circle, whatever is answered
			case time.Since(began) >= assignmentPatience: // it lets us wait
				pause = 0
			}
		}
		a.contact.took(asking, err, time.Now())
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-a.wake:
			if err != nil && !sleep(ctx, firstWait) { // in trouble: not at every heartbeat's pace
				return nil
			}
		}
		timer.Stop()
	}
}

// refresh asks once, and reports whether there was something new.
func (a *assigner) refresh(ctx context.Context) (changed bool, err error) {
	a.mu.Lock()
	tag := a.tag
	a.mu.Unlock()
	body, err := a.ask(ctx, tag)
	if err != nil || body == nil {
		return false, err
	}
	if err := a.take(body); err != nil {
		return false, err
	}
	// Applied already: a full disk must not keep the agent from measuring.
	if err := durable.WriteFile(a.path, body, 0o600); err != nil {
		return true, own{err}
	}
	return true, nil
}

// errOverdue ends a request that the collector should have answered.
var errOverdue = errors.New("the collector has another assignment and does not answer with it")

// ask asks for another assignment than the one with the tag.
func (a *assigner) ask(ctx context.Context, tag string) (body []byte, err error) {
	select {
	case <-a.wake: // what it was about, this request asks for
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, assignmentTimeout)
	overdue := false
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-ctx.Done():
		case <-a.wake:
			if sleep(ctx, assignmentGrace) {
				overdue = true
				cancel()
			}
		}
	})
	body, _, err = a.client.assignment(ctx, tag, a.statement)
	cancel()
	watching.Wait()
	if err != nil && overdue {
		return nil, errOverdue
	}
	return body, err
}

// take decodes and applies a document.
func (a *assigner) take(body []byte) error {
	tag := wire.ETag(body)
	doc, err := wire.DecodeAssignment(body)
	if err == nil && doc.Agent != a.agent {
		err = fmt.Errorf("assignment is for agent %s, this is agent %s", doc.Agent, a.agent)
	}
	if err == nil && a.location != "" && doc.Location != a.location {
		return &relocated{body}
	}
	if err == nil {
		err = a.apply(doc)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.bad = tag
		return err
	}
	a.tag, a.location = tag, doc.Location
	return nil
}
