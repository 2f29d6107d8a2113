// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// The sequence number of a request says whose it is: which exchange, and the how
// manieth request of it. So an ICMP error that quotes no more than the header of the
// request finds its exchange.
const (
	numberBits   = 5 // 2^5 > maxCount
	maxExchanges = 1 << (16 - numberBits)
)

// shared is one socket for the rounds of one family, with one goroutine that reads.
// A reply counts when it comes from the address that was asked, carries the token of
// the exchange and the number of a request that was not answered before, and reached
// this host before the exchange ended. Everything else is passed over.
type shared struct {
	began time.Time // what all durations below count from
	pool  sync.Pool // of *exchange

	sending sync.Mutex // guards the socket's side that sends
	socket  *socket

	receiving sync.Mutex // guards the socket's side that receives

	mu      sync.Mutex // guards all below, and the exchanges that lie in open
	open    []*exchange
	next    int // where to look for a free place
	running int
	dropped uint32        // packets that found no room in the receive buffer
	noticed time.Duration // when they were last seen to have become more

	watch *os.File // readable when the socket is; closed, it ends the reader
	done  chan struct{}
}

// exchange is one round over a shared socket.
type exchange struct {
	addr    netip.Addr // without zone
	token   uint64
	place   int
	until   time.Duration
	count   int
	sent    [maxCount]time.Duration // since shared.began
	rtt     [maxCount]time.Duration // negative where no reply came
	asked   int                     // requests sent
	replies int
	last    time.Duration // when the last reply came
	notice  notice
	ended   chan struct{} // capacity 1: every request is answered

	timer *time.Timer
	to4   unix.SockaddrInet4
	to6   unix.SockaddrInet6
}

func openShared(mode Mode, six bool) (*shared, error) {
	socket, err := openSocket(mode, six)
	if err != nil {
		return nil, err
	}
	watch, err := socket.watched()
	if err != nil {
		socket.close()
		return nil, err
	}
	s := &shared{began: time.Now(), socket: socket, watch: watch, done: make(chan struct{})}
	s.pool.New = func() any {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return &exchange{timer: t, ended: make(chan struct{}, 1)}
	}
	go s.read()
	return s, nil
}

// close ends the reader and closes the socket.
func (s *shared) close() {
	_ = s.watch.Close()
	<-s.done
	s.socket.close()
}

// read receives until closed.
func (s *shared) read() {
	defer close(s.done)
	conn, err := s.watch.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(uintptr) bool { // its error is that it was closed
		s.take(false)
		return false // and wait for more
	})
}

// looks bounds how often one take looks at the socket.
const looks = 64

// take receives the replies that have come, and ICMP errors: where there are no
// replies, or where all is wanted.
func (s *shared) take(all bool) {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	for range looks {
		n, err := s.socket.receive(0)
		now := time.Now()
		s.mu.Lock()
		for i := range n {
			if p, ok := s.socket.message(i, now); ok {
				s.answer(p, now.Sub(s.began))
			}
		}
		s.mu.Unlock()
		// An error but EAGAIN is that of a request, told once: what it is about lies in
		// the queue of errors, and replies may lie behind it.
		told := err != nil && !errors.Is(err, unix.EAGAIN)
		if told || n == 0 || all {
			s.takeErrors()
		}
		if n < batch && !told {
			return
		}
	}
}

// takeErrors receives ICMP errors.
func (s *shared) takeErrors() {
	n, err := s.socket.receive(unix.MSG_ERRQUEUE)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		if p, told, ok := s.socket.notice(i); ok {
			if e := s.whose(p); e != nil {
				e.notice = told
			}
		}
	}
}

// whose returns the exchange of an answer or of what an error quotes, or nil. The
// caller holds mu.
func (s *shared) whose(p packet) *exchange {
	place := int(p.seq >> numberBits)
	if place >= len(s.open) || s.open[place] == nil {
		return nil
	}
	e := s.open[place]
	if p.from != e.addr || p.whole && p.token != e.token || int(p.seq&(1<<numberBits-1)) >= e.asked {
		return nil
	}
	return e
}

// answer takes note of an echo reply. The caller holds mu.
func (s *shared) answer(p packet, now time.Duration) {
	e := s.whose(p)
	if e == nil {
		return
	}
	i := int(p.seq & (1<<numberBits - 1))
	// A wall clock that was stepped since the kernel's stamp must not lead before the
	// request.
	came := max(now-p.waited, e.sent[i]+1)
	if e.rtt[i] >= 0 || came > e.until {
		return
	}
	e.rtt[i] = came - e.sent[i]
	e.last = max(e.last, came)
	e.replies++
	if e.replies == e.count {
		e.ended <- struct{}{} // once: a request is answered once
	}
}

// enter gives an exchange a place and a token, or returns false where all are taken.
func (s *shared) enter(e *exchange) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == maxExchanges {
		return false
	}
	if s.running == len(s.open) {
		s.open = append(s.open, make([]*exchange, min(max(16, len(s.open)), maxExchanges-len(s.open)))...)
	}
	// In turn, so that a number is used again as late as can be.
	for s.open[s.next%len(s.open)] != nil {
		s.next++
	}
	e.place = s.next % len(s.open)
	s.next = e.place + 1
	s.open[e.place] = e
	s.running++
	return true
}

// leave ends an exchange: nothing is noted of it any more.
func (s *shared) leave(e *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[e.place] = nil
	s.running--
}

// overflowed reports whether the kernel has perhaps dropped replies since then,
// because nobody read them in time.
func (s *shared) overflowed(since time.Duration) bool {
	dropped := s.socket.dropped()
	s.mu.Lock()
	defer s.mu.Unlock()
	if dropped != s.dropped {
		s.dropped, s.noticed = dropped, time.Since(s.began)
	}
	return s.noticed > since
}

// probe makes one attempt. The numbers of the check are within their bounds.
func (s *shared) probe(ctx context.Context, t probes.Target) vouch.Result {
	if errors.Is(ctx.Err(), context.Canceled) {
		return probes.Unknown(vouch.ReasonStopped, "")
	}
	c := &t.Check
	e := s.pool.Get().(*exchange)
	defer s.pool.Put(e)
	to := e.prepare(c.Addr)
	e.token, e.count = rand.Uint64(), c.Count
	begun := time.Since(s.began)
	e.until = begun + c.Timeout
	if d, ok := ctx.Deadline(); ok {
		e.until = min(e.until, d.Sub(s.began))
	}
	if !s.enter(e) {
		return probes.Unknown(vouch.ReasonOverload, "more than "+strconv.Itoa(maxExchanges)+" rounds at once")
	}
	err := s.round(ctx, e, to, from(t.Source), c)
	s.leave(e)

	res := vouch.Result{Sent: e.asked, Lost: e.asked - e.replies}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		res.Reason = vouch.ReasonStopped
	case e.replies > 0:
		res.Outcome = vouch.Up
		res.RTT = summary(e.rtt[:e.asked])
		if res.Lost == 0 {
			res.Duration = e.last - begun
		}
	case err != nil:
		res = probes.SendError(err)
		res.Sent, res.Lost = e.asked, e.asked
	case e.asked < min(c.Count, 1+int((e.until-begun-1)/c.Spacing)):
		// Fewer requests than the check wants are no proof of anything.
		res.Reason, res.Detail = vouch.ReasonOverload, "only "+strconv.Itoa(e.asked)+" of "+strconv.Itoa(c.Count)+" requests could be sent in time"
	case s.overflowed(begun):
		res.Reason, res.Detail = vouch.ReasonOverload, "the receive buffer of the ICMP socket overflowed"
	default:
		res.Outcome, res.Reason, res.Detail = e.notice.verdict(c.Addr)
	}
	return res
}

// round sends the requests and waits for the replies. It returns the last error of
// sending.
func (s *shared) round(ctx context.Context, e *exchange, to unix.Sockaddr, control []byte, c *vouch.Check) (failed error) {
	for tried := 0; ; {
		now := time.Since(s.began)
		if now >= e.until {
			// Perhaps it was we who slept: what has come by now may have come in time.
			s.take(true)
			return failed
		}
		wait := e.until - now
		if tried < c.Count {
			if err := s.ask(e, to, control, c.Size); err != nil {
				failed = err
			}
			if tried++; tried < c.Count {
				wait = min(wait, c.Spacing)
			} else if s.answered(e) {
				return failed
			}
		}
		e.timer.Reset(wait)
		select {
		case <-e.ended:
			e.timer.Stop()
			return nil
		case <-ctx.Done():
			e.timer.Stop()
			s.take(true) // for a deadline of the caller, which is a timeout
			return failed
		case <-e.timer.C:
		}
	}
}

// answered reports whether nothing is awaited of an exchange whose last request is
// out, and has it end with the last reply: some may not have been sent.
func (s *shared) answered(e *exchange) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.count == e.asked {
		return false // as is usual: the last reply says so
	}
	e.count = e.asked
	return e.replies == e.asked
}

// ask sends the next request of an exchange.
func (s *shared) ask(e *exchange, to unix.Sockaddr, control []byte, size int) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	i := e.asked
	e.sent[i], e.rtt[i] = time.Since(s.began), -1
	e.asked++ // before it leaves: the answer may be here before the call returns
	s.mu.Unlock()
	err := s.socket.send(to, control, uint16(e.place<<numberBits|i), e.token, size)
	if err != nil {
		s.mu.Lock()
		e.asked--
		s.mu.Unlock()
	}
	return err
}

// prepare empties an exchange for an address and returns where to send.
func (e *exchange) prepare(addr netip.Addr) unix.Sockaddr {
	e.asked, e.replies, e.last, e.notice = 0, 0, 0, notice{}
	select {
	case <-e.ended:
	default:
	}
	e.addr = addr.WithZone("")
	if addr.Is4() {
		e.to4.Addr = addr.As4()
		return &e.to4
	}
	e.to6.Addr, e.to6.ZoneId = addr.As16(), zone(addr.Zone())
	return &e.to6
}

// zone returns the number of an interface that is named, or 0.
func zone(name string) uint32 {
	if name == "" {
		return 0
	}
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		return 0 // the kernel refuses it
	}
	return uint32(n)
}
