// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"time"
)

// lateness finds items that nobody outside can say were in the ledger soon after they
// speak of.
type lateness struct {
	late     int // proven to be there only long afterwards
	worst    time.Duration
	example  string
	unproven int // of which nobody says anything
	first    string
	without  *without // nil as long as no late item said anything
}

// lateAfter is how long after its last sample an item may be anchored.
const lateAfter = 25 * time.Hour

// see looks at one item, and reports whether it is late.
func (l *lateness) see(v *verifier, i *item) bool {
	if len(v.bounds) == 0 {
		return false
	}
	what := func() string {
		return fmt.Sprintf("agent %s, epoch %d, number %d", i.link.Agent, i.link.Epoch, i.link.First)
	}
	switch at, ok := v.bounds.of(v.leaves.items[i.leaf].index); {
	case !ok:
		if l.unproven++; l.unproven == 1 {
			l.first = what()
		}
	case at.Sub(i.link.Through) > lateAfter:
		l.late++
		if took := at.Sub(i.link.Through); took > l.worst {
			l.worst, l.example = took, what()
		}
		return true
	}
	return false
}

func (l *lateness) report(c *computation) {
	rep := c.v.rep
	if len(c.v.bounds) == 0 {
		return
	}
	if l.late == 0 && l.unproven == 0 {
		rep.proven(TopicTime, "", "every batch was in the ledger within 25 hours after its last sample")
	}
	if l.late > 0 {
		rep.open(TopicTime, l.example, "%d batches and gaps are proven to be in the ledger only more than 25 hours after their last sample, up to %s: whoever holds the keys could have written them afterwards. %s",
			l.late, l.worst.Round(time.Minute), c.lateShift())
	}
	if l.unproven > 0 {
		rep.open(TopicTime, l.first, "since when %d batches and gaps have been in the ledger, this one and later ones: nobody outside has vouched for them yet", l.unproven)
	}
}
