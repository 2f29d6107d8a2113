// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"encoding/binary"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// tap lies between gosnmp and its socket. It notes what the library does not tell:
// what was sent and received and when, the errors, and the reports. It passes only
// messages that answer the last one sent (RFC 3412 section 7.2.10): the library ends
// its wait at the first datagram that it cannot read, so that a single forged one
// would cost a request.
type tap struct {
	net.Conn
	count   *tally
	sentAt  time.Time
	id      int64 // msgID of the last message sent
	sendErr error
	recvErr error
	foreign error  // of the last datagram that was passed over since the last request
	came    bool   // a message passed since the last request
	report  string // OID in the last report since the last request
	engine  bool   // the engine answered discovery in this attempt
}

func (t *tap) Write(b []byte) (int, error) {
	t.sendErr, t.recvErr, t.foreign, t.came, t.report = nil, nil, nil, false, ""
	t.sentAt = time.Now()
	t.id, _ = messageID(b)
	n, err := t.Conn.Write(b)
	if t.sendErr = err; err == nil {
		t.count.sent++
	}
	return n, err
}

func (t *tap) Read(b []byte) (int, error) {
	for last := false; ; {
		n, err := t.Conn.Read(b)
		if probes.IsTimeout(err) && !last {
			// As in wire.await: perhaps it was we who slept.
			if last = true; t.Conn.SetReadDeadline(time.Now().Add(lastLook)) == nil {
				continue
			}
		}
		if t.recvErr = err; err != nil {
			return n, err
		}
		id, ok := messageID(b[:n])
		switch {
		case !ok:
			t.foreign = errUnreadable
			continue
		case id != t.id:
			t.foreign = errForeign
			continue
		}
		t.came = true
		t.count.answered++
		t.count.rtt = time.Since(t.sentAt)
		if r := readReport(b[:n]); r != nil {
			t.report = r.String()
			t.engine = t.engine || t.report == unknownEngineIDs || t.report == unknownUserNames
		}
		return n, nil
	}
}

// messageID returns the msgID of a message of SNMPv3 (RFC 3412 section 6).
func messageID(datagram []byte) (int64, bool) {
	tag, msg, _, ok := enter(datagram)
	if !ok || tag != tagSequence {
		return 0, false
	}
	version, msg, ok := readInteger(msg)
	if !ok || version != wireV3 {
		return 0, false
	}
	header, _, ok := readAs(tagSequence, msg)
	if !ok {
		return 0, false
	}
	id, _, ok := readInteger(header)
	return id, ok
}

// Objects that a report names (RFC 3414 section 5, RFC 3412 section 5).
const (
	unsupportedSecLevels       = "1.3.6.1.6.3.15.1.1.1.0"
	notInTimeWindows           = "1.3.6.1.6.3.15.1.1.2.0"
	unknownUserNames           = "1.3.6.1.6.3.15.1.1.3.0"
	unknownEngineIDs           = "1.3.6.1.6.3.15.1.1.4.0"
	wrongDigests               = "1.3.6.1.6.3.15.1.1.5.0"
	decryptionErrors           = "1.3.6.1.6.3.15.1.1.6.0"
	unknownSecurityModels      = "1.3.6.1.6.3.11.2.1.1.0"
	unavailableContexts        = "1.3.6.1.6.3.12.1.4.0"
	unknownContexts            = "1.3.6.1.6.3.12.1.5.0"
	pduReport             byte = 0xa8
)

// reportResult returns what a report says of the credential.
func reportResult(report string, c probes.Credential) (vouch.Result, bool) {
	credentials := func(detail string) (vouch.Result, bool) {
		return probes.Unknown(vouch.ReasonCredentials, detail), true
	}
	user := `user "` + c.User + `"`
	switch report {
	case unknownUserNames:
		return credentials("the device does not know " + user + " (usmStatsUnknownUserNames)")
	case wrongDigests:
		return credentials("the authentication password or protocol of " + user + " is wrong (usmStatsWrongDigests)")
	case unsupportedSecLevels:
		return credentials(user + " is not set up for " + string(c.SecurityLevel()) + " on the device (usmStatsUnsupportedSecLevels)")
	case decryptionErrors:
		return credentials("the privacy password or protocol of " + user + " is wrong (usmStatsDecryptionErrors)")
	case unknownSecurityModels:
		return credentials("the device has no user-based security (snmpUnknownSecurityModels)")
	case unavailableContexts, unknownContexts:
		return credentials(`the device does not know the context "` + c.Context + `"`)
	case notInTimeWindows:
		return probes.Unknown(vouch.ReasonProtocol, "the device's engine time cannot be followed (usmStatsNotInTimeWindows)"), true
	}
	return vouch.Result{}, false
}

// readReport returns the OID of the first binding of an unencrypted report, or nil.
// Reports of a wrong user or key cannot be authenticated, so nothing but the wording
// of an unknown result may rest on them.
func readReport(datagram []byte) oid {
	msg, _, ok := readAs(tagSequence, datagram)
	for _, tag := range []byte{tagInteger, tagSequence, tagOctetString} { // version, header, security parameters
		if ok {
			_, msg, ok = readAs(tag, msg)
		}
	}
	if !ok {
		return nil
	}
	scoped, _, ok := readAs(tagSequence, msg)
	for range 2 { // engine and name of the context
		if ok {
			_, scoped, ok = readAs(tagOctetString, scoped)
		}
	}
	if !ok {
		return nil
	}
	pdu, _, ok := readAs(pduReport, scoped)
	for range 3 { // request-id, error-status, error-index
		if ok {
			_, pdu, ok = readAs(tagInteger, pdu)
		}
	}
	if !ok {
		return nil
	}
	list, _, ok := readAs(tagSequence, pdu)
	if !ok {
		return nil
	}
	vb, _, ok := readAs(tagSequence, list)
	if !ok {
		return nil
	}
	name, _, ok := readAs(tagOID, vb)
	if !ok || !oid(name).check() {
		return nil
	}
	return name
}

// usmCounter bounds the library's cache of keys, which is global and grows by an
// entry for each engine it meets. Clearing it costs some hashing, nothing else.
type usmCounter struct{ sessions atomic.Int64 }

const maxCachedKeys = 4096

func (c *usmCounter) made() {
	if c.sessions.Add(1)%maxCachedKeys == 0 {
		gosnmp.PasswordCaching(false)
		gosnmp.PasswordCaching(true)
	}
}

func appendNumber(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }

func appendOpaqueFloat(v float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{0x9f, opaqueDouble, 8}, math.Float64bits(v))
}
