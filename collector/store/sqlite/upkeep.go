// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"sync"
	"time"
)

// How the store packs by itself. What is younger is still read a note at a time, by
// whoever follows the ledger.
const (
	packEvery = time.Minute
	packAge   = 10 * time.Minute
)

// packLoop packs at each tick until ctx ends. What fails, on a full disk for example, is
// tried again at the next one: nothing is lost but room.
func (s *Store) packLoop(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			_, _ = s.pack(ctx, now.Add(-packAge), rest)
		}
	}
}

// rest waits as long as the last step took, so that packing takes no more than half a
// processor from those who wait for answers.
func rest(ctx context.Context, took time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(took):
	}
}

// keeper is the goroutine that does what nobody waits for.
type keeper struct {
	cancel context.CancelFunc
	ended  chan struct{} // nil before it starts
}

func (k *keeper) start(run func(context.Context, <-chan time.Time)) {
	var ctx context.Context
	ctx, k.cancel = context.WithCancel(context.Background())
	k.ended = make(chan struct{})
	go func() {
		defer close(k.ended)
		tick := time.NewTicker(packEvery)
		defer tick.Stop()
		run(ctx, tick.C)
	}()
}

func (k *keeper) stop() {
	if k.ended != nil {
		k.cancel()
		<-k.ended
	}
}

// turn is a mutex that is not waited for longer than a context lasts: a channel with
// room for one.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) end() { <-t }

// idle remembers which ledgers need not be looked at.
type idle struct {
	mu   sync.Mutex
	size map[int64]int64 // that a ledger must have before another frame can be full
}

func (i *idle) skip(ledger, size int64) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return size < i.size[ledger]
}

func (i *idle) until(ledger, size int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.size[ledger] = size
}
