// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

// Due returns when the time for a duty is over that an event gave rise to, and false
// where it is owed as soon as possible. Hours of a duty are elapsed time: those of a
// personal-data breach do not wait for a window.
func (d Duty) Due(event Second, office Calendar) (Second, bool) {
	if !d.Within.Set() {
		return 0, false
	}
	return d.Within.Expires(event, office), true
}

// Call says what comes of calling an appointment off: whether it is still allowed, and
// whether costs are charged.
func (a Appointment) Call(off, appointment Second, office Calendar) (allowed, charged bool) {
	allowed = !a.Cancel.Set() || off <= a.Cancel.Latest(appointment, office)
	charged = a.Charged.Set() && off > a.Charged.Latest(appointment, office)
	return allowed, charged
}

// FinalAt returns when a statement that was issued at an instant and not objected to
// is final.
func (t Terms) FinalAt(issued Second) Second {
	if !t.Objection.Set() {
		return issued
	}
	return t.Objection.Expires(issued, t.OfficeCalendar())
}
