// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"log/slog"
	"time"

	"github.com/vouch-sla/vouch"
)

// Details is what probers say to people, as it is logged.
type Details struct{ d *details }

func NewDetails(log *slog.Logger, now func() time.Time) Details {
	return Details{&details{log: log, now: now, last: map[jobKey]detail{}}}
}

func (d Details) Say(device vouch.DeviceID, r vouch.Result) { d.d.say(job{Device: device}, r) }

func (d Details) Keep(devices ...vouch.DeviceID) (kept int) {
	var jobs []job
	for _, id := range devices {
		jobs = append(jobs, job{Device: id})
	}
	d.d.keep(jobs)
	return len(d.d.last)
}
