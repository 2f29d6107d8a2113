// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// The pages and /api/v1/ fetch their data with the same methods, so that they cannot
// differ.

func (s *server) fleetJSON(r *http.Request, v Viewer) (owned, error) {
	return s.reader.Fleet(r.Context(), v)
}

func (s *server) deviceJSON(r *http.Request, v Viewer) (owned, error) { return s.device(r, v) }

func (s *server) incidentsJSON(r *http.Request, v Viewer) (owned, error) { return s.incidents(r, v) }

func (s *server) incidentJSON(r *http.Request, v Viewer) (owned, error) { return s.incident(r, v) }

func (s *server) maintenanceJSON(r *http.Request, v Viewer) (owned, error) {
	return s.reader.Maintenance(r.Context(), v)
}

func (s *server) noJSON(r *http.Request, _ Viewer) (owned, error) { return nil, nowhere(r) }

// nowhere is the answer to a path or a method that nothing serves.
func nowhere(r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	return ErrNotFound
}

// customer is the customer that the path names, if the viewer may know of it.
func customer(r *http.Request, v Viewer) (vouch.CustomerID, error) {
	id := vouch.CustomerID(r.PathValue("customer"))
	if vouch.ValidID(string(id)) != nil || !v.May(id) {
		return "", ErrNotFound
	}
	return id, nil
}

func (s *server) device(r *http.Request, v Viewer) (Device, error) {
	c, err := customer(r, v)
	if err != nil {
		return Device{}, err
	}
	id := r.PathValue("device")
	if vouch.ValidID(id) != nil {
		return Device{}, ErrNotFound
	}
	d, err := s.period(r)
	if err != nil {
		return Device{}, err
	}
	now := s.opts.Now()
	return s.reader.Device(r.Context(), v, c, vouch.DeviceID(id), now.Add(-d), now)
}

// spans are the periods that a device's page offers.
func spans() []struct {
	Name, Word string
	Length     time.Duration
} {
	return []struct {
		Name, Word string
		Length     time.Duration
	}{
		{"10m", "10\u00a0min", 10 * time.Minute},
		{"1h", "1\u00a0h", time.Hour},
		{"6h", "6\u00a0h", 6 * time.Hour},
		{"24h", "24\u00a0h", 24 * time.Hour},
		{"7d", "7\u00a0d", 7 * 24 * time.Hour},
	}
}

// period is the value of the parameter span.
func (s *server) period(r *http.Request) (time.Duration, error) {
	name := r.URL.Query().Get("span")
	if name == "" {
		return s.opts.Span, nil
	}
	var known []string
	for _, p := range spans() {
		if p.Name == name {
			return p.Length, nil
		}
		known = append(known, p.Name)
	}
	return 0, fmt.Errorf("%w: span %.20q: allowed are %s", ErrBadRequest, name, list(known))
}

// pageSize is how many incidents a list shows at once.
const pageSize = 50

func (s *server) incidents(r *http.Request, v Viewer) (Incidents, error) {
	q := IncidentQuery{Limit: pageSize, Before: r.URL.Query().Get("before")}
	switch state := r.URL.Query().Get("state"); IncidentState(state) {
	case "", "all":
	case IncidentOpen, IncidentOperational, IncidentClosed, IncidentWithdrawn, IncidentMerged:
		q.State = IncidentState(state)
	default:
		return Incidents{}, fmt.Errorf("%w: state %.20q: allowed are all, open, closed, withdrawn and merged", ErrBadRequest, state)
	}
	if len(q.Before) > 2*vouch.MaxIDLen {
		return Incidents{}, fmt.Errorf("%w: before %.20q was not given by an earlier page", ErrBadRequest, q.Before)
	}
	if n := r.URL.Query().Get("limit"); n != "" {
		var err error
		if q.Limit, err = strconv.Atoi(n); err != nil || q.Limit < 1 || q.Limit > 200 {
			return Incidents{}, fmt.Errorf("%w: limit %.20q: allowed are 1 to 200", ErrBadRequest, n)
		}
	}
	return s.reader.Incidents(r.Context(), v, q)
}

func (s *server) incident(r *http.Request, v Viewer) (IncidentDetail, error) {
	c, err := customer(r, v)
	if err != nil {
		return IncidentDetail{}, err
	}
	id := r.PathValue("id")
	if vouch.ValidID(id) != nil {
		return IncidentDetail{}, ErrNotFound
	}
	return s.reader.Incident(r.Context(), v, c, id)
}

func (s *server) statement(r *http.Request, v Viewer) (paper, error) {
	c, err := customer(r, v)
	if err != nil {
		return paper{}, err
	}
	p, err := statementPeriod(r)
	if err != nil {
		return paper{}, err
	}
	st, err := s.reader.Statement(r.Context(), v, c, p)
	return paper{st}, err
}

// Period chooses what a statement covers: a month "2026-11" of the contract's zone,
// or [From, To). The zero value asks for the current month to date.
type Period struct {
	Month    string
	From, To time.Time
	// Version is that of the statement as it was issued; 0 for the figures as they are now.
	Version int
}

// Issued is a version of a statement that was issued.
type Issued struct {
	Number  string
	Version int
	At      time.Time
	Reason  string
	Bundle  string // path of all its evidence in one file
}

// statementPeriod reads month, or from and to in RFC 3339, and version.
func statementPeriod(r *http.Request) (Period, error) {
	q := r.URL.Query()
	p := Period{Month: q.Get("month")}
	if s := q.Get("version"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return Period{}, fmt.Errorf("%w: version %.20q: write a number from 1 on", ErrBadRequest, s)
		}
		p.Version = n
	}
	month, from, to := p.Month, q.Get("from"), q.Get("to")
	switch {
	case month != "" && (from != "" || to != ""):
		return Period{}, fmt.Errorf("%w: give either month, or from and to", ErrBadRequest)
	case month != "":
		if t, err := time.Parse("2006-01", month); err != nil || t.Year() < 1970 {
			return Period{}, fmt.Errorf("%w: month %.20q: write it as 2026-11", ErrBadRequest, month)
		}
		return p, nil
	case from == "" && to == "":
		return p, nil
	}
	for name, at := range map[string]*time.Time{"from": &p.From, "to": &p.To} {
		// A plus sign that was not escaped arrives as a space.
		t, err := time.Parse(time.RFC3339, strings.ReplaceAll(q.Get(name), " ", "+"))
		if err != nil {
			return Period{}, fmt.Errorf("%w: %s %.40q: write it as 2026-11-01T00:00:00+01:00", ErrBadRequest, name, q.Get(name))
		}
		*at = t
	}
	if !p.From.Before(p.To) {
		return Period{}, fmt.Errorf("%w: the period ends before it begins", ErrBadRequest)
	}
	return p, nil
}
