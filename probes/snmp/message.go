// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// PDU tags (RFC 1157, RFC 3416) and versions as the wire numbers them.
const (
	pduGet      = 0xa0
	pduGetNext  = 0xa1
	pduResponse = 0xa2
	pduGetBulk  = 0xa5

	wireV1  = 0
	wireV2c = 1
	wireV3  = 3
)

// Values of error-status (RFC 3416 section 3).
const (
	statusNoError            = 0
	statusTooBig             = 1
	statusNoSuchName         = 2
	statusAuthorizationError = 16
)

// request asks for names. Repetitions are those of a GETBULK.
type request struct {
	pdu         byte
	repetitions int
	names       []oid
}

// bind is one variable binding of an answer. Its bytes are valid until the session
// is asked again.
type bind struct {
	name oid
	tag  byte
	data []byte // content octets
}

// answer is what a device said to a request.
type answer struct {
	status int // error-status
	index  int // error-index, from 1; 0 where no binding is named
	binds  []bind
}

// appendRequest appends the message of SNMPv1 or v2c that carries the request. The
// id lies in [2^24, 2^31), so that its four octets are its shortest form.
func appendRequest(dst []byte, version byte, community string, id uint32, req *request) []byte {
	list := 0
	for _, n := range req.names {
		list += tlvSize(tlvSize(len(n)) + 2)
	}
	body := 6 + 3 + 3 + tlvSize(list)
	message := 3 + tlvSize(len(community)) + tlvSize(body)

	dst = appendHead(dst, tagSequence, message)
	dst = append(dst, tagInteger, 1, version)
	dst = appendHead(dst, tagOctetString, len(community))
	dst = append(dst, community...)
	dst = appendHead(dst, req.pdu, body)
	dst = binary.BigEndian.AppendUint32(append(dst, tagInteger, 4), id)
	// Error-status and error-index, or non-repeaters and max-repetitions.
	dst = append(dst, tagInteger, 1, 0, tagInteger, 1, byte(req.repetitions))
	dst = appendHead(dst, tagSequence, list)
	for _, n := range req.names {
		dst = appendHead(dst, tagSequence, tlvSize(len(n))+2)
		dst = appendHead(dst, tagOID, len(n))
		dst = append(dst, n...)
		dst = append(dst, tagNull, 0)
	}
	return dst
}

func appendHead(dst []byte, tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, tag, byte(n))
	case n < 0x100:
		return append(dst, tag, 0x81, byte(n))
	}
	return append(dst, tag, 0x82, byte(n>>8), byte(n))
}

// tlvSize returns the size of an element with n content octets, below 64 KiB.
func tlvSize(n int) int {
	switch {
	case n < 0x80:
		return n + 2
	case n < 0x100:
		return n + 3
	}
	return n + 4
}

// Why a datagram is not the answer that is waited for.
var (
	errUnreadable = errors.New("an answer came that is not SNMP")
	errForeign    = errors.New("an answer came to a question that was not asked (version, community or request-id)")
	// errGarbled is errUnreadable of an answer whose request-id is the right one: it is
	// the device that writes it so, and waiting longer would not help.
	errGarbled = fmt.Errorf("%w: it is cut off or malformed", errUnreadable)
)

// decodeAnswer reads a message of SNMPv1 or v2c that must be a response of the
// version, under the community, to one of the ids. Its bindings are appended to into
// and share the bytes of the datagram. It returns which id was answered.
func decodeAnswer(datagram []byte, version byte, community string, ids []uint32, into []bind) (answer, int, error) {
	tag, msg, whole, ok := enter(datagram)
	if !ok || tag != tagSequence {
		return answer{}, 0, errUnreadable
	}
	v, msg, ok := readAs(tagInteger, msg)
	if !ok {
		return answer{}, 0, errUnreadable
	}
	c, msg, ok := readAs(tagOctetString, msg)
	if !ok {
		return answer{}, 0, errUnreadable
	}
	pdu, body, wholePDU, ok := enter(msg)
	if !ok {
		return answer{}, 0, errUnreadable
	}
	if len(v) != 1 || v[0] != version || !bytes.Equal(c, []byte(community)) || pdu != pduResponse {
		return answer{}, 0, errForeign
	}
	return decodePDU(body, whole && wholePDU, ids, into)
}

// decodePDU reads the content of a response, of which something is missing or too
// much unless whole.
func decodePDU(body []byte, whole bool, ids []uint32, into []bind) (answer, int, error) {
	id, body, ok := readInteger(body)
	if !ok {
		return answer{}, 0, errUnreadable
	}
	which := -1
	for i, asked := range ids {
		if id == int64(asked) {
			which = i
		}
	}
	if which < 0 {
		return answer{}, 0, errForeign
	}
	status, body, ok := readInteger(body)
	index, body, ok2 := readInteger(body)
	list, rest, ok3 := readAs(tagSequence, body)
	if !ok || !ok2 || !ok3 || !whole || len(rest) > 0 || status < 0 || status > 255 {
		return answer{}, which, errGarbled
	}
	a := answer{status: int(status)}
	if index > 0 && index < 1<<16 {
		a.index = int(index)
	}
	if a.binds, ok = decodeBinds(list, into); !ok {
		return answer{}, which, errGarbled
	}
	return a, which, nil
}

func readInteger(b []byte) (v int64, rest []byte, ok bool) {
	content, rest, ok := readAs(tagInteger, b)
	if !ok {
		return 0, nil, false
	}
	v, ok = signed(content)
	return v, rest, ok
}

func decodeBinds(list []byte, into []bind) ([]bind, bool) {
	for len(list) > 0 {
		var vb []byte
		var ok bool
		if vb, list, ok = readAs(tagSequence, list); !ok {
			return into, false
		}
		name, vb, ok := readAs(tagOID, vb)
		if !ok || !oid(name).check() {
			return into, false
		}
		tag, data, rest, ok := readTLV(vb)
		if !ok || len(rest) > 0 {
			return into, false
		}
		into = append(into, bind{name: name, tag: tag, data: data})
	}
	return into, true
}
