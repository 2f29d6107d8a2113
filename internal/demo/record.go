// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"time"
)

// record is script.json: what was done when, what must have come of it, and what did.
type record struct {
	For        string       `json:"for"`
	From       time.Time    `json:"from"`
	To         time.Time    `json:"to"`
	Interval   string       `json:"interval"`
	Confirm    string       `json:"confirm"`
	Clear      string       `json:"clear"`
	ToleranceS float64      `json:"tolerance_s"`
	Verdict    Verdict      `json:"verdict"`
	Problems   []string     `json:"differences"`
	Strain     []string     `json:"strain"`
	Steps      []recordStep `json:"steps"`
}

type recordStep struct {
	Step      StepID    `json:"step"`
	Device    string    `json:"device"`   // empty: all
	Location  string    `json:"location"` // empty: all
	What      string    `json:"what"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Announced any       `json:"maintenance,omitempty"`
	Expect    string    `json:"expected"`
	Found     string    `json:"found"`
	OK        bool      `json:"ok"`
}

// keep writes the files of the result.
func (r *run) keep(res result, c Comparison, out Outcome, began time.Time, deeds []Deed) error {
	rec := record{
		For: r.pace.Length.String(), From: c.e.Period.From.UTC(), To: c.e.Period.To.UTC(), Interval: r.pace.Interval.String(),
		Confirm: r.pace.Confirm.String(), Clear: r.pace.Clear.String(), ToleranceS: r.pace.Tolerance().Seconds(),
		Verdict: out.Verdict, Problems: append([]string{}, out.Differences...), Strain: append([]string{}, out.Strain...),
	}
	for i, s := range r.steps {
		step := recordStep{
			Step: s.ID, Device: string(s.Device), Location: string(s.Location), What: s.What, Expect: s.Expect,
			From: c.e.Effects[i].Happened.From.UTC(), To: c.e.Effects[i].Happened.To.UTC(), Found: c.Found[s.ID], OK: c.fine(s.ID),
		}
		for _, d := range deeds {
			if d.Step == i && d.Announcement != nil {
				step.Announced = d.Announcement
			}
		}
		rec.Steps = append(rec.Steps, step)
	}
	if err := r.folder.writeJSON("script.json", rec); err != nil {
		return err
	}
	if err := r.folder.write("statement.json", res.statement); err != nil {
		return err
	}
	if err := r.folder.write("statement.txt", res.text); err != nil {
		return err
	}
	return r.folder.writeJSON("incidents.json", json.RawMessage(res.incidents))
}
