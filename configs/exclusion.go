// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch/contract"
)

// maxExcluded bounds the service time that may be taken out of a month.
const maxExcluded = 744 * time.Hour

// exclusions reads the kinds that count, each with what it takes. A contract that
// lists them lists them all: what it does not name excludes nothing. A kind that is
// listed without a key has the default of that key.
func exclusions(v value, t *contract.Terms) {
	if v.absent() {
		return
	}
	m := v.mapping()
	defer m.done()
	defaults := t.Exclusions
	t.Exclusions = nil
	for _, kind := range contract.ExclusionKinds() {
		e := m.get(string(kind))
		if e.absent() {
			continue
		}
		def := contract.ExclusionRule{Kind: kind}
		if i := slices.IndexFunc(defaults, func(r contract.ExclusionRule) bool { return r.Kind == kind }); i >= 0 {
			def = defaults[i]
		}
		t.Exclusions = append(t.Exclusions, exclusion(e, def))
	}
}

func exclusion(v value, def contract.ExclusionRule) contract.ExclusionRule {
	m := v.mapping()
	defer m.done()
	r := contract.ExclusionRule{Kind: def.Kind}
	announced, delay, ahead := m.get("announced"), m.get("delay"), m.get("ahead")
	r.Announced = contract.Notice(none(announced.oneOf(string(def.Announced), "none", "before", "without_delay")))
	r.Delay = delay.seconds(time.Second, 31*24*time.Hour, def.Delay)
	r.Ahead = ahead.limit(def.Ahead, anyUnit)
	r.Short = m.get("short_notice").response(def.Short)
	r.OfficeHours = m.get("office_hours").response(def.OfficeHours)
	r.Evidence = m.get("evidence").boolean(def.Evidence)
	accepted, deemed := m.get("accepted"), m.get("deemed_after")
	r.Accepted = accepted.acceptance(def.Accepted)
	r.Deemed = deemed.limit(def.Deemed, anyUnit)
	r.FourEyes = m.get("second_person").boolean(def.FourEyes)
	r.Within = m.get("claimed_within").limit(def.Within, anyUnit)
	r.MonthlyCap = m.get("monthly_cap").seconds(time.Minute, maxExcluded, def.MonthlyCap)
	switch {
	case r.Announced == contract.NoticeWithoutDelay && delay.absent() && def.Delay == 0:
		at := announced
		if at.absent() {
			at = v
		}
		at.wrong("announced without_delay says not how long it may take, add the key delay, as delay: 4h")
	case r.Announced != contract.NoticeWithoutDelay && !delay.absent():
		delay.wrong("delay belongs to announced: without_delay, allowed is it only there")
	}
	if r.Announced == contract.NoticeNone && !ahead.absent() {
		ahead.wrong("ahead says how early it is announced and announced is none, allowed is it with before and without_delay")
	}
	if accepted.absent() {
		accepted = v
	}
	switch {
	case r.Accepted == contract.AcceptedDeemed && !r.Deemed.Set():
		accepted.wrong("accepted deemed says not after how long, add the key deemed_after, as deemed_after: 5 working days")
	case r.Accepted != contract.AcceptedDeemed && !deemed.absent():
		deemed.wrong("deemed_after belongs to accepted: deemed, allowed is it only there")
	}
	if r.Announced == contract.NoticeNone && r.Accepted == contract.AcceptedNone && !r.Evidence && !r.FourEyes {
		v.warn("%s counts on the provider's word alone: no announcement, evidence or acceptance is asked", r.Kind)
	}
	return r
}

// none returns the word that the terms have for "none".
func none(word string) string {
	if word == "none" {
		return ""
	}
	return word
}

// acceptance reads who must accept; true is the provider and false nobody.
func (v value) acceptance(def contract.Acceptance) contract.Acceptance {
	if b, ok := v.node.(*ast.BoolNode); ok {
		if b.Value {
			return contract.AcceptedProvider
		}
		return contract.AcceptedNone
	}
	return contract.Acceptance(none(v.oneOf(string(def), "none", "provider", "customer", "deemed")))
}

// response reads what comes of an announcement that is not as it should be.
func (v value) response(def contract.Response) contract.Response {
	if s := v.oneOf("", "ignore", "flag", "refuse"); s != "" {
		if s == "ignore" {
			return contract.Ignore
		}
		return contract.Response(s)
	}
	return def
}
