// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"

	"github.com/vouch-sla/vouch/internal/ical"
)

// worksFile is the announced works as iCalendar (RFC 5545), for a calendar that fetches
// it again and again.
type worksFile struct {
	Maintenance
	body []byte
}

func (f worksFile) file() (body []byte, kind, name string) {
	return f.body, ical.ContentType, "maintenance.ics"
}

// maintenanceICS sends what the viewer may see of the announced works as a calendar.
func (s *server) maintenanceICS(r *http.Request, v Viewer) (owned, error) {
	view, err := s.reader.Maintenance(r.Context(), v)
	if err == nil {
		err = guard(v, view)
	}
	if err != nil {
		return nil, err
	}
	return worksFile{view, Calendar(s.opts.Provider, view.Works)}, nil
}

// Calendar returns works as iCalendar. The same works give the same bytes: an event is
// stamped with its announcement, or with when it was called off.
func Calendar(provider string, works []Work) []byte {
	var events []ical.Event
	for _, w := range works {
		e := ical.Event{UID: fmt.Sprintf("%s.%s@vouch", w.ID, w.Customer), Stamp: w.AnnouncedAt, From: w.From, To: w.To,
			Summary: fmt.Sprintf("Maintenance %s, %s: %s", w.CustomerName, w.Scope, w.Reason), Description: w.ID + ". " + counting(w)}
		if w.CancelledAt != nil {
			e.Stamp, e.Sequence, e.Cancelled = *w.CancelledAt, 1, true
		}
		events = append(events, e)
	}
	return ical.Write("-//vouch//maintenance//EN", "Maintenance, "+provider, events)
}

// counting says what the contract makes of a work.
func counting(w Work) string {
	switch {
	case w.State == WorkCancelled:
		return "Called off."
	case w.Counts && w.Flag != "":
		return "It is taken out of the count; " + w.Flag + "."
	case w.Counts:
		return "It is taken out of the count."
	case w.Flag != "":
		return "It does not count: " + w.Flag + "."
	}
	return "It does not count."
}
