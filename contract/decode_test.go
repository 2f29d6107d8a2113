// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

const goodCase = `{"schema": "vouch-case/1", "id": "G", "title": "good", "timezone": "Europe/Brussels",
 "period": ["2026-06-09T00:00:00+02:00", "2026-06-10T00:00:00+02:00"],
 "service_window": {"days": ["Mon", "Tue"], "from": "08:45", "to": "17:00"}, "holidays": ["2026-12-25"],
 "quorum": 2, "incident": {"confirm_s": 120, "clear_s": 300},
 "agents": [{"id": "a", "location": "AMS", "custody": "provider", "default": "up", "intervals": [
   {"from": "2026-06-09T10:00:00+02:00", "to": "2026-06-09T10:07:30+02:00", "state": "down"}]}],
 "maintenance": [{"id": "M", "from": "2026-06-09T10:00:00+02:00", "to": "2026-06-09T11:00:00+02:00", "announced_at": "2026-06-01T10:00:00+02:00"}],
 "outside_control": [{"id": "X", "from": "2026-06-09T10:00:00+02:00", "to": "2026-06-09T11:00:00+02:00", "cause": "c", "recorded_at": "2026-06-10T10:00:00+02:00", "accepted": true}],
 "expected": {"whatever": 1}}`

const goodService = `{"id": "S", "timezone": "UTC", "period": ["2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"],
 "service_window": [], "quorum": {"rule": "two_sided", "q": 2}, "incident": {"confirm_s": 0, "clear_s": 0},
 "devices": {"D": [{"id": "a", "location": "AMS", "custody": "provider", "default": "up", "intervals": []}]},
 "service": {"all": [{"device": "D"}, {"any": [{"device": "D"}]}]}}`

const goodClock = `{"schema": "vouch-clock/1", "id": "C", "timezone": "Europe/Brussels",
 "service_window": {"days": ["Mon"], "from": "00:00", "to": "24:00"},
 "started_at": "2026-06-08T10:00:00+02:00", "target_s": 60, "suspensions": [{"from": "2026-06-08T10:00:00+02:00", "to": "2026-06-08T10:00:30+02:00", "reason": "r"}],
 "stopped_at": "2026-06-08T10:10:00+02:00", "monthly_fee_cents": 45000, "credit": {"percent_per_day": 2.5, "cap_percent": 100, "days": "commenced"}}`

func TestMistakes(t *testing.T) {
	tests := []struct {
		file, old, new string
		field, problem string
	}{
		{goodCase, goodCase, "", "", "empty"},
		{goodCase, goodCase, "{", "", "ends early"},
		{goodCase, goodCase, "{]", "", "not JSON"},
		{goodCase, goodCase, goodCase + "x", "", "follows"},
		{goodCase, goodCase, strings.Repeat("[", 200), "", "nested deeper"},
		{goodCase, goodCase, "7", "", "an object is needed"},
		{goodCase, `"vouch-case/1"`, `"vouch-case/2"`, "schema", "allowed are vouch-case/1"},
		{goodCase, `"id": "G"`, `"id": ""`, "id", "empty"},
		{goodCase, `"id": "G", `, ``, "id", "required and absent"},
		{goodCase, `"id": "G"`, `"id": "G", "id": "H"`, "id", "twice"},
		{goodCase, `"title"`, `"titel"`, "titel", "no such key"},
		{goodCase, `Europe/Brussels`, `Europe/Bruxelles`, "timezone", "no time zone"},
		{goodCase, `Europe/Brussels`, `Local`, "timezone", "no time zone"},
		{goodCase, `"period": ["2026-06-09T00:00:00+02:00", `, `"period": [`, "period", "list of two"},
		{goodCase, `"period": ["2026-06-09`, `"period": ["2026-06-11`, "period", "ends before"},
		{goodCase, `"period": ["2026-06-09T00:00:00+02:00"`, `"period": ["2026-06-09T00:00:00"`, "period[0]", "offset"},
		{goodCase, `"period": ["2026-06-09T00:00:00+02:00"`, `"period": ["2026-06-09T00:00:00.5+02:00"`, "period[0]", "fraction"},
		{goodCase, `"period": ["2026-06-09T00:00:00+02:00"`, `"period": ["2026-06-31T00:00:00+02:00"`, "period[0]", "no instant"},
		{goodCase, `"period": ["2026-06-09T00:00:00+02:00"`, `"period": [1780000000`, "period[0]", "no instant"},
		{goodCase, `"Mon"`, `"Monday"`, "service_window.days[0]", "no weekday"},
		{goodCase, `["Mon", "Tue"]`, `"Mon"`, "service_window.days", "a list is needed"},
		{goodCase, `"08:45"`, `"8:45"`, "service_window.from", "HH:MM"},
		{goodCase, `"08:45"`, `"24:00"`, "service_window.from", "only end"},
		{goodCase, `"17:00"`, `"24:01"`, "service_window.to", "HH:MM"},
		{goodCase, `"17:00"`, `"08:00"`, "service_window.to", "two windows"},
		{goodCase, `"17:00"`, `"17:00", "zone": 1`, "service_window.zone", "no such key"},
		{goodCase, `"2026-12-25"`, `"2026-02-29"`, "holidays[0]", "calendar date"},
		{goodCase, `"quorum": 2`, `"quorum": 0`, "quorum", "whole number"},
		{goodCase, `"quorum": 2`, `"quorum": 2.5`, "quorum", "whole number"},
		{goodCase, `"quorum": 2`, `"quorum": "2"`, "quorum", "whole number"},
		{goodCase, `"quorum": 2`, `"quorum": {"rule": "majority", "q": 2}`, "quorum.rule", "allowed are"},
		{goodCase, `"quorum": 2`, `"quorum": {"rule": "two_sided"}`, "quorum.q", "required"},
		{goodCase, `"confirm_s": 120`, `"confirm_s": -1`, "incident.confirm_s", "whole number"},
		{goodCase, `"custody": "provider"`, `"custody": "ours"`, "agents[0].custody", "allowed are"},
		{goodCase, `"default": "up"`, `"default": "degraded"`, "agents[0].default", "allowed are"},
		{goodCase, `"state": "down"`, `"state": "dead"`, "agents[0].intervals[0].state", "allowed are"},
		{goodCase, `"2026-06-09T10:07:30+02:00"`, `"2026-06-09T09:00:00+02:00"`, "agents[0].intervals[0].to", "before from"},
		{goodCase, `"announced_at"`, `"announced"`, "maintenance[0].announced_at", "required"},
		{goodCase, `"accepted": true`, `"accepted": "yes"`, "outside_control[0].accepted", "true or false"},
		{goodCase, `"maintenance": [`, `"maintenance": [{"id": "M", "from": "2026-06-09T10:00:00+02:00", "to": "2026-06-09T11:00:00+02:00", "announced_at": "2026-06-01T10:00:00+02:00"}, `, "maintenance[1].id", "twice"},
		{goodCase, `"agents": [`, `"agents": [{"id": "a", "location": "BRU", "custody": "neutral", "default": "up"}, `, "agents[1].id", "twice"},
		{goodCase, `"agents": [`, `"agents": [{"id": "b", "location": "AMS", "custody": "customer", "default": "up"}, `, "agents[1].custody", "custody follows the place"},
		{goodCase, `"agents"`, `"devices": {}, "agents"`, "devices", "exclude each other"},
		{goodCase, `"agents"`, `"service": {}, "agents"`, "service", "needs devices"},
		{goodCase, `"agents"`, `"agenten"`, "", "one of agents and devices"},
		{goodService, `"service": `, `"expected": `, "service", "required with devices"},
		{goodService, `{"all": [{"device": "D"}, `, `{"all": [{"device": "E"}, `, "service.all[0].device", "no device"},
		{goodService, `{"any": [{"device": "D"}]}`, `{"any": []}`, "service.all[1].any", "empty"},
		{goodService, `{"any": [{"device": "D"}]}`, `{"any": [{"device": "D"}], "all": []}`, "service.all[1]", "exactly one"},
		{goodService, `{"any": [{"device": "D"}]}`, `{}`, "service.all[1]", "exactly one"},
		{goodClock, `"2026-06-08T10:10:00+02:00"`, `"2026-06-08T09:10:00+02:00"`, "stopped_at", "before started_at"},
		{goodClock, `"target_s": 60`, `"target_s": -60`, "target_s", "whole number"},
		{goodClock, `"days": "commenced"`, `"days": "begun"`, "credit.days", "allowed are"},
		{goodClock, `2.5`, `-2.5`, "credit.percent_per_day", "percentage"},
		{goodClock, `2.5`, `"2.5"`, "credit.percent_per_day", "percentage"},
		{goodClock, `"reason": "r"`, `"cause": "r"`, "suspensions[0].cause", "no such key"},
		{goodClock, `"schema": "vouch-clock/1"`, `"schema": "vouch-case/1"`, "started_at", "no such key"},
	}
	for _, tt := range tests {
		if !strings.Contains(tt.file, tt.old) {
			t.Fatalf("the good file holds no %s", tt.old)
		}
		text := strings.Replace(tt.file, tt.old, tt.new, 1)
		_, _, err := contract.DecodeExamples(strings.NewReader(text), contract.SchemaCase, time.LoadLocation)
		if !mistaken(err, tt.field, tt.problem) {
			t.Errorf("DecodeExamples with %.60q for %.60q = %v, want a mistake at %q about %q", tt.new, tt.old, err, tt.field, tt.problem)
		}
	}
}

// mistaken reports whether a mistake at the field that speaks of the problem is among
// the error's.
func mistaken(err error, field, problem string) bool {
	list := []error{err}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		list = j.Unwrap()
	}
	for _, e := range list {
		var m contract.Mistake
		if errors.As(e, &m) && m.Field == field && strings.Contains(m.Problem, problem) {
			return true
		}
	}
	return false
}

func TestMistakesAreAllTold(t *testing.T) {
	text := strings.NewReplacer(`"quorum": 2`, `"quorum": 0`, `"Mon"`, `"Moon"`, `"state": "down"`, `"state": "dead"`).Replace(goodCase)
	_, list, err := contract.DecodeExamples(strings.NewReader("["+goodCase+","+text+"]"), contract.SchemaCase, time.LoadLocation)
	for _, field := range []string{"[1].quorum", "[1].service_window.days[0]", "[1].agents[0].intervals[0].state"} {
		if !list || !mistaken(err, field, "") {
			t.Errorf("DecodeExamples = %v, %v, want a mistake at %s among others", list, err, field)
		}
	}
}

func TestGoodExamples(t *testing.T) {
	for _, text := range []string{goodCase, goodService, goodClock, "[]", "[" + goodCase + "," + goodClock + "]"} {
		if _, _, err := contract.DecodeExamples(strings.NewReader(text), contract.SchemaCase, time.LoadLocation); err != nil {
			t.Errorf("DecodeExamples(%.40s...) = %v, want no error", text, err)
		}
	}
	clock := strings.Replace(goodClock, `"schema": "vouch-clock/1", `, "", 1)
	if x, _, err := contract.DecodeExamples(strings.NewReader(clock), contract.SchemaClock, time.LoadLocation); err != nil || x[0].Clock == nil {
		t.Errorf("DecodeExamples of a clock that names no schema = %v, %v, want a clock", x, err)
	}
}

func FuzzDecodeExamples(f *testing.F) {
	for _, s := range []string{goodCase, goodService, goodClock, "[", "[{}]", `{"agents":[{}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		examples, _, err := contract.DecodeExamples(bytes.NewReader(b), contract.SchemaCase, time.LoadLocation)
		if err != nil {
			return
		}
		for _, e := range examples {
			if e.Case == nil {
				continue // a clock of thousands of years is right and slow
			}
			if e.Case.Period.Len() > 100*366*86400 {
				continue
			}
			checkAccount(t, e.Case.Account())
			if s := fmt.Sprint(e.Answer()); s == "" {
				t.Error("no answer")
			}
		}
	})
}
