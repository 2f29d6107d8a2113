// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
)

// CheckLines reports why the lines of a batch make it a rejected one: a line that
// cannot be read, that names another agent, location or customer than the header, or
// whose time lies outside [From, Through). Whether its check is assigned, the
// collector judges. The error's text is the reason of the leaf, by [LeafReason].
func CheckLines(b Batch) error {
	return new(Reader).Each(b, func(*vouch.Sample) error { return nil })
}

// Reader reads the lines of batches, one batch after the other. The zero value is ready;
// it is for one goroutine. It remembers, within bounds, the tags that it has seen.
type Reader struct{ heads heads }

// Each is [CheckLines] that hands each line on as it is read, with the sample that
// [DecodeLines] would return: it is valid until f returns. An error of f ends it. What
// was handed on before an error is not to be used.
func (r *Reader) Each(b Batch, f func(*vouch.Sample) error) error {
	s := newScanner(b.Stream, b.Lines)
	s.heads = &r.heads
	return checkLines(s, b.Identity, b.Count, b.From, b.Through, f)
}

// CheckHeartbeat is [CheckLines] for a heartbeat, whose lines may be of any time up
// to the moment it was made.
func CheckHeartbeat(h Heartbeat) error {
	return checkLines(newScanner(vouch.Availability, h.Lines), h.Identity, h.Count, time.UnixMilli(0), h.At.Add(time.Millisecond), func(*vouch.Sample) error { return nil })
}

func checkLines(s *scanner, id Identity, count int, from, through time.Time, f func(*vouch.Sample) error) error {
	for s.next() {
		l := &s.line.Sample
		switch {
		case l.Agent != id.Agent:
			return fmt.Errorf("line %d: it names agent %s, the header %s", s.n, l.Agent, id.Agent)
		case l.Location != id.Location:
			return fmt.Errorf("line %d: it names location %s, the header %s", s.n, l.Location, id.Location)
		case l.Customer != id.Customer:
			return fmt.Errorf("line %d: it names customer %s, the header %s", s.n, l.Customer, id.Customer)
		case l.Start.Before(from) || !l.Start.Before(through):
			return fmt.Errorf("line %d: its time %s lies outside [%s, %s)", s.n,
				AppendTime(nil, l.Start), AppendTime(nil, from), AppendTime(nil, through))
		}
		if err := f(l); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	if s.n != count {
		// A comment, or a quoted string that spans two lines.
		return fmt.Errorf("%d lines hold %d points: comments and strings over several lines are not allowed", count, s.n)
	}
	return nil
}
