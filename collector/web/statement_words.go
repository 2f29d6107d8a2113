// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// What a contract and the evidence say in words of their own, in the language of the
// page. The English words are part of the evidence format and stay as they are.

// language is the language as package statement names it.
func (t tongue) language() statement.Language {
	if t.dutch {
		return statement.Dutch
	}
	return statement.English
}

// quorum is the rule with its voters: "reachable from 2 of AMS (provider), BRU (neutral)".
func (t tongue) quorum(v statement.Version) string {
	var voters []string
	for _, o := range v.Voters {
		if o.Votes {
			voters = append(voters, fmt.Sprintf("%s (%s)", o.Location, t.T(string(o.Custody))))
		}
	}
	rule := map[contract.Rule]string{contract.TwoSided: "two-sided,", contract.ReachableFrom: "reachable from", contract.UnreachableFrom: "unreachable from"}[v.Quorum.Rule]
	return fmt.Sprintf("%s %d %s %s", t.T(rule), v.Quorum.Q, t.T("of"), strings.Join(voters, ", "))
}

// kind is what an exclusion is.
func (t tongue) kind(k contract.ExclusionKind) string { return upper(t.language().Kind(k)) }

// reason is why something is unknown.
func (t tongue) reason(r vouch.Reason) string {
	if t.dutch {
		if nl := map[vouch.Reason]string{
			vouch.ReasonSocket: "eigen verbinding van de meetpost", vouch.ReasonOverload: "meetpost overbelast", vouch.ReasonStopped: "meting afgebroken", vouch.ReasonCredentials: "sleutel geweigerd",
			vouch.ReasonProtocol: "onleesbaar antwoord", vouch.ReasonFiltered: "gefilterd onderweg", vouch.ReasonLocation: "eigen netwerk van de meetlocatie", vouch.ReasonNetwork: "netwerk van de aanbieder",
			vouch.ReasonNoSample: "geen meting", vouch.ReasonClock: "klok niet te vertrouwen", vouch.ReasonNotAdmitted: "nog niet toegelaten", vouch.ReasonIdentity: "ander apparaat dan geleverd",
			vouch.ReasonSilent: "meetpost zwijgt", vouch.ReasonDisputed: "getuigen spreken elkaar tegen", vouch.ReasonWitnesses: "te weinig getuigen",
		}[r]; nl != "" {
			return nl
		}
	}
	return string(r)
}

// periodText is the period, with the time of day where it is not midnight.
func (t tongue) periodText(from, to time.Time) string {
	midnight := func(at time.Time) bool { return at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 }
	zone := nbsp + stamp{t: to}.Zone()
	switch {
	case midnight(from) && midnight(to) && from.Year() == to.Year():
		return from.Format("2") + " " + t.month(from.Month()) + " " + t.T("until") + " " + t.dateYear(to) + ", 00:00" + zone
	case dayOf(from).Equal(dayOf(to)):
		return t.dateYear(from) + ", " + from.Format("15:04:05") + " " + t.T("until") + " " + to.Format("15:04:05") + zone
	}
	return t.dateYear(from) + from.Format(" 15:04:05") + " " + t.T("until") + " " + t.dateYear(to) + to.Format(" 15:04:05") + zone
}

// instant is a whole instant: "Thu 4 June 2026 09:00:00 CEST".
func (t tongue) instant(s stamp) string {
	return t.weekday(s.t.Weekday()) + " " + t.dateYear(s.t) + s.t.Format(" 15:04:05") + nbsp + s.Zone()
}

// worded is a subject together with the language that prints it.
type worded struct {
	W tongue
	S subjectLine
}

// With gives a subject to a part of the template.
func (t tongue) With(s subjectLine) worded { return worded{t, s} }
