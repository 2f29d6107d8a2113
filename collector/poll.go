// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// news tells agents that wait for another assignment when assignments were handed out.
// One request of each agent waits at most, so that their number is that of the agents
// in the installed base; the zero value is ready.
type news struct {
	mu      sync.Mutex
	told    chan struct{}                   // closed at the next news
	waiting map[vouch.AgentID]chan struct{} // closed when the same agent asks again
}

// tell lets everybody who waits look again.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told != nil {
		close(n.told)
		n.told = nil
	}
}

// enter takes the agent's place among those who wait, from an older request that holds
// it: its connection may be dead without anybody knowing.
func (n *news) enter(agent vouch.AgentID) (replaced <-chan struct{}, leave func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting == nil {
		n.waiting = map[vouch.AgentID]chan struct{}{}
	}
	if old := n.waiting[agent]; old != nil {
		close(old)
	}
	mine := make(chan struct{})
	n.waiting[agent] = mine
	return mine, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.waiting[agent] == mine {
			delete(n.waiting, agent)
		}
	}
}

// next returns a channel that is closed at the next news.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told == nil {
		n.told = make(chan struct{})
	}
	return n.told
}

// await waits until the agent has another assignment than the one with the tag, at most
// for wait and no longer than d.polling allows. It ends early when the agent asks again,
// goes away, or the collector stops.
func (d *door) await(ctx context.Context, agent vouch.AgentID, tag string, wait time.Duration) {
	replaced, leave := d.news.enter(agent)
	defer leave()
	timer := time.NewTimer(min(wait, d.polling, wire.MaxWait))
	defer timer.Stop()
	for {
		told := d.news.next() // before looking, so that nothing falls in between
		if a, ok := d.assignments(agent); !ok || a.etag != tag {
			return
		}
		select {
		case <-told:
		case <-timer.C:
			return
		case <-replaced:
			return
		case <-ctx.Done():
			return
		case <-d.ending:
			return
		}
	}
}
