// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Most lines of a month are those of checks without named values, spelled as [Encoder]
// spells them, and a verifier reads millions of them. Those are read here, several times
// as fast as by the line-protocol package. Any other spelling, and whatever is wrong, is
// left to that from there on, so that nothing is accepted here that it would not accept.

// quick reads one line, or nothing.
func (s *scanner) quick() bool {
	end := bytes.IndexByte(s.rest, '\n')
	space := bytes.IndexByte(s.rest[:max(end, 0)], ' ')
	if space < 0 {
		return false
	}
	sample := &s.line.Sample
	if !s.heads.find(s.rest[:space], sample) {
		return false
	}
	q := quickReader{s.rest[space+1 : end], true}
	q.result(&sample.Result)
	sample.Interval, sample.Timeout = q.micros(",interval_us="), q.micros(",timeout_us=")
	sample.Sent, sample.Lost = q.requests(",sent="), q.requests(",lost=")
	if len(q.rest) > 0 && q.rest[0] == ',' {
		sample.RTT = vouch.RTT{Min: q.micros(",rtt_min_us="), Avg: q.micros(",rtt_avg_us="), Max: q.micros(",rtt_max_us="), Jitter: q.micros(",rtt_jitter_us=")}
	}
	q.skip(" ")
	at := q.number(maxMillis - 1)
	if !q.ok || len(q.rest) > 0 || sample.Lost > sample.Sent || sample.Interval == 0 {
		return false
	}
	sample.Start = time.UnixMilli(at).UTC()
	l := &s.line
	l.Point = vouch.Point{Measurement: MeasurementCheck, Tags: l.Point.Tags[:0], Fields: l.Point.Fields[:0]}
	if sample.Device == "" {
		l.Point.Measurement = MeasurementReference
	}
	s.rest = s.rest[end+1:]
	return true
}

// heads remembers what stood before the fields of lines, by its text. It may serve many
// batches, one after the other.
type heads struct {
	at   map[string]int
	list []vouch.Sample
}

// find sets the sample to what a head says; false for one that is not as it is written.
func (h *heads) find(text []byte, s *vouch.Sample) bool {
	i, ok := h.at[string(text)]
	if !ok {
		head := string(text)
		if !tagsOf(head, s) {
			return false
		}
		if h.at == nil || len(h.list) >= maxNames {
			h.at, h.list = map[string]int{}, nil
		}
		i = len(h.list)
		h.at[head] = i
		h.list = append(h.list, *s)
	}
	*s = h.list[i]
	return true
}

// tagsOf reads the measurement and the tags of a line in the order in which they are
// written, all of characters that nothing escapes.
func tagsOf(head string, s *vouch.Sample) bool {
	*s = vouch.Sample{}
	ok := true
	tag := func(key string) string {
		var part string
		part, head, _ = strings.Cut(head, ",")
		v, found := strings.CutPrefix(part, key)
		if ok = ok && found && vouch.ValidID(v) == nil; !ok {
			return ""
		}
		return v
	}
	measurement := tag("")
	s.Agent = vouch.AgentID(tag("agent="))
	switch measurement {
	case MeasurementCheck:
		s.Check, s.Customer, s.Device = vouch.CheckName(tag("check=")), vouch.CustomerID(tag("customer=")), vouch.DeviceID(tag("device="))
		s.Kind, s.Location = vouch.Kind(tag("kind=")), vouch.LocationID(tag("location="))
	case MeasurementReference:
		s.Customer, s.Kind, s.Location = vouch.CustomerID(tag("customer=")), vouch.Kind(tag("kind=")), vouch.LocationID(tag("location="))
		s.Reference = tag("reference=") // a name that is no id is left to the other reader
		role := tag("role=")
		s.Gateway = role == roleGateway
		ok = ok && (s.Gateway || role == roleReference)
	default:
		return false
	}
	return ok && head == ""
}

// quickReader reads the fields of one line, in the order in which they are written.
type quickReader struct {
	rest []byte
	ok   bool
}

func (q *quickReader) skip(text string) {
	if q.ok = q.ok && len(q.rest) >= len(text) && string(q.rest[:len(text)]) == text; q.ok {
		q.rest = q.rest[len(text):]
	}
}

// number reads digits up to a bound, spelled as they are written.
func (q *quickReader) number(most int64) int64 {
	n, i := int64(0), 0
	for i < len(q.rest) && q.rest[i]-'0' <= 9 && i < 18 {
		n = n*10 + int64(q.rest[i]-'0')
		i++
	}
	if q.ok = q.ok && i > 0 && n <= most && (q.rest[0] != '0' || i == 1); q.ok {
		q.rest = q.rest[i:]
	}
	return n
}

func (q *quickReader) micros(key string) time.Duration {
	q.skip(key)
	n := q.number(maxMicros)
	q.skip("i")
	return time.Duration(n) * time.Microsecond
}

func (q *quickReader) requests(key string) int {
	q.skip(key)
	n := q.number(maxRequests)
	q.skip("i")
	return int(n)
}

// result reads outcome, reason and duration.
func (q *quickReader) result(r *vouch.Result) {
	const up, down, unknown = `outcome="up"`, `outcome="down",reason="`, `outcome="unknown",reason="`
	switch {
	case bytes.HasPrefix(q.rest, []byte(up)):
		r.Outcome = vouch.Up
		q.rest = q.rest[len(up):]
	case bytes.HasPrefix(q.rest, []byte(down)):
		r.Outcome = vouch.Down
		r.Reason = q.reason(len(down))
	case bytes.HasPrefix(q.rest, []byte(unknown)):
		r.Outcome = vouch.Unknown
		r.Reason = q.reason(len(unknown))
	default:
		q.ok = false
	}
	r.Duration = q.micros(",duration_us=")
}

// reason reads a reason of this format's own.
func (q *quickReader) reason(from int) vouch.Reason {
	q.rest = q.rest[from:]
	end := bytes.IndexByte(q.rest, '"')
	if end < 0 {
		q.ok = false
		return ""
	}
	r := knownReason(q.rest[:end])
	q.rest = q.rest[end+1:]
	q.ok = q.ok && r != ""
	return r
}

// knownReason returns the reason of a text, or the empty one.
func knownReason(text []byte) vouch.Reason {
	for _, r := range [...]vouch.Reason{
		vouch.ReasonTimeout, vouch.ReasonUnreachable, vouch.ReasonRefused, vouch.ReasonRejected, vouch.ReasonSocket, vouch.ReasonOverload, vouch.ReasonStopped,
		vouch.ReasonCredentials, vouch.ReasonProtocol, vouch.ReasonFiltered, vouch.ReasonLocation, vouch.ReasonNetwork,
	} {
		if string(text) == string(r) {
			return r
		}
	}
	return ""
}
