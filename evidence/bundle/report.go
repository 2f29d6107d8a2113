// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// Verdict is what became of a verification.
type Verdict string

const (
	Disproved  Verdict = "disproved"  // something in the bundle contradicts itself, or a key that was pinned
	Consistent Verdict = "consistent" // nothing does; who signed is not proven
	Proven     Verdict = "proven"     // nothing does, and whoever signed holds the keys that were pinned
)

// Report is what a verification found.
type Report struct {
	Verdict  Verdict          `json:"verdict"`
	Origin   string           `json:"origin"`
	Customer vouch.CustomerID `json:"customer"`
	Number   string           `json:"number"`
	Version  int              `json:"version"`
	From     string           `json:"from"`
	To       string           `json:"to"`

	Disproved []Finding `json:"disproved"`
	Proven    []Finding `json:"proven"`
	Unproven  []Finding `json:"not_proven"`

	Computed *statement.Statement `json:"-"` // the statement as it was computed again; nil where that could not be done
	Figures  *statement.Figures   `json:"figures,omitempty"`
	Counts   Counts               `json:"counts"`
	Explain  *Explanation         `json:"explanation,omitempty"`

	more []unlisted // findings beyond maxFindings
}

// Counts says how much was looked at.
type Counts struct {
	Leaves  int64 `json:"leaves"`
	Records int64 `json:"records"`
	Notes   int64 `json:"batches_and_gaps"`
	Samples int64 `json:"samples"`
	Values  int64 `json:"values"`
	Bytes   int64 `json:"bytes"`
	Anchors int   `json:"anchors"`
}

// Topic says what a finding is about, so that a script can require it.
type Topic string

const (
	TopicFile      Topic = "file"      // the zip and its parts
	TopicSigner    Topic = "signer"    // who signed
	TopicLedger    Topic = "ledger"    // leaves, root, inclusion
	TopicChain     Topic = "chain"     // the agents' chains
	TopicComplete  Topic = "complete"  // nothing is left out
	TopicSelf      Topic = "self"      // whether agents' word on themselves bears out each unknown
	TopicTime      Topic = "time"      // when something was in the ledger
	TopicTerms     Topic = "terms"     // whether both parties agreed to the contract
	TopicStatement Topic = "statement" // the figures
	TopicSince     Topic = "since"     // an earlier bundle
)

// Topics lists every topic.
func Topics() []Topic {
	return []Topic{TopicFile, TopicSigner, TopicLedger, TopicChain, TopicComplete, TopicSelf, TopicTime, TopicTerms, TopicStatement, TopicSince}
}

// Finding is one thing that was found, and where.
type Finding struct {
	Topic Topic  `json:"topic"`
	Where string `json:"where,omitempty"` // a file, and a place in it
	What  string `json:"what"`
}

// maxFindings bounds the findings of one topic in each list: whatever one topic fills,
// every other is still heard.
const maxFindings = 50

func (r *Report) wrong(t Topic, where, format string, args ...any) {
	r.add(&r.Disproved, t, where, format, args...)
}

func (r *Report) proven(t Topic, where, format string, args ...any) {
	r.add(&r.Proven, t, where, format, args...)
}

func (r *Report) open(t Topic, where, format string, args ...any) {
	r.add(&r.Unproven, t, where, format, args...)
}

func (r *Report) add(list *[]Finding, t Topic, where, format string, args ...any) {
	n := 0
	for _, f := range *list {
		if f.Topic == t {
			n++
		}
	}
	if n < maxFindings {
		*list = append(*list, Finding{t, clean(where), clean(fmt.Sprintf(format, args...))})
		return
	}
	for i := range r.more {
		if m := &r.more[i]; m.list == list && m.topic == t {
			m.n++
			return
		}
	}
	r.more = append(r.more, unlisted{list, t, 1})
}

// unlisted counts findings beyond maxFindings.
type unlisted struct {
	list  *[]Finding
	topic Topic
	n     int
}

// maxSaid bounds a finding in bytes.
const maxSaid = 600

// clean makes text that somebody else may have had a hand in safe to be shown: one
// line, nothing that a terminal obeys.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, s)
	if len(s) > maxSaid {
		s = strings.ToValidUTF8(s[:maxSaid], "") + "..."
	}
	return s
}

// conclude sets the verdict.
func (r *Report) conclude(pinned bool) {
	for _, m := range r.more {
		*m.list = append(*m.list, Finding{m.topic, "", fmt.Sprintf("%d more findings of this topic are not listed", m.n)})
	}
	r.more = nil
	switch {
	case len(r.Disproved) > 0:
		r.Verdict = Disproved
	case pinned:
		r.Verdict = Proven
	default:
		r.Verdict = Consistent
	}
}

// Missing returns which of the topics something is not proven of.
func (r *Report) Missing(topics []Topic) []Topic {
	var out []Topic
	for _, t := range topics {
		if slices.ContainsFunc(r.Unproven, func(f Finding) bool { return f.Topic == t }) {
			out = append(out, t)
		}
	}
	return out
}

// Explanation says what was known of each device at an instant.
type Explanation struct {
	At      time.Time           `json:"at"`
	Devices []DeviceExplanation `json:"devices"`
}

// DeviceExplanation is the verdict on one device at an instant, and what it rests on.
type DeviceExplanation struct {
	Device    vouch.DeviceID `json:"device"`
	State     string         `json:"state"`
	Reason    string         `json:"reason,omitempty"`
	From      time.Time      `json:"from"` // of the stretch of time over which all of this stays the same
	To        time.Time      `json:"to"`
	Excluded  []string       `json:"excluded_by,omitempty"`
	Witnesses []Witnessed    `json:"witnesses"`
}

// Witnessed is what one location said.
type Witnessed struct {
	Location vouch.LocationID `json:"location"`
	Custody  vouch.Custody    `json:"custody"`
	Votes    bool             `json:"votes"`
	State    string           `json:"state"`
	Reason   string           `json:"reason,omitempty"`
	Last     []LastSample     `json:"last_samples"`
}

// LastSample is the last that an agent found by a check before the instant.
type LastSample struct {
	Agent   vouch.AgentID   `json:"agent"`
	Check   vouch.CheckName `json:"check"`
	At      time.Time       `json:"at"`
	Outcome string          `json:"outcome"`
	Reason  string          `json:"reason,omitempty"`
	RTTus   int64           `json:"rtt_us,omitempty"`
}
