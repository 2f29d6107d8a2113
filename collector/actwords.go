// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/collector/incident"
)

// actWords tells what a person did with an incident, or what its clocks did; empty for
// what was measured.
func actWords(e incident.Event) string {
	var a incident.Act
	if e.Act != nil {
		a = *e.Act
	}
	with := func(label, s string) string {
		if s == "" {
			return ""
		}
		return label + s
	}
	reason := with(" ", sentenceOf(a.Reason))
	switch e.Kind {
	case incident.Opened, incident.Reported:
		if a.Channel == "" {
			return ""
		}
		who := a.Role
		if a.Contact {
			who += " (a contact person)"
		}
		return fmt.Sprintf("Reported by %s, by %s, about %s%s.%s", who, a.Channel, devicesWords(e.Incident), with(", priority ", a.Priority.String()), reason)
	case incident.PickedUp:
		return "Picked up: an operator works on it." + reason
	case incident.Told:
		return "The customer was told" + with(", by ", a.Channel) + with(": ", a.Role) + ". The reaction clock stops." + reason
	case incident.InWriting:
		return "The report was confirmed in writing." + reason
	case incident.Rated:
		s := "Priority " + a.Priority.String()
		if a.Impact != "" {
			s += fmt.Sprintf(" (%s, %s)", a.Impact, a.Urgency)
		}
		return s + "." + reason
	case incident.Suspended:
		return fmt.Sprintf("Suspended: %s must act, reference %s; looked at again at %s.%s", a.Cause, a.Ref, stampOf(a.Check), reason)
	case incident.Resumed:
		return "Resumed" + with(": ", a.Cause) + "." + reason
	case incident.Visit:
		return "A visit on site was agreed for " + stampOf(a.Visit) + "." + reason
	case incident.WorkAround:
		return "The service works again by a work-around." + reason
	case incident.Restored:
		if e.Act == nil {
			return "Operational again by the measurements; it is for a person to close."
		}
		return "Operational again, by a person's word." + reason
	case incident.Repaired:
		return "Repaired: the cause is gone." + reason
	case incident.Relapsed:
		return "Down again within the contract's time: reopened, with " + devicesWords(e.Incident) + "."
	case incident.ReopenedBy:
		return "Reopened: it does not work after all." + reason
	case incident.Settled:
		return fmt.Sprintf("Closed. Cause: %s, attributed to %s%s.%s", a.Cause, a.To, with("; evidence: ", strings.Join(a.Evidence, ", ")), reason)
	case incident.Noted:
		return sentenceOf(a.Reason)
	case incident.Warned:
		return fmt.Sprintf("80 %% of the %s time is used; it is over at %s.", a.Clock, stampOf(a.Due))
	case incident.OverranOnce, incident.OverranMore:
		return fmt.Sprintf("The %s time was overrun at %s: %s.", a.Clock, stampOf(a.Due), e.Kind)
	}
	return ""
}

// sentenceOf ends what a person wrote with a full stop.
func sentenceOf(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
