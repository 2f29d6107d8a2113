// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch/collector/admin"
)

// run is one run of the demo.
type run struct {
	opts   Options
	folder *folder
	pace   Pace
	steps  []Step
	view   view

	cast   *cast
	crew   *crew
	client *admin.Client
	page   string // URL
	strain *strain

	sightings Sightings

	mu    sync.Mutex // guards all below
	phase string     // what is under way, in words
	began time.Time  // the script's beginning, a whole second; zero before
	deeds []Deed
}

// Deed is an act as it was done.
type Deed struct {
	Act
	Done         time.Time
	Announcement *admin.Maintenance // of ActAnnounce
}

// result is what a run left behind.
type result struct {
	statement []byte // JSON
	text      []byte
	incidents []byte // JSON
	loads     []load
	proof     proof
}

// play runs the demo in a folder. When it returns, nothing runs any more.
func play(ctx context.Context, o Options, f *folder) (out Outcome, err error) {
	r := &run{opts: o, folder: f, pace: PaceOf(o.For), strain: newStrain()}
	r.steps = Plan(r.pace)
	r.view = newPlain(o.Stderr)
	if o.Screen != nil {
		r.view = newTable(o.Stderr, o.Screen)
	}
	res, err := r.perform(ctx)
	r.view.close()
	if ctx.Err() != nil {
		return out, ErrInterrupted
	}
	if err != nil {
		return out, err
	}
	return r.conclude(res)
}

// perform prepares, plays and waits for the end of it. It ends everything that it
// started.
func (r *run) perform(ctx context.Context) (res result, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	g, ctx := errgroup.WithContext(ctx)
	r.crew = newCrew(r.opts.Exe, r.folder.path, r.folder.join("logs"))
	defer func() {
		if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
			err = cause // rather than what it led to
		}
		r.setPhase("stopping the collector and the agents")
		stopped := r.crew.dismiss()
		cancel(nil)
		err = errors.Join(err, stopped, g.Wait())
	}()
	g.Go(func() error {
		select {
		case m := <-r.crew.died:
			cancel(m.fate())
		case <-ctx.Done():
		}
		return nil
	})
	g.Go(func() error { return r.strain.run(ctx) })

	if err := r.prepare(ctx, g); err != nil {
		return res, err
	}
	g.Go(func() error { return r.watch(ctx) })
	if err := r.gather(ctx); err != nil {
		return res, err
	}
	if err := r.script(ctx); err != nil {
		return res, err
	}
	return r.settle(ctx)
}

func (r *run) setPhase(s string) {
	r.mu.Lock()
	r.phase = s
	r.mu.Unlock()
	r.view.show(r.frame(nil))
}

// sleep waits, and says why it stopped waiting where ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
