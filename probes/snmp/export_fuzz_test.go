// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// script is a session whose answers are known beforehand. Each is a list of bindings
// as it stands on the wire, after two octets: error-status and error-index.
type script struct {
	answers [][]byte
	device  func(Question) []Bind // where not nil, answers beyond the script
	said    [][]byte
	binds   []bind
	count   tally
}

func (s *script) tally() tally { return s.count }
func (s *script) release(bool) {}

func (s *script) ask(_ context.Context, req *request, _ bool, _ time.Time) (answer, error) {
	s.count.sent++
	var raw []byte
	switch {
	case len(s.answers) > 0:
		raw, s.answers = s.answers[0], s.answers[1:]
	case s.device != nil:
		q := Question{PDU: req.pdu, Reps: req.repetitions}
		for _, n := range req.names {
			q.Names = append(q.Names, n.String())
		}
		raw = append([]byte{0, 0}, EncodeBinds(s.device(q))...)
		s.said = append(s.said, raw)
	}
	if len(raw) < 2 {
		return answer{}, errSilent
	}
	s.count.answered++
	s.count.rtt = time.Millisecond
	binds, ok := decodeBinds(raw[2:], s.binds[:0])
	if !ok {
		return answer{}, errGarbled
	}
	s.binds = binds
	return answer{status: int(raw[0]), index: int(raw[1]), binds: binds}, nil
}

// MostExchanges is how many requests an attempt makes at most.
const MostExchanges = maxExchanges

// RunScript makes two attempts, one after the other, whose answers are the script's,
// and returns their results and how many requests the longer one made.
func RunScript(p *vouch.Profile, answers [][]byte) (results [2]vouch.Result, exchanges int) {
	pl := newPlan(p)
	m := (*memory)(nil).current(pl, time.Now())
	a, s := new(attempt), &script{answers: answers}
	for i := range results {
		a.start(s, time.Now().Add(time.Hour), pl, m, newWay(probes.SNMPv2c, p))
		results[i] = a.run(context.Background())
		exchanges = max(exchanges, a.exchanges)
		s.count = tally{}
	}
	return results, exchanges
}

// Script returns the answers that a device gives in an attempt.
func Script(p *vouch.Profile, device func(Question) []Bind) [][]byte {
	pl := newPlan(p)
	a, s := new(attempt), &script{device: device}
	a.start(s, time.Now().Add(time.Hour), pl, (*memory)(nil).current(pl, time.Now()), newWay(probes.SNMPv2c, p))
	a.run(context.Background())
	return s.said
}

// echo is a socket on which each message gets the same answer, under the msgID of the
// message.
type echo struct {
	net.Conn
	answer []byte
	id     int64
	said   bool
}

func (e *echo) Write(b []byte) (int, error) {
	e.id, _ = messageID(b)
	e.said = false
	return len(b), nil
}

func (e *echo) Read(b []byte) (int, error) {
	if e.said || len(e.answer) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	e.said = true
	n := copy(b, e.answer)
	// The msgID stands in front of the first element of four octets with tag INTEGER.
	for i := 0; i+6 <= min(n, 24); i++ {
		if b[i] == tagInteger && b[i+1] == 4 {
			binary.BigEndian.PutUint32(b[i+2:], uint32(e.id))
			break
		}
	}
	return n, nil
}

// AskLibrary has the library ask for a scalar over SNMPv3 without keys, and answers it
// with the datagram. It returns the texts of what the session makes of that.
func AskLibrary(datagram []byte) ([]string, error) {
	s := &usmSession{target: target{addr: netip.MustParseAddrPort("127.0.0.1:9"), credential: probes.Credential{User: "u"}}, keys: new(usmCounter), libs: new(sync.Pool)}
	if err := s.renew(); err != nil { // opens a socket and sends nothing
		return nil, err
	}
	defer s.close()
	s.tap.Conn = &echo{Conn: s.tap.Conn, answer: datagram}
	ans, err := s.once(context.Background(), &request{pdu: pduGet, names: []oid{mustOID(sysUpTime)}}, time.Now().Add(time.Second))
	var out []string
	for _, b := range ans.binds {
		if !b.name.check() {
			return nil, fmt.Errorf("the session returned the name %x", []byte(b.name))
		}
		out = append(out, string(appendTextOf(nil, b.tag, b.data)))
	}
	return out, err
}

// MessageID returns the msgID of a message of SNMPv3.
func MessageID(datagram []byte) (int64, bool) { return messageID(datagram) }
