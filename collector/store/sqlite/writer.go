// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"runtime"
)

// Bounds of one transaction. They keep the wait of whoever comes next short: 256
// batches take some 30 ms.
const (
	maxGroup = 256 // entries appended together
	maxJobs  = 64  // other writes committed together
)

// request is one call that waits to be written.
type request struct {
	weight int // entries that it appends, or 1
	// run writes. It may run a second time after a rollback, so it must leave
	// nothing behind that the next run does not overwrite.
	run  func(context.Context, *tx) error
	done chan error // takes the result without blocking
}

// writer owns the connection that writes. Requests are handed over through
// unbuffered channels: what has been received is in the hands of the goroutine and
// gets an answer; what has not can still be withdrawn.
type writer struct {
	dir     string
	db      *sql.DB
	appends chan *request // taken first
	jobs    chan *request
	quit    chan struct{} // closed by close
	stopped chan struct{} // closed when the goroutine has ended; nil before start

	// Owned by the goroutine.
	conn  *sql.Conn // nil until needed and after a failed transaction
	stmts map[string]*sql.Stmt
	heads *heads
	carry *request // received, but too big for the group before
}

func newWriter(db *sql.DB, dir string) *writer {
	return &writer{
		dir:     dir,
		db:      db,
		appends: make(chan *request),
		jobs:    make(chan *request),
		quit:    make(chan struct{}),
	}
}

// start connects, so that Open fails where nothing can be written, and starts the
// goroutine that close waits for.
func (w *writer) start() error {
	if err := w.connect(context.Background()); err != nil {
		return err
	}
	w.stopped = make(chan struct{})
	go func() {
		defer close(w.stopped)
		w.loop()
	}()
	return nil
}

// close stops the goroutine, if there is one, and closes the database.
func (w *writer) close() error {
	close(w.quit)
	if w.stopped != nil {
		<-w.stopped
	}
	w.disconnect(false)
	return w.db.Close()
}

// do hands a request over and waits for its result. Cancelling ctx withdraws a
// request that has not been taken yet. One that has been taken is waited for, for as
// long as a commit takes: else an error could mean that it was written after all.
func (w *writer) do(ctx context.Context, queue chan<- *request, weight int, run func(context.Context, *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{weight: weight, run: run, done: make(chan error, 1)}
	select {
	case queue <- r:
		return <-r.done
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed
	}
}

// loop writes groups until quit is closed. Each round appends before it does
// anything else, and does a bounded amount of both, so that neither starves.
func (w *writer) loop() {
	for {
		var first *request
		if w.carry == nil {
			select {
			case <-w.quit:
				return
			case r := <-w.appends:
				first = r
			case r := <-w.jobs:
				w.commit([]*request{r}, w.jobs, maxJobs)
				continue
			}
		} else {
			first, w.carry = w.carry, nil
		}
		w.commit([]*request{first}, w.appends, maxGroup)
		select {
		case r := <-w.jobs:
			w.commit([]*request{r}, w.jobs, maxJobs)
		default:
		}
	}
}

// commit takes what waits in queue, up to limit, into one transaction with group,
// and answers every request. When the transaction fails each request is tried in
// one of its own, so that what is wrong with one harms no other.
func (w *writer) commit(group []*request, queue <-chan *request, limit int) {
	group = w.gather(group, queue, limit)
	err := w.transact(group)
	if err == nil || len(group) == 1 {
		for _, r := range group {
			r.done <- err
		}
		return
	}
	for _, r := range group {
		r.done <- w.transact([]*request{r})
	}
}

// gather adds to group what waits in queue.
func (w *writer) gather(group []*request, queue <-chan *request, limit int) []*request {
	// Callers that the last commit has woken get to run and join this one.
	runtime.Gosched()
	for total := group[0].weight; total < limit; {
		select {
		case r := <-queue:
			if total += r.weight; total > limit {
				w.carry = r
				return group
			}
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// transact runs a group in one transaction.
func (w *writer) transact(group []*request) (err error) {
	ctx := context.Background() // not a caller's: one must not break off the commit of others
	if err := w.connect(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			w.disconnect(true)
		}
	}()
	t := &tx{w: w}
	if err := t.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, r := range group {
		if err := r.run(ctx, t); err != nil {
			return err
		}
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	return t.exec(ctx, "COMMIT")
}

// connect makes the connection ready, with nothing remembered.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	if err := assertDurable(ctx, conn); err != nil {
		conn.Close()
		return err
	}
	w.conn, w.stmts, w.heads = conn, make(map[string]*sql.Stmt), newHeads()
	return nil
}

// disconnect forgets cached heads and gives the connection up. A broken one is
// closed with its transaction rather than used again in whatever state it is.
func (w *writer) disconnect(broken bool) {
	if w.conn == nil {
		return
	}
	for _, s := range w.stmts {
		s.Close()
	}
	if broken {
		w.conn.ExecContext(context.Background(), "ROLLBACK") // says "no transaction" where SQLite has rolled back itself
		w.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	w.conn.Close()
	w.conn, w.stmts, w.heads = nil, nil, nil
}
