// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// usmSession is a session of SNMPv3 by gosnmp, on a socket of its own. What it learned
// of the device's engine is kept, so that the next attempt need not discover it.
// Whatever goes wrong with what was kept is tried again with fresh parameters of the
// user security model: a device that was swapped has another engine, which gosnmp
// would never find out by itself.
type usmSession struct {
	target target
	know   *knowledge
	keys   *usmCounter
	libs   *sync.Pool // of *library
	lib    *library
	engine *authority
	tap    *tap
	kept   bool // what is known of the engine is, and was not answered to in this attempt
	proven bool // an authenticated answer came in this attempt
	count  tally
	stray  *stray // open once a request got no answer
}

// library is a handle of gosnmp with what an answer is turned into. It holds 64 KiB,
// and serves one attempt at a time.
type library struct {
	gosnmp.GoSNMP
	binds []bind
	names []string
	data  []byte
}

// authority is what is known of a device's engine, which is the authority over its
// messages (RFC 3414 section 1.5.1): its identifier, boots and time, and
// the keys that belong to it.
type authority struct {
	params  *gosnmp.UsmSecurityParameters
	context string // engine of the context
}

// openUSM returns a session to the target, with what is known of its engine.
func (p *Prober) openUSM(tg target, know *knowledge) (*usmSession, error) {
	s := &usmSession{target: tg, know: know, keys: &p.keys, libs: &p.libs}
	if e := know.engine; e != nil && !e.worn() {
		s.engine, s.kept = e, true
		return s, s.attach()
	}
	return s, s.renew()
}

// renew forgets the engine, and opens a socket. The error is a *failure.
func (s *usmSession) renew() error {
	s.close()
	s.keys.made()
	s.engine, s.kept = &authority{params: securityParameters(s.target.credential)}, false
	return s.connect()
}

// attach opens a socket for the engine that is known. The error is a *failure.
func (s *usmSession) attach() error {
	lib, ok := s.libs.Get().(*library)
	if !ok {
		return s.connect()
	}
	conn, err := dial(s.target.addr, s.target.source)
	if err != nil {
		s.libs.Put(lib)
		return fail(probes.SendError(err))
	}
	s.lib = lib
	s.configure()
	s.listen(conn)
	return nil
}

// connect opens a socket by a new handle of the library, which makes what fresh
// parameters need. The error is a *failure.
func (s *usmSession) connect() error {
	s.lib = new(library)
	s.configure()
	if err := s.lib.Connect(); err != nil {
		s.lib = nil
		return fail(probes.SendError(err))
	}
	s.listen(s.lib.Conn)
	return nil
}

// configure has the library speak to the target's engine.
func (s *usmSession) configure() {
	l := s.lib
	l.Target, l.Port, l.Version = s.target.addr.Addr().String(), s.target.addr.Port(), gosnmp.Version3
	l.Transport, l.LocalAddr, l.Timeout = "udp", "", time.Second
	if s.target.source.IsValid() {
		l.LocalAddr = net.JoinHostPort(s.target.source.Unmap().String(), "0")
	}
	l.SecurityModel, l.MsgFlags = gosnmp.UserSecurityModel, messageFlags(s.target.credential)|gosnmp.Reportable
	l.SecurityParameters, l.ContextEngineID, l.ContextName = s.engine.params, s.engine.context, s.target.credential.Context
}

// listen has the library use the socket, with a tap on it.
func (s *usmSession) listen(conn net.Conn) {
	s.tap = &tap{Conn: conn, count: &s.count}
	s.lib.Conn = s.tap
}

// close closes the socket and gives the library back.
func (s *usmSession) close() {
	s.stray.close()
	s.stray = nil
	if s.lib == nil {
		return
	}
	s.engine.context = s.lib.ContextEngineID
	_ = s.lib.Close()
	s.lib.SecurityParameters, s.lib.Context = nil, nil
	s.libs.Put(s.lib)
	s.lib = nil
}

// lastTime is the last engine time that is believed, an hour before the largest that
// there is (RFC 3414 section 2.2.2): devices do not answer to one beyond, and the
// library would never learn another.
const lastTime = 1<<31 - 1 - 3600

// worn reports whether what is known of the engine can no longer be used.
func (e *authority) worn() bool {
	return e.params.AuthoritativeEngineTime > lastTime || e.params.AuthoritativeEngineBoots > 1<<31-1
}

func (s *usmSession) tally() tally { return s.count }

func (s *usmSession) release(keep bool) {
	s.close()
	s.know.engine = nil
	if keep {
		s.know.engine = s.engine
	}
}

func (s *usmSession) ask(ctx context.Context, req *request, again bool, deadline time.Time) (answer, error) {
	if again || s.lib == nil {
		if err := s.renew(); err != nil {
			return answer{}, err
		}
	}
	until := deadline
	if again && s.count.answered == 0 {
		s.stray = listenStray(s.tap.Conn)
	}
	if again && !s.proven && s.canDiagnose() {
		until = deadline.Add(-time.Until(deadline) / 3)
	}
	ans, err := s.once(ctx, req, until)
	if err != nil && s.kept && !errors.Is(err, errSilent) && !stopped(ctx) && time.Now().Before(deadline) {
		// The error came at once, so there is time to see whether a fresh session helps.
		if err := s.renew(); err != nil {
			return answer{}, err
		}
		ans, err = s.once(ctx, req, until)
	}
	if errors.Is(err, errSilent) && again && !s.proven {
		return answer{}, s.diagnose(ctx, req, deadline)
	}
	return ans, err
}

// once sends the request once by the library.
func (s *usmSession) once(ctx context.Context, req *request, deadline time.Time) (answer, error) {
	pkt, err := s.call(ctx, req, deadline)
	switch {
	case stopped(ctx):
		return answer{}, fail(probes.Unknown(vouch.ReasonStopped, ""))
	case err == nil && pkt != nil && pkt.PDUType == gosnmp.GetResponse:
		s.kept, s.proven = false, true
		return s.answer(pkt), nil
	case pkt != nil && pkt.PDUType == gosnmp.Report && len(pkt.Variables) == 1:
		// The library deciphered it; on the wire it could not be read.
		s.tap.report = strings.TrimPrefix(pkt.Variables[0].Name, ".")
	}
	return answer{}, s.explain(err)
}

// call has the library send the request and wait for what comes.
func (s *usmSession) call(ctx context.Context, req *request, deadline time.Time) (*gosnmp.SnmpPacket, error) {
	limited, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// The library does not notice a cancellation while it waits (gosnmp #432).
	conn := s.tap.Conn
	unhook := context.AfterFunc(ctx, func() {
		if stopped(ctx) {
			_ = conn.Close()
		}
	})
	defer unhook()
	s.lib.Context = limited
	s.lib.Timeout = max(time.Until(deadline), time.Millisecond)
	s.lib.names = s.lib.names[:0]
	for _, n := range req.names {
		s.lib.names = append(s.lib.names, n.String())
	}
	switch req.pdu {
	case pduGetBulk:
		return s.lib.GetBulk(s.lib.names, 0, uint32(req.repetitions))
	case pduGetNext:
		return s.lib.GetNext(s.lib.names)
	}
	return s.lib.Get(s.lib.names)
}

// explain says why no answer came. The library's errors do not tell (its sentinels
// do not fire for authenticated users since gosnmp 1.43), so the reports that the
// device sent are read off the wire.
func (s *usmSession) explain(err error) error {
	if r, ok := reportResult(s.tap.report, s.target.credential); ok {
		return fail(r)
	}
	switch {
	case s.tap.sendErr != nil:
		return fail(probes.SendError(s.tap.sendErr))
	case s.tap.recvErr != nil && !probes.IsTimeout(s.tap.recvErr):
		return fail(probes.ReceiveError(s.tap.recvErr))
	case s.tap.came && s.tap.recvErr == nil:
		return errGarbled
	case s.tap.foreign != nil:
		return s.tap.foreign
	}
	return errSilent
}

// answer turns a packet of the library into the form that all sessions share.
func (s *usmSession) answer(pkt *gosnmp.SnmpPacket) answer {
	s.lib.binds, s.lib.data = s.lib.binds[:0], s.lib.data[:0]
	for _, v := range pkt.Variables {
		name, err := parseOID(v.Name)
		if err != nil {
			name = oid{0} // matches nothing that was asked
		}
		tag, data := s.encode(v)
		s.lib.binds = append(s.lib.binds, bind{name: name, tag: tag, data: data})
	}
	return answer{status: int(pkt.Error), index: int(pkt.ErrorIndex), binds: s.lib.binds}
}

// encode gives a value its content octets back. What the library could not decode has
// no type and stays without value.
func (s *usmSession) encode(v gosnmp.SnmpPDU) (byte, []byte) {
	from := len(s.lib.data)
	switch value := v.Value.(type) {
	case int:
		s.lib.data = appendNumber(s.lib.data, uint64(value))
	case uint:
		s.lib.data = appendNumber(s.lib.data, uint64(value))
		if v.Type == gosnmp.Counter32 || v.Type == gosnmp.Gauge32 {
			if value > 1<<32-1 {
				return byte(v.Type), nil
			}
			return byte(v.Type), s.lib.data[from+4:]
		}
	case uint32:
		// Ticks that need 33 bits, and empty ones, come out of the library as zero. A
		// device is not asked within a hundredth of a second of its start: zero is never
		// taken for an uptime.
		if v.Type == gosnmp.TimeTicks && value == 0 {
			return byte(v.Type), nil
		}
		s.lib.data = appendNumber(s.lib.data, uint64(value))
		return byte(v.Type), s.lib.data[from+4:]
	case uint64:
		s.lib.data = appendNumber(s.lib.data, value)
	case []byte:
		return byte(v.Type), value
	case float32:
		return tagOpaque, appendOpaqueFloat(float64(value))
	case float64:
		return tagOpaque, appendOpaqueFloat(value)
	case string:
		if v.Type == gosnmp.ObjectIdentifier {
			o, err := parseOID(value)
			if err != nil {
				return tagNull, nil
			}
			return tagOID, o
		}
		return tagOctetString, []byte(value)
	}
	if len(s.lib.data) == from {
		return withoutValue(v.Type), nil
	}
	return byte(v.Type), s.lib.data[from:len(s.lib.data):len(s.lib.data)]
}

func withoutValue(t gosnmp.Asn1BER) byte {
	switch t {
	case gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView:
		return byte(t)
	}
	return tagNull
}

func messageFlags(c probes.Credential) gosnmp.SnmpV3MsgFlags {
	switch c.SecurityLevel() {
	case probes.AuthPriv:
		return gosnmp.AuthPriv
	case probes.AuthNoPriv:
		return gosnmp.AuthNoPriv
	}
	return gosnmp.NoAuthNoPriv
}

func securityParameters(c probes.Credential) *gosnmp.UsmSecurityParameters {
	p := &gosnmp.UsmSecurityParameters{UserName: c.User, AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv}
	level := c.SecurityLevel()
	if level == probes.NoAuthNoPriv {
		return p
	}
	p.AuthenticationProtocol = map[probes.AuthProtocol]gosnmp.SnmpV3AuthProtocol{
		probes.AuthMD5: gosnmp.MD5, probes.AuthSHA: gosnmp.SHA, probes.AuthSHA224: gosnmp.SHA224,
		probes.AuthSHA256: gosnmp.SHA256, probes.AuthSHA384: gosnmp.SHA384, probes.AuthSHA512: gosnmp.SHA512,
	}[c.Auth]
	// A copy: the library logs and copies its own string, which must not be ours.
	p.AuthenticationPassphrase = strings.Clone(string(c.AuthPassword))
	if level == probes.AuthNoPriv {
		return p
	}
	p.PrivacyProtocol = map[probes.PrivProtocol]gosnmp.SnmpV3PrivProtocol{
		probes.PrivDES: gosnmp.DES, probes.PrivAES: gosnmp.AES, probes.PrivAES192: gosnmp.AES192,
		probes.PrivAES256: gosnmp.AES256, probes.PrivAES192C: gosnmp.AES192C, probes.PrivAES256C: gosnmp.AES256C,
	}[c.Priv]
	p.PrivacyPassphrase = strings.Clone(string(c.PrivPassword))
	return p
}
