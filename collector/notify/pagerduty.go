// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// PagerDutyURL is where PagerDuty takes events.
const PagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// pager hands incidents to PagerDuty by its Events API v2. The incident's name is the
// dedup_key, by which PagerDuty tells a repeat.
type pager struct{ poster }

// pagerEvent is the body of a request (PagerDuty, "Send an Alert Event").
type pagerEvent struct {
	RoutingKey string        `json:"routing_key"`
	Action     string        `json:"event_action"` // trigger or resolve
	DedupKey   string        `json:"dedup_key"`    // at most 255 characters
	Client     string        `json:"client"`
	Payload    *pagerPayload `json:"payload,omitempty"`
	Links      []pagerLink   `json:"links,omitempty"`
}

type pagerPayload struct {
	Summary  string    `json:"summary"` // at most 1024 characters
	Source   string    `json:"source"`
	Severity string    `json:"severity"` // critical, error, warning or info
	At       time.Time `json:"timestamp"`
	Details  Event     `json:"custom_details"`
}

type pagerLink struct {
	HREF string `json:"href"`
	Text string `json:"text"`
}

func (p pager) carry(ctx context.Context, i store.Intent) (receipt, error) {
	e, err := eventOf(i)
	if err != nil {
		return receipt{}, err
	}
	switch e.Transition {
	case Closed, Withdrawn:
		return p.enqueue(ctx, e, "resolve")
	case Test: // opened, and resolved at once
		if got, err := p.enqueue(ctx, e, "trigger"); err != nil {
			return got, err
		}
		return p.enqueue(ctx, e, "resolve")
	}
	return p.enqueue(ctx, e, "trigger")
}

func (p pager) enqueue(ctx context.Context, e Event, action string) (receipt, error) {
	m := pagerEvent{RoutingKey: string(p.ch.Secret), Action: action, DedupKey: ticketKey(e, 255), Client: "vouch"}
	if action == "trigger" {
		severity := "critical"
		switch {
		case e.Transition == Test:
			severity = "info"
		case e.unit != "":
			severity = "warning"
		}
		m.Payload = &pagerPayload{Summary: truncate(wordsOf(p.ch).subject(e), 1024), Source: sourceOf(e), Severity: severity, At: e.At.UTC(), Details: e}
		if e.URL != "" {
			m.Links = []pagerLink{{e.URL, "vouch"}}
		}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return receipt{}, err
	}
	_, got, err := p.send(ctx, http.MethodPost, p.ch.URL, nil, body)
	return got, err
}

func sourceOf(e Event) string {
	if e.Site == "" {
		return "vouch"
	}
	return string(e.Customer) + "/" + string(e.Site)
}
