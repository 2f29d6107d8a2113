// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// usmSession is a session of SNMPv3 by gosnmp, kept from attempt to attempt so that
// the engine need not be discovered each time. Whatever goes wrong on a kept session
// is tried again with fresh parameters of the user security model: a device that was
// swapped has another engine, which gosnmp would never find out by itself.
type usmSession struct {
	target target
	usm    *usmCounter
	lib    *gosnmp.GoSNMP
	tap    *tap
	kept   bool // from an earlier attempt, and not yet answered in this one
	proven bool // an authenticated answer came in this attempt
	count  tally
	stray  *stray // open once a request got no answer
	binds  []bind
	names  []string
	data   []byte
}

// openUSM returns the session that is kept for the target, or opens one.
func (p *Prober) openUSM(tg target, know *knowledge) (*usmSession, error) {
	if s := know.session; s != nil && !s.closed() && !s.worn() {
		s.kept, s.proven, s.count = true, false, tally{}
		s.tap.reset()
		return s, nil
	}
	s := &usmSession{target: tg, usm: &p.usm.counter}
	if err := s.renew(); err != nil {
		return nil, err
	}
	know.session = s
	return s, nil
}

// renew opens a socket with fresh security parameters. The error is a *failure.
func (s *usmSession) renew() error {
	s.close()
	s.usm.made()
	lib := &gosnmp.GoSNMP{
		Target:             s.target.addr.Addr().String(),
		Port:               s.target.addr.Port(),
		Version:            gosnmp.Version3,
		Timeout:            time.Second,
		SecurityModel:      gosnmp.UserSecurityModel,
		MsgFlags:           messageFlags(s.target.credential),
		SecurityParameters: securityParameters(s.target.credential),
		ContextName:        s.target.credential.Context,
	}
	if s.target.source.IsValid() {
		lib.LocalAddr = net.JoinHostPort(s.target.source.Unmap().String(), "0")
	}
	if err := lib.Connect(); err != nil {
		return fail(probes.SendError(err))
	}
	s.tap = &tap{Conn: lib.Conn, count: &s.count}
	lib.Conn = s.tap
	s.lib, s.kept = lib, false
	return nil
}

func (s *usmSession) closed() bool { return s.lib == nil }

func (s *usmSession) close() {
	s.stray.close()
	s.stray = nil
	if s.lib != nil {
		_ = s.lib.Close()
		s.lib = nil
	}
}

// lastTime is the last engine time that is believed, an hour before the largest that
// there is (RFC 3414 section 2.2.2): devices do not answer to one beyond, and the
// library would never learn another.
const lastTime = 1<<31 - 1 - 3600

// worn reports whether what the session knows of the engine can no longer be used.
func (s *usmSession) worn() bool {
	p, ok := s.lib.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	return !ok || p.AuthoritativeEngineTime > lastTime || p.AuthoritativeEngineBoots > 1<<31-1
}

func (s *usmSession) tally() tally { return s.count }

func (s *usmSession) release(keep bool) {
	s.stray.close()
	s.stray = nil
	if !keep {
		s.close()
	}
}

func (s *usmSession) ask(ctx context.Context, req *request, again bool, deadline time.Time) (answer, error) {
	if again || s.closed() {
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
	s.names = s.names[:0]
	for _, n := range req.names {
		s.names = append(s.names, n.String())
	}
	switch req.pdu {
	case pduGetBulk:
		return s.lib.GetBulk(s.names, 0, uint32(req.repetitions))
	case pduGetNext:
		return s.lib.GetNext(s.names)
	}
	return s.lib.Get(s.names)
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
	s.binds, s.data = s.binds[:0], s.data[:0]
	for _, v := range pkt.Variables {
		name, err := parseOID(v.Name)
		if err != nil {
			name = oid{0} // matches nothing that was asked
		}
		tag, data := s.encode(v)
		s.binds = append(s.binds, bind{name: name, tag: tag, data: data})
	}
	return answer{status: int(pkt.Error), index: int(pkt.ErrorIndex), binds: s.binds}
}

// encode gives a value its content octets back. What the library could not decode has
// no type and stays without value.
func (s *usmSession) encode(v gosnmp.SnmpPDU) (byte, []byte) {
	from := len(s.data)
	switch value := v.Value.(type) {
	case int:
		s.data = appendNumber(s.data, uint64(value))
	case uint:
		s.data = appendNumber(s.data, uint64(value))
		if v.Type == gosnmp.Counter32 || v.Type == gosnmp.Gauge32 {
			if value > 1<<32-1 {
				return byte(v.Type), nil
			}
			return byte(v.Type), s.data[from+4:]
		}
	case uint32:
		// Ticks that need 33 bits, and empty ones, come out of the library as zero. A
		// device is not asked within a hundredth of a second of its start: zero is never
		// taken for an uptime.
		if v.Type == gosnmp.TimeTicks && value == 0 {
			return byte(v.Type), nil
		}
		s.data = appendNumber(s.data, uint64(value))
		return byte(v.Type), s.data[from+4:]
	case uint64:
		s.data = appendNumber(s.data, value)
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
	if len(s.data) == from {
		return withoutValue(v.Type), nil
	}
	return byte(v.Type), s.data[from:len(s.data):len(s.data)]
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
