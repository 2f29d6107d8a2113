// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Path is a location's check of a device: what is admitted before it votes (rule 0).
type Path struct {
	Location vouch.LocationID
	Device   vouch.DeviceID
	Check    vouch.CheckName
}

// AdmittedBody says that a path may vote from when it is recorded: so many samples of it
// were up.
type AdmittedBody struct {
	Subject   string           `json:"subject"` // "LOCATION/DEVICE/CHECK"
	Location  vouch.LocationID `json:"location"`
	Device    vouch.DeviceID   `json:"device"`
	Check     vouch.CheckName  `json:"check"`
	Successes int              `json:"successes"`
}

// AdmittedBodyOf returns what a record says of a path that had so many successes.
func AdmittedBodyOf(p Path, successes int) AdmittedBody {
	return AdmittedBody{
		Subject:  string(p.Location) + "/" + string(p.Device) + "/" + string(p.Check),
		Location: p.Location, Device: p.Device, Check: p.Check, Successes: successes,
	}
}

// asked is what the first assignment of a check to an agent asks for.
type asked struct {
	turn      int // the number of the assignment record among all, from 1
	successes int // 0: none
}

func (b *Book) takeAdmitted(rec evidence.Record) error {
	a, err := body[AdmittedBody](rec)
	if err != nil {
		return err
	}
	p := Path{a.Location, a.Device, a.Check}
	if _, ok := b.admitted[p]; !ok {
		b.admitted[p] = contract.Ceil(rec.Recorded)
	}
	return nil
}

// Admission returns how many successes admit a path, and from when on it votes: 0 and 0 where
// none are asked, [Endless] for one that was not admitted yet. What the first assignment that
// names the path asks for holds: whoever measured before anything was asked goes on.
func (b *Book) Admission(p Path) (successes int, from contract.Second) {
	if !b.asking {
		return 0, 0
	}
	var first asked
	for agent, at := range b.speakers {
		if x, ok := b.asked[Assigned{agent, p.Device, string(p.Check)}]; ok && at == p.Location && (first.turn == 0 || x.turn < first.turn) {
			first = x
		}
	}
	if first.successes == 0 {
		return 0, 0
	}
	if from, ok := b.admitted[p]; ok {
		return first.successes, from
	}
	return first.successes, Endless
}

// admit marks the checks of a device, as one agent runs them, with when they were admitted.
func (b *Book) admit(at vouch.LocationID, d vouch.DeviceID, checks []contract.Check) {
	for i := range checks {
		_, checks[i].AdmittedAt = b.Admission(Path{at, d, checks[i].Name})
	}
}
