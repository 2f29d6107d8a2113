// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vouch-sla/vouch/internal/wire"
)

const (
	uploadBytes   = 4 << 20 // of notes in one request
	leastUpload   = 8 << 10 // after requests that did not get through
	uploadTimeout = time.Minute
	uploadIdle    = time.Minute // between two looks when nothing asks for one
	stuckIdle     = 5 * time.Second
)

// uploader brings the queue of the spool to the collector, in the order of each
// chain, and does what the answers ask for.
type uploader struct {
	spool  *spool
	client *client
	counts *counters

	// again hears of a heartbeat that works again; capacity 1. The collector is back
	// then, and a wait that has grown long is cut short.
	again chan struct{}

	wait    backoff
	contact *contact
	halved  int // how often what one request holds was halved; owned by Run, then flush
}

// Run uploads until ctx ends.
func (u *uploader) Run(ctx context.Context) error {
	for {
		sent, err := u.once(ctx)
		pause := uploadIdle
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			u.waitAfter(ctx, err)
			continue
		case sent > 0:
			continue
		case u.spool.stuck():
			pause = stuckIdle
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-u.spool.ready:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// waitAfter waits after a failure: as long as the back-off says, or until a heartbeat
// works again and a moment more, so that the agents of a collector that comes back do
// not all come at once. A Retry-After is kept to.
func (u *uploader) waitAfter(ctx context.Context, err error) {
	select { // what was heard before this failure says nothing
	case <-u.again:
	default:
	}
	var answer *answerError
	again := u.again
	if errors.As(err, &answer) && answer.after > 0 {
		again = nil
	}
	timer := time.NewTimer(u.wait.after(err))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-again:
		u.wait.reset()
		u.client.close()
		sleep(ctx, rand.N(firstWait))
	}
}

// flush sends what is queued until the queue is empty, a request fails or ctx ends.
func (u *uploader) flush(ctx context.Context) {
	for {
		if sent, err := u.once(ctx); err != nil || sent == 0 {
			return
		}
	}
}

// once finds out where chains stand at the collector, when that is not known, and
// makes one request with what may leave. It returns how many notes it sent.
func (u *uploader) once(ctx context.Context) (sent int, err error) {
	defer func() { u.took(ctx, err) }()
	limited, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	if u.spool.strange() {
		heads, err := u.client.heads(limited)
		if err != nil {
			return 0, err
		}
		u.spool.reconcile(heads.Heads)
		u.spool.save()
	}
	notes := u.spool.texts(u.spool.outgoing(wire.MaxNotes, max(uploadBytes>>u.halved, leastUpload)))
	if len(notes) == 0 {
		return 0, nil
	}
	packed := make([]wire.Packed, len(notes))
	for i, n := range notes {
		packed[i] = wire.Packed{Size: n.note.size, Frame: n.note.packed}
	}
	var answer wire.BatchesAnswer
	if err := u.client.postPacked(limited, wire.PathBatches, packed, &answer); err != nil {
		// What does not get through in time over a slow link never would. An answer,
		// whatever it says, got through.
		if !errors.As(err, new(*answerError)) && uploadBytes>>u.halved > leastUpload {
			u.halved++
		}
		return 0, fmt.Errorf("upload: %w", err)
	}
	u.halved = max(u.halved-1, 0)
	if len(answer.Results) != len(notes) {
		return 0, fmt.Errorf("upload: the collector answered %d results for %d notes", len(answer.Results), len(notes))
	}
	u.spool.settle(notes, answer.Results)
	return len(notes), nil
}

// took hears how a request ended.
func (u *uploader) took(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		u.counts.uploadErrors.Add(1)
	default:
		u.wait.reset()
	}
	u.contact.took(delivering, err, time.Now())
}

// outNote is a note on its way.
type outNote struct {
	key  chainKey
	note sealedNote
}
