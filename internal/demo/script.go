// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch/collector/admin"
)

// script does every act of the plan at its time, and returns when the script is over.
func (r *run) script(ctx context.Context) error {
	began := time.Now().Truncate(time.Second).Add(2 * time.Second) // the next but one, so that the first second is whole
	r.mu.Lock()
	r.began = began
	r.mu.Unlock()
	if err := sleep(ctx, time.Until(began)); err != nil {
		return err
	}
	r.strain.reset()
	r.setPhase("the script runs")
	announcing, running := errgroup.WithContext(ctx)
	for _, a := range Acts(r.steps) {
		if err := sleep(running, time.Until(began.Add(a.At))); err != nil {
			return errors.Join(err, announcing.Wait())
		}
		if a.Kind == ActAnnounce {
			// Beside the script: it may take as long as a commit takes.
			announcing.Go(func() error { return r.announce(running, a) })
			continue
		}
		r.cast.perform(r.steps[a.Step], a.Kind, r.pace.Delay)
		r.did(Deed{Act: a, Done: time.Now()})
	}
	if err := announcing.Wait(); err != nil {
		return err
	}
	return sleep(ctx, time.Until(began.Add(r.pace.Length)))
}

// announce records the maintenance of a step.
func (r *run) announce(ctx context.Context, a Act) error {
	s := r.steps[a.Step]
	at := time.Now()
	var m admin.Maintenance
	err := r.client.Post(ctx, admin.PathMaintenance, admin.NewMaintenance{
		Customer: customerID, Device: s.Device, Reason: reasonOf(s),
		From: r.began.Add(s.AnnounceFrom).Truncate(time.Second), To: r.began.Add(s.AnnounceTo).Truncate(time.Second),
	}, &m)
	if err != nil {
		return fmt.Errorf("announce the maintenance of %s: %w", s.Device, err)
	}
	r.did(Deed{Act: a, Done: at, Announcement: &m})
	return nil
}

func reasonOf(s Step) string {
	if s.ID == StepClaimed {
		return "emergency work, said the engineer afterwards"
	}
	return "new firmware, agreed with the clinic"
}

// did records a deed and tells of it.
func (r *run) did(d Deed) {
	r.mu.Lock()
	r.deeds = append(r.deeds, d)
	r.mu.Unlock()
	r.view.say(event{at: d.Done, kind: kindScript, text: words(r.steps[d.Step], d)})
	r.view.show(r.frame(nil))
}

// words tells a deed.
func words(s Step, d Deed) string {
	switch d.Kind {
	case ActBegin:
		return s.What + " - " + s.Expect
	case ActEnd:
		return s.Over
	}
	m := d.Announcement
	text := fmt.Sprintf("maintenance of %s announced, from %s to %s (%s)", s.Device, clock(m.From), clock(m.To), m.ID)
	if s.ID == StepClaimed {
		text += " - too late, so that it must not count"
	}
	return text
}

// doings returns what was done so far.
func (r *run) doings() (began time.Time, deeds []Deed, phase string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began, slices.Clone(r.deeds), r.phase
}

// settle waits until the figures reach the end of the script, and fetches them.
func (r *run) settle(ctx context.Context) (res result, err error) {
	r.setPhase("waiting for the last batches")
	to := r.began.Add(r.pace.Length)
	for end := to.Add(r.pace.Lag + patience); ; {
		over, err := r.settled(ctx, to)
		if err != nil {
			return res, err
		}
		if over {
			break
		}
		if time.Now().After(end) {
			r.strain.say("the last batches had not arrived %v after the end of the script", patience)
			break
		}
		if err := sleep(ctx, lookEach); err != nil {
			return res, err
		}
	}
	query := url.Values{
		"customer": {string(customerID)}, "from": {r.began.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}, "format": {"json"},
	}
	if res.statement, err = r.client.Bytes(ctx, admin.PathStatement, query); err != nil {
		return res, fmt.Errorf("fetch the statement: %w", err)
	}
	query.Set("format", "text")
	if res.text, err = r.client.Bytes(ctx, admin.PathStatement, query); err != nil {
		return res, fmt.Errorf("fetch the statement: %w", err)
	}
	query.Del("format")
	if res.proof, err = r.prove(ctx, query); err != nil {
		return res, err
	}
	var incidents []admin.Incident
	if err = r.client.Get(ctx, admin.PathIncidents, url.Values{"customer": {string(customerID)}}, &incidents); err != nil {
		return res, fmt.Errorf("fetch the incidents: %w", err)
	}
	slices.SortStableFunc(incidents, func(a, b admin.Incident) int { return a.From.Compare(b.From) })
	if res.incidents, err = json.Marshal(incidents); err != nil {
		return res, fmt.Errorf("keep the incidents: %v", err)
	}
	res.loads = r.loads(ctx)
	return res, nil
}

// settled reports whether nothing about the time before to can be missing any more.
func (r *run) settled(ctx context.Context, to time.Time) (bool, error) {
	if time.Now().Before(to.Add(r.pace.Lag + time.Second)) {
		return false, nil
	}
	var s admin.Status
	if err := r.client.Get(ctx, admin.PathStatus, nil, &s); err != nil {
		return false, fmt.Errorf("ask how far the batches reach: %w", err)
	}
	for _, a := range s.Agents {
		if a.Through == nil || a.Through.Before(to) {
			return false, nil
		}
	}
	return s.Incidents == 0, nil
}
