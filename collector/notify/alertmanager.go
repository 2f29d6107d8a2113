// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// alerter hands incidents to an Alertmanager by its API v2. An incident is one alert:
// its labels name it and never change, so that a repeat changes nothing.
type alerter struct{ poster }

// alertLasts is how long an alert stands that nobody ends. Without an end Alertmanager
// would resolve it after its resolve_timeout, while the outage goes on.
const alertLasts = 30 * 24 * time.Hour

// alert is an element of the body of POST /api/v2/alerts (Alertmanager's
// api/v2/openapi.yaml, postableAlert).
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	Generator   string            `json:"generatorURL,omitempty"`
}

func (a alerter) carry(ctx context.Context, i store.Intent) (receipt, error) {
	e, err := eventOf(i)
	if err != nil {
		return receipt{}, err
	}
	body, err := json.Marshal([]alert{a.alert(e)})
	if err != nil {
		return receipt{}, err
	}
	_, got, err := a.send(ctx, http.MethodPost, strings.TrimRight(a.ch.URL, "/")+"/api/v2/alerts", a.authorize(), body)
	return got, err
}

func (a alerter) alert(e Event) alert {
	labels := map[string]string{}
	maps.Copy(labels, a.ch.Extra)
	w := wordsOf(a.ch)
	out := alert{
		Labels:      labels,
		Annotations: map[string]string{"summary": w.subject(e), "description": w.text(e), "transition": string(e.Transition), "event": e.ID},
		StartsAt:    e.From.UTC(), EndsAt: e.At.Add(alertLasts).UTC(), Generator: e.URL,
	}
	switch e.Transition {
	case Test:
		labels["alertname"] = "VouchTest"
		out.StartsAt, out.EndsAt = e.At.UTC(), e.At.Add(time.Minute).UTC()
		return out
	case Closed, Withdrawn:
		out.EndsAt = e.At.UTC()
		if !e.To.IsZero() {
			out.EndsAt = e.To.UTC()
		}
		if out.EndsAt.Before(out.StartsAt) {
			out.StartsAt = out.EndsAt
		}
	}
	labels["customer"], labels["site"] = string(e.Customer), string(e.Site)
	if e.unit != "" {
		labels["alertname"], labels["device"] = "VouchUnit", string(e.Devices[0])
		return out
	}
	labels["alertname"], labels["incident"] = "VouchIncident", string(e.Incident)
	return out
}
