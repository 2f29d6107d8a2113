// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Excerpt is the verdict on every device over some days of a statement's period, with
// what each location said: what a dispute about those days is about.
type Excerpt struct {
	Schema  string          `json:"schema"`
	From    string          `json:"from"` // RFC 3339, UTC
	To      string          `json:"to"`
	Devices []ExcerptDevice `json:"devices"`
}

const excerptSchema = "vouch-excerpt/1"

// ExcerptDevice is one device of an excerpt.
type ExcerptDevice struct {
	Device   vouch.DeviceID   `json:"device"`
	Segments []ExcerptSegment `json:"segments"`
}

// ExcerptSegment is a stretch of time over which the verdict and what it rests on stay
// the same.
type ExcerptSegment struct {
	From      string           `json:"from"`
	To        string           `json:"to"`
	State     string           `json:"state"`
	Reason    vouch.Reason     `json:"reason,omitempty"`
	Excluded  []string         `json:"excluded_by,omitempty"`
	Witnesses []ExcerptWitness `json:"witnesses"`
}

// ExcerptWitness is what one location said.
type ExcerptWitness struct {
	Location vouch.LocationID `json:"location"`
	Votes    bool             `json:"votes"`
	State    string           `json:"state"`
	Reason   vouch.Reason     `json:"reason,omitempty"`
}

// NewExcerpt puts an excerpt together. Verdicts have their exclusions marked.
func NewExcerpt(period contract.Span, devices []vouch.DeviceID, verdicts map[vouch.DeviceID][]contract.Segment) Excerpt {
	out := Excerpt{Schema: excerptSchema, From: instant(period.From), To: instant(period.To), Devices: []ExcerptDevice{}}
	for _, d := range devices {
		e := ExcerptDevice{Device: d, Segments: []ExcerptSegment{}}
		for _, s := range contract.Slice(verdicts[d], period) {
			x := ExcerptSegment{From: instant(s.From), To: instant(s.To), State: s.State.String(), Reason: s.Reason, Excluded: s.Excluded, Witnesses: []ExcerptWitness{}}
			for _, w := range s.Witnesses {
				x.Witnesses = append(x.Witnesses, ExcerptWitness{w.Location, w.Votes, w.State.String(), w.Reason})
			}
			e.Segments = append(e.Segments, x)
		}
		out.Devices = append(out.Devices, e)
	}
	return out
}

// JSON returns the excerpt as it is carried.
func (e Excerpt) JSON() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(e); err != nil {
		panic("bundle: encode an excerpt: " + err.Error()) // texts and lists only
	}
	return b.Bytes()
}

// excerptPeriod returns which days the samples are carried of: whole days of UTC.
func (v *verifier) excerptPeriod() (contract.Span, error) {
	raw, err := v.text(FileExcerpt)
	if err != nil {
		return contract.Span{}, err
	}
	var e Excerpt
	if err := json.Unmarshal(raw, &e); err != nil {
		return contract.Span{}, err
	}
	from, err1 := time.Parse(time.RFC3339, e.From)
	to, err2 := time.Parse(time.RFC3339, e.To)
	p := contract.Span{From: contract.Floor(from), To: contract.Floor(to)}
	if err1 != nil || err2 != nil || p.Empty() || p.To-p.From > maxPeriod {
		return contract.Span{}, fmt.Errorf("it is of no period: %q to %q", e.From, e.To)
	}
	return p, nil
}

// compareExcerpt holds the verdicts that were computed against those that are carried.
func (v *verifier) compareExcerpt(c *computation) {
	for _, d := range c.devices {
		c.verdicts[d] = contract.Exclude(c.verdicts[d], v.book.Decide(d, c.now))
	}
	e := NewExcerpt(c.period, c.devices, c.verdicts)
	if v.same(FileExcerpt, e.JSON(), "") {
		v.rep.proven(TopicStatement, FileExcerpt, "computed again from %d samples: the same, byte for byte", v.rep.Counts.Samples)
	}
	v.termsAndTimes(c)
}
