// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"net"
	"sync"
	"time"
)

// buffered is a pipe whose writes do not wait for who reads, as those to a socket do not:
// two ends that say good-bye at once, each with a lock held, would stop virtual time.
type buffered struct {
	net.Conn
	mu     sync.Mutex // guards what follows
	more   *sync.Cond
	out    [][]byte
	closed bool
	err    error
}

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c}
	b.more = sync.NewCond(&b.mu)
	go b.pump()
	return b
}

// pump writes what is queued until the end is closed and a moment has passed.
func (b *buffered) pump() {
	defer b.Conn.Close()
	for {
		b.mu.Lock()
		for len(b.out) == 0 && !b.closed {
			b.more.Wait()
		}
		if len(b.out) == 0 {
			b.mu.Unlock()
			return
		}
		p := b.out[0]
		b.out = b.out[1:]
		b.mu.Unlock()
		if _, err := b.Conn.Write(p); err != nil {
			b.mu.Lock()
			b.err, b.out = err, nil
			b.mu.Unlock()
			return
		}
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return 0, b.err
	case b.closed:
		return 0, net.ErrClosed
	}
	b.out = append(b.out, append([]byte(nil), p...))
	b.more.Signal()
	return len(p), nil
}

func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		_ = b.Conn.SetDeadline(time.Now().Add(time.Second))
		b.more.Signal()
	}
	return nil
}

// Deadlines of writing are kept by Close alone.
func (b *buffered) SetWriteDeadline(time.Time) error { return nil }

func (b *buffered) SetDeadline(t time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	return b.Conn.SetReadDeadline(t)
}
