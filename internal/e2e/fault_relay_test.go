// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// relay passes connections on to the collector, or does to them what boxes on the way do.
type relay struct {
	net *network

	mu    sync.Mutex // guards what follows
	mode  relayMode
	cut   int // bytes after which connections end, where mode is that
	conns map[*net.TCPConn]*relayed
	seen  map[relayMode]int // connections that met each mode
}

type relayMode string

const (
	relayPasses  relayMode = "pass"
	relayResets  relayMode = "reset"  // every connection, with RST
	relayCuts    relayMode = "cut"    // every connection, after some bytes
	relayFreezes relayMode = "freeze" // open ones swallow all, new ones too: half-open
)

// relayed is one connection. Once frozen it never passes anything again.
type relayed struct {
	mode   relayMode
	left   int
	frozen bool
}

func newRelay(n *network, g *errgroup.Group, ctx context.Context) *relay {
	r := &relay{net: n, mode: relayPasses, conns: map[*net.TCPConn]*relayed{}, seen: map[relayMode]int{}}
	ln := n.listen("router", relayAddr)
	context.AfterFunc(ctx, func() {
		ln.Close()
		r.set(relayResets, 0)
	})
	g.Go(func() error {
		var open sync.WaitGroup
		defer open.Wait()
		for {
			c, err := ln.Accept()
			if err != nil {
				return nil
			}
			open.Go(func() { r.pass(c.(*net.TCPConn)) })
		}
	})
	return r
}

// set changes what happens to connections, open ones included.
func (r *relay) set(mode relayMode, cut int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mode, r.cut = mode, cut
	for c, of := range r.conns {
		switch mode {
		case relayResets:
			_ = c.SetLinger(0)
			_ = c.Close()
		case relayFreezes:
			of.frozen = true
		}
	}
}

// met returns how many connections were made while in a mode.
func (r *relay) met(mode relayMode) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[mode]
}

func (r *relay) pass(in *net.TCPConn) {
	r.mu.Lock()
	of := &relayed{mode: r.mode, left: r.cut, frozen: r.mode == relayFreezes}
	r.seen[r.mode]++
	r.conns[in] = of
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.conns, in)
		r.mu.Unlock()
		if of.mode == relayResets {
			_ = in.SetLinger(0)
		}
		_ = in.Close()
	}()
	if of.mode == relayResets {
		_, _ = in.Read(make([]byte, 1))
		return
	}
	var out net.Conn
	err := r.net.enter("router", func() (err error) {
		out, err = net.DialTimeout("tcp", uplinkAddr, 10*time.Second)
		return err
	})
	if err != nil {
		return
	}
	defer out.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		r.copy(in, out, of)
		_ = in.Close() // ends the other direction
	}()
	r.copy(out, in, of)
	_ = out.Close()
	_ = in.Close()
	<-back
}

// copy copies until an end is closed or the connection has had its bytes.
func (r *relay) copy(to io.Writer, from io.Reader, of *relayed) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		r.mu.Lock()
		frozen, last := of.frozen, false
		if of.mode == relayCuts {
			n = min(n, of.left)
			of.left -= n
			last = of.left == 0
		}
		r.mu.Unlock()
		if n > 0 && !frozen {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil || last {
			return
		}
	}
}
