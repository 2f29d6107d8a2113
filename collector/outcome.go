// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// The outcome table is derived from the availability stream: what a verdict, a
// threshold or a graph of round trips needs, and nothing else. A chunk holds what
// one agent found about one subject in one UTC hour. It is a sequence of segments,
// one for each batch that had something to say, so that a chunk grows by appending:
//
//	segment  = length sources texts samples         length counts what follows it, in bytes
//	sources  = count { name kind flags interval timeout }    interval and timeout in milliseconds
//	texts    = count { text }                       reasons and names of values
//	samples  = count { source step flags [reason] sent lost duration [min avg max jitter] [values] }
//	values   = count { name micro }                 a named value in millionths
//
// Numbers are unsigned varints (encoding/binary), except micro, which is signed, and
// step, the signed distance in milliseconds to the sample before (the first one: to the
// Unix epoch). Texts are a length and bytes; reason and name are places in texts. Durations and round trips are microseconds.

// Flags of a sample and of a source.
const (
	flagOutcome  = 0b0000_0011 // vouch.Outcome
	flagDoubt    = 0b0000_0100 // the clock contradicts the stamp (rule 0)
	flagRTT      = 0b0000_1000 // round trips follow
	flagReason   = 0b0001_0000 // a reason follows
	flagValues   = 0b0010_0000 // named values follow
	sourceIsGate = 0b0000_0001 // the source is the agent's own gateway
)

// selfSubject is the subject under which an agent's references stand.
const selfSubject = "@"

// found is one sample as the outcome table keeps it.
type found struct {
	Source            string // check or reference
	Kind              vouch.Kind
	Gateway           bool
	Interval, Timeout time.Duration // milliseconds
	Start             int64         // Unix milliseconds
	Outcome           vouch.Outcome
	Reason            vouch.Reason
	Doubt             bool
	Sent, Lost        int
	Duration          time.Duration // microseconds
	RTT               vouch.RTT
	Values            []contract.Value // mostly none
}

// foundOf keeps of a sample what the outcome table keeps.
func foundOf(s vouch.Sample, doubt bool) found {
	f := found{
		Source: string(s.Check), Kind: s.Kind, Gateway: s.Gateway,
		Interval: s.Interval, Timeout: s.Timeout, Start: s.Start.UnixMilli(),
		Outcome: s.Outcome, Reason: s.Reason, Doubt: doubt,
		Sent: s.Sent, Lost: s.Lost, Duration: s.Duration, RTT: s.RTT, Values: book.ValuesOf(s.Values),
	}
	if s.Device == "" {
		f.Source = s.Reference
	}
	return f
}

type sourceKey struct {
	name              string
	kind              vouch.Kind
	gateway           bool
	interval, timeout time.Duration
}

func (f found) key() sourceKey {
	return sourceKey{f.Source, f.Kind, f.Gateway, f.Interval, f.Timeout}
}

// appendSegment appends one segment that holds fs to dst. No samples, no segment.
func appendSegment(dst []byte, fs []found) []byte {
	if len(fs) == 0 {
		return dst
	}
	sources := map[sourceKey]uint64{}
	var sourceList []sourceKey
	texts := textList{at: map[string]uint64{}}
	for _, f := range fs {
		if _, ok := sources[f.key()]; !ok {
			sources[f.key()] = uint64(len(sourceList))
			sourceList = append(sourceList, f.key())
		}
		if f.Reason != "" {
			texts.add(string(f.Reason))
		}
		for _, v := range f.Values {
			texts.add(v.Name)
		}
	}
	b := binary.AppendUvarint(nil, uint64(len(sourceList)))
	for _, k := range sourceList {
		b = appendText(appendText(b, k.name), string(k.kind))
		b = append(b, flagIf(k.gateway, sourceIsGate))
		b = binary.AppendUvarint(b, uint64(k.interval.Milliseconds()))
		b = binary.AppendUvarint(b, uint64(k.timeout.Milliseconds()))
	}
	b = binary.AppendUvarint(b, uint64(len(texts.list)))
	for _, s := range texts.list {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(fs)))
	var before int64
	for _, f := range fs {
		b = binary.AppendUvarint(b, sources[f.key()])
		b = binary.AppendVarint(b, f.Start-before)
		before = f.Start
		b = appendFound(b, f, texts.at)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// textList gives each text of a segment its place.
type textList struct {
	list []string
	at   map[string]uint64
}

func (l *textList) add(s string) {
	if _, ok := l.at[s]; !ok {
		l.at[s] = uint64(len(l.list))
		l.list = append(l.list, s)
	}
}

func appendFound(b []byte, f found, texts map[string]uint64) []byte {
	hasRTT := f.RTT != vouch.RTT{}
	b = append(b, byte(f.Outcome)|flagIf(f.Doubt, flagDoubt)|flagIf(hasRTT, flagRTT)|flagIf(f.Reason != "", flagReason)|
		flagIf(len(f.Values) > 0, flagValues))
	if f.Reason != "" {
		b = binary.AppendUvarint(b, texts[string(f.Reason)])
	}
	b = binary.AppendUvarint(b, uint64(f.Sent))
	b = binary.AppendUvarint(b, uint64(f.Lost))
	b = binary.AppendUvarint(b, uint64(f.Duration.Microseconds()))
	if hasRTT {
		for _, d := range []time.Duration{f.RTT.Min, f.RTT.Avg, f.RTT.Max, f.RTT.Jitter} {
			b = binary.AppendUvarint(b, uint64(d.Microseconds()))
		}
	}
	if len(f.Values) > 0 {
		b = binary.AppendUvarint(b, uint64(len(f.Values)))
		for _, v := range f.Values {
			b = binary.AppendUvarint(b, texts[v.Name])
			b = binary.AppendVarint(b, int64(v.Micro))
		}
	}
	return b
}

func flagIf(ok bool, f byte) byte {
	if ok {
		return f
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// errChunk says that a chunk of the outcome table is damaged; the cure is
// `vouch rebuild`, since the table is derived.
var errChunk = errors.New("a chunk of the outcome table is damaged; run `vouch rebuild`")

// eachFound decodes a chunk and calls yield for every sample, in the order stored.
func eachFound(data []byte, yield func(found)) error {
	for len(data) > 0 {
		n, w := binary.Uvarint(data)
		if w <= 0 || n > uint64(len(data)-w) {
			return errChunk
		}
		r := &chunkReader{data: data[w : w+int(n)]}
		r.segment(yield)
		if r.bad || len(r.data) > 0 {
			return fmt.Errorf("segment of %d bytes: %w", n, errChunk)
		}
		data = data[w+int(n):]
	}
	return nil
}

// chunkReader reads one segment; bad is set at the first thing out of place.
type chunkReader struct {
	data []byte
	bad  bool
}

func (r *chunkReader) uvarint() uint64 {
	v, w := binary.Uvarint(r.data)
	r.skip(w)
	return v
}

func (r *chunkReader) varint() int64 {
	v, w := binary.Varint(r.data)
	r.skip(w)
	return v
}

// skip goes past a number of w bytes; w is not positive where there was none, and the
// number was read as 0.
func (r *chunkReader) skip(w int) {
	if w <= 0 {
		r.bad, r.data = true, nil
		return
	}
	r.data = r.data[w:]
}

// count reads a number of things of which each takes at least one byte.
func (r *chunkReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *chunkReader) byte() byte {
	if len(r.data) == 0 {
		r.bad = true
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *chunkReader) text() string {
	n := r.count()
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

func (r *chunkReader) micros() time.Duration { return time.Duration(r.uvarint()) * time.Microsecond }
func (r *chunkReader) millis() time.Duration { return time.Duration(r.uvarint()) * time.Millisecond }

func (r *chunkReader) segment(yield func(found)) {
	sources := make([]found, r.count())
	for i := range sources {
		sources[i] = found{Source: r.text(), Kind: vouch.Kind(r.text()), Gateway: r.byte()&sourceIsGate != 0,
			Interval: r.millis(), Timeout: r.millis()}
	}
	texts := make([]string, r.count())
	for i := range texts {
		texts[i] = r.text()
	}
	var at int64
	for range r.count() {
		source := r.uvarint()
		step := r.varint()
		if r.bad || source >= uint64(len(sources)) {
			r.bad = true
			return
		}
		at += step
		f := sources[source]
		f.Start = at
		if r.sample(&f, texts); r.bad {
			return
		}
		yield(f)
	}
}

func (r *chunkReader) sample(f *found, texts []string) {
	flags := r.byte()
	f.Outcome, f.Doubt = vouch.Outcome(flags&flagOutcome), flags&flagDoubt != 0
	if flags&flagReason != 0 {
		f.Reason = vouch.Reason(r.one(texts))
	}
	f.Sent, f.Lost = int(r.uvarint()), int(r.uvarint())
	f.Duration = r.micros()
	if flags&flagRTT != 0 {
		f.RTT = vouch.RTT{Min: r.micros(), Avg: r.micros(), Max: r.micros(), Jitter: r.micros()}
	}
	if flags&flagValues != 0 {
		f.Values = make([]contract.Value, r.count())
		for i := range f.Values {
			f.Values[i] = contract.Value{Name: r.one(texts), Micro: contract.Micro(r.varint())}
		}
	}
}

// one reads a place in a list of texts.
func (r *chunkReader) one(texts []string) string {
	n := r.uvarint()
	if n >= uint64(len(texts)) {
		r.bad = true
		return ""
	}
	return texts[n]
}
