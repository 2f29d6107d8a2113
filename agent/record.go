// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal"
)

// This file is the records of the spool on disk.

// Kinds of records.
const (
	recordRows byte = 1 + iota // samples that are not sealed, in the log of samples
	recordNote                 // a batch or a gap, in the log of its stream
	recordVoid                 // notes of a chain that will never be sent, in the log of its stream
)

// Bits of the first byte of a record's body.
const (
	bitPacked = 1 << iota // what can be compressed is
	bitGap
	bitClock // the clock was known
)

// mostRows bounds the lines in one record of samples, in bytes.
const mostRows = 512 << 10

// mostMicros is what a [time.Duration] holds of them.
const mostMicros = int64(1<<63-1) / int64(time.Microsecond)

// errRecord says that a record whose checksum is right cannot be understood: another
// version of the program wrote it.
var errRecord = errors.New("record of the spool is not understood")

// rowsRecord is samples as they are journalled.
type rowsRecord struct {
	Location vouch.LocationID
	Clock    evidence.Clock // that stamped the rows, as far as it was known then
	Chains   []rowsChain
	Rows     []journalRow
}

// rowsChain is a chain that has rows in a record: all its samples from From until
// before Through lie in the journal up to this record, or are sealed.
type rowsChain struct {
	Key           chainKey
	From, Through time.Time
}

type journalRow struct {
	Chain int // index in Chains
	row
}

// appendRows appends a record of samples. It is not packed: that would cost a fifth of
// what a poll does, for bytes that leave within minutes.
func appendRows(b []byte, r rowsRecord) []byte {
	var bits byte
	if r.Clock.Known {
		bits = bitClock
	}
	b = append(b, bits)
	if r.Clock.Known {
		b = binary.AppendVarint(b, r.Clock.Offset.Microseconds())
		b = binary.AppendVarint(b, r.Clock.Bound.Microseconds())
		b = appendText(b, r.Clock.Source)
	}
	b = appendText(b, string(r.Location))
	b = binary.AppendUvarint(b, uint64(len(r.Chains)))
	for _, c := range r.Chains {
		b = appendText(b, string(c.Key.Customer))
		b = append(b, streamByte(c.Key.Stream))
		b = appendTime(b, c.From)
		b = appendTime(b, c.Through)
	}
	for _, x := range r.Rows {
		b = binary.AppendUvarint(b, uint64(x.Chain))
		b = binary.AppendUvarint(b, x.number)
		b = appendTime(b, x.at)
		b = append(binary.AppendUvarint(b, uint64(len(x.lines))), x.lines...)
	}
	return b
}

// parseRows decodes a record of samples. Nothing of the payload is kept.
func parseRows(payload []byte, pack *packer) (r rowsRecord, err error) {
	if len(payload) == 0 {
		return r, errRecord
	}
	b := payload[1:]
	if payload[0]&bitPacked != 0 {
		if b, err = pack.unpack(b); err != nil {
			return r, err
		}
	}
	d := decoder{rest: b}
	if payload[0]&bitClock != 0 {
		r.Clock = evidence.Clock{Known: true, Offset: d.micros(), Bound: d.micros().Abs(), Source: d.text(vouch.MaxIDLen)}
		if d.err != nil || vouch.ValidID(r.Clock.Source) != nil {
			return r, errRecord
		}
	}
	r.Location = vouch.LocationID(d.text(vouch.MaxIDLen))
	for range d.count(len(b)) {
		r.Chains = append(r.Chains, rowsChain{chainKey{vouch.CustomerID(d.text(vouch.MaxIDLen)), d.stream()}, d.time(), d.time()})
	}
	for d.err == nil && len(d.rest) > 0 {
		i := d.uint()
		x := journalRow{int(min(i, 1<<30)), row{number: d.uint(), at: d.time(), lines: []byte(d.text(len(b)))}}
		if x.Chain >= len(r.Chains) {
			d.fail()
		}
		r.Rows = append(r.Rows, x)
	}
	return r, d.err
}

// appendNote encodes a note with what its chain needs to know of it, so that finding
// out what lies in the spool unpacks and verifies nothing.
func appendNote(n sealedNote) []byte {
	l := n.link
	var bits byte
	body := n.raw
	if n.packed != nil {
		bits, body = bitPacked, n.packed
	}
	if l.Gap {
		bits |= bitGap
	}
	b := append(make([]byte, 0, 400+len(body)), bits)
	b = appendText(b, string(l.Customer))
	b = appendText(b, string(l.Location))
	b = binary.AppendUvarint(b, l.Epoch)
	b = binary.AppendUvarint(b, l.First)
	b = binary.AppendUvarint(b, l.Seq)
	b = append(b, l.Prev[:]...)
	b = append(b, l.Head[:]...)
	b = append(b, l.Hash[:]...)
	b = appendTime(b, l.From)
	b = appendTime(b, l.Through)
	b = binary.AppendUvarint(b, n.rows)
	b = appendText(b, n.begins)
	b = binary.AppendUvarint(b, uint64(n.size))
	return append(b, body...)
}

// parseNote decodes a note. Its text is left out, and read by textOf.
func parseNote(payload []byte, stream vouch.Stream) (n sealedNote, packedRaw []byte, err error) {
	d := decoder{rest: payload}
	bits := d.byte()
	l := &n.link
	l.Stream, l.Gap = stream, bits&bitGap != 0
	l.Customer, l.Location = vouch.CustomerID(d.text(vouch.MaxIDLen)), vouch.LocationID(d.text(vouch.MaxIDLen))
	l.Epoch, l.First, l.Seq = d.uint(), d.uint(), d.uint()
	l.Prev, l.Head, l.Hash = d.hash(), d.hash(), d.hash()
	l.From, l.Through = d.time(), d.time()
	n.rows, n.begins = d.uint(), d.text(256)
	n.size = int(min(d.uint(), evidence.MaxNote+1))
	if l.Epoch == 0 || l.First == 0 || l.Seq < l.First || n.size == 0 || n.size > evidence.MaxNote {
		d.fail()
	}
	return n, d.rest, d.err
}

// textOf returns the text of a note from its record, and the packed one that lies there;
// nil where that is the text itself.
func textOf(payload []byte, stream vouch.Stream, pack *packer) (raw, packed []byte, err error) {
	n, raw, err := parseNote(payload, stream)
	if err == nil && payload[0]&bitPacked != 0 {
		packed = raw
		raw, err = pack.unpack(packed)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(raw) != n.size || evidence.Sum(raw) != n.link.Hash {
		return nil, nil, journal.ErrDamaged
	}
	return raw, packed, nil
}

// void says that no note of a customer's chain in an epoch before Epoch is sent any more.
type void struct {
	Customer vouch.CustomerID
	Epoch    uint64
}

func appendVoid(v void) []byte {
	return binary.AppendUvarint(appendText(nil, string(v.Customer)), v.Epoch)
}

func parseVoid(payload []byte) (void, error) {
	d := decoder{rest: payload}
	v := void{vouch.CustomerID(d.text(vouch.MaxIDLen)), d.uint()}
	return v, d.err
}

func streamByte(s vouch.Stream) byte {
	if s == vouch.Availability {
		return 'a'
	}
	return 't'
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime writes Unix milliseconds; 0 stands for the zero time.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixMilli())
}

// decoder takes a record apart. After an error everything is zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errRecord
	}
	d.rest = nil
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads how many of something follow, each of which takes a byte or more.
func (d *decoder) count(most int) int {
	v := d.uint()
	if v > uint64(min(most, len(d.rest))) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) text(most int) string {
	v := d.uint()
	if v > uint64(most) {
		d.fail()
		return ""
	}
	return string(d.take(int(v)))
}

func (d *decoder) time() time.Time {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return time.Time{}
	}
	d.rest = d.rest[n:]
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

// micros reads a duration in microseconds.
func (d *decoder) micros() time.Duration {
	v, n := binary.Varint(d.rest)
	if n <= 0 || v > mostMicros || v < -mostMicros {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return time.Duration(v) * time.Microsecond
}

func (d *decoder) hash() (h evidence.Hash) {
	copy(h[:], d.take(len(h)))
	return h
}

func (d *decoder) stream() vouch.Stream {
	switch d.byte() {
	case 'a':
		return vouch.Availability
	case 't':
		return vouch.Telemetry
	}
	d.fail()
	return ""
}
