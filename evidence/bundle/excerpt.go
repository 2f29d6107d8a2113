// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
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

// excerptPeriod returns which days the samples are carried of: from the beginning of a
// day of UTC on, within the time that the statement rests on.
func (v *verifier) excerptPeriod() (p contract.Span, err error) {
	f, err := v.open(FileExcerpt)
	if err != nil {
		return p, err
	}
	defer func() { _ = f.Close() }()
	// The rest of it is computed, and compared as text.
	r := bufio.NewReader(io.LimitReader(f, 1024))
	for _, want := range []struct {
		format string
		at     *contract.Second
	}{{"{\n", nil}, {" \"schema\": \"" + excerptSchema + "\",\n", nil}, {" \"from\": \"%s\",\n", &p.From}, {" \"to\": \"%s\",\n", &p.To}} {
		line, err := r.ReadString('\n')
		said := want.format
		if want.at != nil && err == nil {
			quoted := strings.Split(line, `"`)
			t, bad := time.Parse(time.RFC3339, quoted[min(3, len(quoted)-1)])
			*want.at = contract.Floor(t)
			said, err = fmt.Sprintf(want.format, instant(*want.at)), bad
		}
		if err != nil || line != said {
			return p, fmt.Errorf("it does not begin as an excerpt does: %.80q", line)
		}
	}
	reach, until := v.manifest.Reach, v.book.Until(contract.Floor(v.issue.AsOf))
	if p.Empty() || p.From%book.SecondsADay != 0 || v.book.Back(p).From < reach.From || p.To > max(reach.To, until) {
		return p, fmt.Errorf("it is of %s to %s, which are not days that the statement rests on", instant(p.From), instant(p.To))
	}
	return p, nil
}

// compareExcerpt holds the verdicts that were computed against those that are carried.
func (v *verifier) compareExcerpt(c *computation) {
	v.rep.open(TopicStatement, FileStatement, "the figures of the whole period: this bundle carries the samples of %s to %s, and of the rest the leaves alone", instant(c.period.From), instant(c.period.To))
	switch raw, err := v.upTo(FileStatement, maxText); {
	case err != nil:
		v.rep.wrong(TopicFile, FileStatement, "%v", err)
	case sumHex(raw) != v.issue.Statement:
		v.rep.wrong(TopicStatement, FileStatement, "its SHA-256 is %s; record %s names %.64q", sumHex(raw), v.issue.Record, v.issue.Statement)
	default:
		v.renderings(raw)
	}
	for _, d := range c.devices {
		c.verdicts[d] = contract.Exclude(c.verdicts[d], v.book.Decide(d, c.now))
	}
	e := NewExcerpt(c.period, c.devices, c.verdicts)
	if v.same(FileExcerpt, e.JSON()) {
		v.rep.proven(TopicStatement, FileExcerpt, "computed again from %d samples: the same, byte for byte", v.rep.Counts.Samples)
	}
	c.lateness.report(c)
	v.termsAndTimes(c)
}
