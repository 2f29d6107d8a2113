// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// wire is a session of SNMPv1 or v2c on a connected socket of its own. The kernel
// drops what comes from any other address or port, a fresh port and random
// request-ids make answers hard to forge, and datagrams that are not the answer are
// passed over, so that a forged one costs nothing.
//
// It exists beside gosnmp because decoding a table there costs more than everything
// else in a poll together; BenchmarkPoll113 shows both.
type wire struct {
	conn      *net.UDPConn
	version   byte
	community string
	unhook    func() bool
	buffers   *buffers
	stray     *stray // open once a request got no answer

	until  time.Time // deadline of the socket
	ids    [tries]uint32
	sentAt [tries]time.Time
	n      int // ids in use
	count  tally
}

// buffers are reused from attempt to attempt.
type buffers struct {
	in    [maxDatagram]byte
	out   []byte
	binds []bind
}

// dialWire opens the socket. The error is a *failure.
func dialWire(ctx context.Context, addr netip.AddrPort, source netip.Addr, version byte, community string, b *buffers) (*wire, error) {
	conn, err := dial(addr, source)
	if err != nil {
		return nil, fail(probes.SendError(err))
	}
	w := &wire{conn: conn, version: version, community: community, buffers: b}
	if ctx.Done() != nil {
		// A deadline in the past wakes a waiting read; ask looks at ctx after setting
		// its own, so that neither order loses the cancellation.
		w.unhook = context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	}
	return w, nil
}

// dial opens a connected socket, from the source where that is valid.
func dial(addr netip.AddrPort, source netip.Addr) (*net.UDPConn, error) {
	var local *net.UDPAddr
	if source.IsValid() {
		local = net.UDPAddrFromAddrPort(netip.AddrPortFrom(source.Unmap(), 0))
	}
	return net.DialUDP("udp", local, net.UDPAddrFromAddrPort(addr))
}

func (w *wire) tally() tally { return w.count }

func (w *wire) release(bool) {
	if w.unhook != nil {
		w.unhook()
	}
	w.stray.close()
	_ = w.conn.Close()
}

func (w *wire) ask(ctx context.Context, req *request, again bool, deadline time.Time) (answer, error) {
	if err := w.limit(deadline); err != nil {
		return answer{}, fail(probes.SendError(err))
	}
	if stopped(ctx) {
		return answer{}, fail(probes.Unknown(vouch.ReasonStopped, ""))
	}
	if !again {
		w.n = 0
	} else if w.count.answered == 0 && w.stray == nil {
		w.stray = listenStray(w.conn)
	}
	// Below 2^24 four octets would not be the shortest form of the number.
	id := 1<<24 + rand.Uint32N(1<<31-1<<24)
	w.ids[w.n], w.sentAt[w.n] = id, time.Now()
	w.n++
	w.buffers.out = appendRequest(w.buffers.out[:0], w.version, w.community, id, req)
	if _, err := w.conn.Write(w.buffers.out); err != nil {
		return answer{}, fail(probes.SendError(err))
	}
	w.count.sent++
	return w.await(ctx)
}

// limit sets the deadline of the socket, unless it is nearly that: the first tries of
// an attempt's requests all end about when half of its timeout is used up, and each
// change of a deadline costs about as much as decoding an answer.
func (w *wire) limit(deadline time.Time) error {
	if ahead := deadline.Sub(w.until); ahead >= 0 && ahead < time.Until(deadline)/32 {
		return nil
	}
	w.until = deadline
	return w.conn.SetReadDeadline(deadline)
}

// await reads datagrams until the answer or the deadline comes. When it is the
// deadline, the error tells whether anything came at all.
func (w *wire) await(ctx context.Context) (answer, error) {
	outcome, last := errSilent, false
	for {
		n, err := w.conn.Read(w.buffers.in[:])
		if err != nil {
			switch {
			case stopped(ctx):
				return answer{}, fail(probes.Unknown(vouch.ReasonStopped, ""))
			case probes.IsTimeout(err) && !last:
				// Perhaps it was we who slept: an answer that lies in the socket came,
				// however late we are to read it. The device is not to blame for that.
				last = true
				w.until = time.Now().Add(lastLook)
				if err := w.conn.SetReadDeadline(w.until); err != nil {
					return answer{}, fail(probes.ReceiveError(err))
				}
				continue
			case probes.IsTimeout(err):
				return answer{}, w.unlessStray(outcome)
			}
			return answer{}, fail(probes.ReceiveError(err))
		}
		ans, which, err := decodeAnswer(w.buffers.in[:n], w.version, w.community, w.ids[:w.n], w.buffers.binds[:0])
		if err != nil && !errors.Is(err, errGarbled) {
			outcome = err
			continue
		}
		w.count.answered++
		w.count.rtt = time.Since(w.sentAt[which])
		if err != nil {
			return answer{}, err
		}
		w.buffers.binds = ans.binds
		return ans, nil
	}
}

// unlessStray returns err, or the failure that an answer came from elsewhere.
func (w *wire) unlessStray(err error) error {
	from, ok := w.stray.sender(w.buffers.in[:], func(b []byte) bool {
		_, _, err := decodeAnswer(b, w.version, w.community, w.ids[:w.n], w.buffers.binds[:0])
		return err == nil
	})
	if ok {
		return fail(strayResult(from, w.conn.RemoteAddr()))
	}
	return err
}

// maxDatagram bounds an answer. A few fragments are asked for at most; what is longer
// is cut off here, as it would be on many ways, and then asked for in smaller pieces.
// Each attempt under way holds so much: at a datagram's largest size, 64 KiB, that
// would be most of an agent's memory.
const maxDatagram = 16 << 10

// lastLook is how long a read waits that only takes what has come already. A deadline
// that has passed would not even look.
const lastLook = time.Millisecond

// stopped reports whether the caller broke the attempt off; a deadline that passed
// is a timeout.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
