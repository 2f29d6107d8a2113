// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// PDU tags (RFC 1157, RFC 3416) and versions as the wire numbers them.
const (
	pduGet      = 0xa0
	pduGetNext  = 0xa1
	pduResponse = 0xa2
	pduGetBulk  = 0xa5

	wireV1  = 0
	wireV2c = 1
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
)

// decodeAnswer reads a message of SNMPv1 or v2c that must be a response of the
// version, under the community, to one of the ids. Its bindings are appended to into
// and share the bytes of the datagram. It returns which id was answered.
func decodeAnswer(datagram []byte, version byte, community string, ids []uint32, into []bind) (answer, int, error) {
	msg, rest, ok := readAs(tagSequence, datagram)
	if !ok || len(rest) > 0 {
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
	pdu, body, rest, ok := readTLV(msg)
	if !ok || len(rest) > 0 {
		return answer{}, 0, errUnreadable
	}
	if len(v) != 1 || v[0] != version || !bytes.Equal(c, []byte(community)) || pdu != pduResponse {
		return answer{}, 0, errForeign
	}
	return decodePDU(body, ids, into)
}

func decodePDU(body []byte, ids []uint32, into []bind) (answer, int, error) {
	var numbers [3]int64
	for i := range numbers {
		content, rest, ok := readAs(tagInteger, body)
		if ok {
			numbers[i], ok = signed(content)
		}
		if !ok {
			return answer{}, 0, errUnreadable
		}
		body = rest
	}
	which := -1
	for i, id := range ids {
		if numbers[0] == int64(id) {
			which = i
		}
	}
	if which < 0 {
		return answer{}, 0, errForeign
	}
	list, rest, ok := readAs(tagSequence, body)
	if !ok || len(rest) > 0 || numbers[1] < 0 || numbers[1] > 255 {
		return answer{}, 0, errUnreadable
	}
	a := answer{status: int(numbers[1])}
	if numbers[2] > 0 && numbers[2] < 1<<16 {
		a.index = int(numbers[2])
	}
	a.binds, ok = decodeBinds(list, into)
	if !ok {
		return answer{}, 0, errUnreadable
	}
	return a, which, nil
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
