// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Device is what a device turned out to be.
type Device struct {
	Facts
	Profile *vouch.Profile // of those given; nil where none matches
	// What the profile finds; empty where the device does not tell.
	Vendor, Model, Version, Serial string
}

// Recognise asks the target for its facts and finds the profile that matches best:
// by sysObjectID, sysDescr and what the device has. A profile without a rule never
// matches. The device is empty unless the result is Up.
func (p *Prober) Recognise(ctx context.Context, t probes.Target, profiles []vouch.Profile) (Device, vouch.Result) {
	f, r := p.Facts(ctx, t)
	d := Device{Facts: f}
	if r.Outcome != vouch.Up {
		return d, r
	}
	rules := candidates(profiles, f)
	p.attempt(ctx, t, &plan{}, func(a *attempt, ctx context.Context) vouch.Result {
		for _, c := range rules {
			if a.hasAll(ctx, c.exists) {
				d.Profile = c.profile
				break
			}
		}
		return r
	})
	if d.Profile != nil {
		d.Vendor, d.Model, d.Version, d.Serial = p.facts(ctx, t, d.Profile)
	}
	return d, r
}

// Describe asks the target for its facts, and for those that the profile finds.
func (p *Prober) Describe(ctx context.Context, t probes.Target, profile *vouch.Profile) (Device, vouch.Result) {
	f, r := p.Facts(ctx, t)
	d := Device{Facts: f, Profile: profile}
	if r.Outcome == vouch.Up {
		d.Vendor, d.Model, d.Version, d.Serial = p.facts(ctx, t, profile)
	}
	return d, r
}

// candidate is a profile with one of its rules, which holds as far as the system group tells.
type candidate struct {
	profile *vouch.Profile
	id      int // how specific the sysObjectID is that matched; 0 for none
	descr   bool
	exists  []string
}

// candidates returns the profiles that may match, the most specific first: by the
// object identifier, then by what must exist, then by the description, then by name.
func candidates(profiles []vouch.Profile, f Facts) []candidate {
	var out []candidate
	for i := range profiles {
		for _, m := range profiles[i].Match {
			c := candidate{profile: &profiles[i], exists: m.Exists, descr: m.SysDescr != ""}
			if len(m.SysObjectID) > 0 {
				for _, pattern := range m.SysObjectID {
					c.id = max(c.id, specific(pattern, f.SysObjectID))
				}
				if c.id == 0 {
					continue
				}
			}
			if c.descr {
				if re, err := regexp.Compile(m.SysDescr); err != nil || !re.MatchString(f.descr) {
					continue
				}
			}
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.id, a.id), cmp.Compare(len(b.exists), len(a.exists)), cmp.Compare(number(b.descr), number(a.descr)),
			strings.Compare(a.profile.Name, b.profile.Name))
	})
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// specific tells how closely a pattern matches an object identifier: 0 for not at
// all, else the more the longer, most for the identifier itself.
func specific(pattern, id string) int {
	switch prefix, glob := strings.CutSuffix(pattern, ".*"); {
	case pattern == id:
		return 1 << 20
	case glob && strings.HasPrefix(id, prefix+"."):
		return 1 + strings.Count(prefix, ".")
	}
	return 0
}

// hasAll reports whether the device has something at or below each of the objects.
func (a *attempt) hasAll(ctx context.Context, objects []string) bool {
	for _, object := range objects {
		root, err := parseOID(object)
		if err != nil {
			return false
		}
		if _, ok := a.get(ctx, root); ok {
			continue
		}
		if _, ok := a.following(ctx, root, root); !ok {
			return false
		}
	}
	return true
}

// get returns the value of one object.
func (a *attempt) get(ctx context.Context, name oid) (scalar, bool) {
	a.req.pdu, a.req.repetitions, a.req.names = pduGet, 0, append(a.req.names[:0], name)
	ans, err := a.exchange(ctx, &a.req)
	if err != nil || ans.status != statusNoError || len(ans.binds) == 0 {
		return scalar{}, false
	}
	b := ans.binds[0]
	if !slices.Equal(b.name, name) || b.tag >= tagNoSuchObject && b.tag <= tagEndOfMibView || b.tag == tagNull {
		return scalar{}, false
	}
	return scalar{tag: b.tag, data: a.keep(b.data)}, true
}

// following returns the first object after a name that lies below root.
func (a *attempt) following(ctx context.Context, root, after oid) (cell, bool) {
	a.req.pdu, a.req.repetitions, a.req.names = pduGetNext, 0, append(a.req.names[:0], after)
	ans, err := a.exchange(ctx, &a.req)
	if err != nil || ans.status != statusNoError || len(ans.binds) == 0 {
		return cell{}, false
	}
	b := ans.binds[0]
	if b.tag >= tagNoSuchObject && b.tag <= tagEndOfMibView || len(b.name) <= len(root) || !slices.Equal(b.name[:len(root)], root) || compare(b.name, after) <= 0 {
		return cell{}, false
	}
	return cell{name: a.keep(b.name), tag: b.tag, data: a.keep(b.data)}, true
}

// maxFactRows bounds how many rows are looked at for a fact.
const maxFactRows = 128

// facts asks for what a profile finds of a device.
func (p *Prober) facts(ctx context.Context, t probes.Target, profile *vouch.Profile) (vendor, model, version, serial string) {
	p.attempt(ctx, t, &plan{}, func(a *attempt, ctx context.Context) vouch.Result {
		f := profile.Facts
		vendor, model, version, serial = a.fact(ctx, f.Vendor), a.fact(ctx, f.Model), a.fact(ctx, f.Version), a.fact(ctx, f.Serial)
		return vouch.Result{Outcome: vouch.Up}
	})
	return vendor, model, version, serial
}

// fact returns the first of the sources that gives a text.
func (a *attempt) fact(ctx context.Context, sources []vouch.FactSource) string {
	return a.find(ctx, sources).text
}

// found is the text of a fact, and where it was; the object is nil for a fixed text
// and for none.
type found struct {
	text   string
	source vouch.FactSource
	object oid
}

// find looks for the first of the sources that gives a text.
func (a *attempt) find(ctx context.Context, sources []vouch.FactSource) found {
	for _, s := range sources {
		if s.Value != "" {
			return found{text: s.Value}
		}
		root, err := parseOID(s.OID)
		if err != nil {
			continue
		}
		if v, ok := a.get(ctx, root); ok {
			if text := factText(s, v); text != "" {
				return found{text, s, root}
			}
			continue
		}
		if strings.HasSuffix(s.OID, ".0") {
			continue
		}
		if text, object := a.columnFact(ctx, s, root); text != "" {
			return found{text, s, object}
		}
	}
	return found{}
}

// columnFact looks through the rows of a column.
func (a *attempt) columnFact(ctx context.Context, s vouch.FactSource, root oid) (string, oid) {
	where, err := parseOID(s.Where)
	filtered := s.Where != "" && err == nil
	after := root
	for range maxFactRows {
		c, ok := a.following(ctx, root, after)
		if !ok {
			return "", nil
		}
		after = c.name
		text := factText(s, scalar{tag: c.tag, data: c.data})
		if text == "" {
			continue
		}
		if filtered {
			v, ok := a.get(ctx, append(slices.Clone(where), c.name[len(root):]...))
			if !ok || string(appendTextOf(nil, v.tag, v.data)) != s.WhereEquals {
				continue
			}
		}
		return text, c.name
	}
	return "", nil
}

// factText turns a value into the text of a fact. White space and zeroes around it
// are padding.
func factText(s vouch.FactSource, v scalar) string {
	data := v.data
	if v.tag == tagOctetString {
		data = bytes.Trim(data, "\x00 \t\r\n")
	}
	text := string(appendTextOf(nil, v.tag, data))
	if s.Extract != "" {
		re, err := regexp.Compile(s.Extract)
		if err != nil {
			return ""
		}
		if v.tag == tagOctetString {
			text = oneLine(data)
		}
		m := re.FindStringSubmatch(text)
		if len(m) < 2 {
			return ""
		}
		text = strings.TrimSpace(m[1])
	}
	if len(s.Mapping) == 0 {
		return text
	}
	if v.tag == tagOID {
		text = text[strings.LastIndexByte(text, '.')+1:]
	}
	name, _ := vouch.NameOf(s.Mapping, text)
	return name
}

// oneLine makes octets a text that patterns can be looked for in: control characters
// become spaces, and what is not UTF-8 a question mark.
func oneLine(b []byte) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), "?"))
}
