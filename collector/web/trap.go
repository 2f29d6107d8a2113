// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
)

// Trap is the latest of the SNMP traps of one name that a device sent. It is shown to
// people and decides nothing: the poll that followed it did.
type Trap struct {
	Name  string        `json:"name"` // "linkDown"; "other" for what no profile names
	OID   string        `json:"oid"`
	At    time.Time     `json:"at"`    // when the agent noted it, at most 5 s after it came
	Count uint64        `json:"count"` // that came since the agent's note before
	Agent vouch.AgentID `json:"agent"`
}

type trapLine struct {
	Trap
	When   stamp
	Time   string
	Detail string
}

func (t Trap) line(c clock) trapLine {
	out := trapLine{Trap: t, When: c.stamp(t.At)}
	out.Time = out.When.t.Format("15:04:05")
	if !dayOf(out.When.t).Equal(dayOf(c.now)) {
		out.Time = out.When.t.Format("2 Jan")
		out.Detail = out.When.t.Format("15:04:05") + ", "
	}
	if t.Count > 1 {
		out.Detail += strconv.FormatUint(t.Count, 10) + " times, "
	}
	out.Detail += t.OID + ", to " + string(t.Agent)
	return out
}
