// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
)

// Profile is a device profile with the rule by which a device is recognised.
type Profile struct {
	vouch.Profile
	// SysObjectID lists numeric object identifiers without a leading dot; one may end
	// in ".*" for everything below it. Empty matches nothing.
	SysObjectID []string
}

// Matches reports whether the profile is for a device with this sysObjectID.
func (p Profile) Matches(sysObjectID string) bool {
	id := strings.TrimPrefix(sysObjectID, ".")
	return slices.ContainsFunc(p.SysObjectID, func(pattern string) bool {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			return strings.HasPrefix(id, prefix)
		}
		return id == pattern
	})
}

// Profiles returns the profiles that come with the product, by name.
func Profiles() []Profile {
	l := newLoader(OS())
	out := l.builtIn()
	if err := Merge(l.problems).Err(); err != nil {
		panic("configs: embedded profile: " + err.Error())
	}
	return out
}

// builtIn reads the embedded profiles.
func (l *loader) builtIn() []Profile {
	src := Source{Open: func(name string) (fs.File, error) { return examples.Open(name) }}
	names, err := fs.Glob(examples, "profiles/*.yaml")
	if err != nil || len(names) == 0 {
		panic("configs: no embedded profiles")
	}
	var read []placedProfile
	for _, name := range names {
		read = append(read, l.profile(open(src, name, value{}, &l.problems).mapping()))
	}
	return l.extended(read)
}

// profiles reads the files of a list of paths in addition to the embedded profiles.
func (l *loader) profiles(v value) []Profile {
	out := l.builtIn()
	var read []placedProfile
	l.fileList(v, func(path string, at value) { read = append(read, l.profile(l.open(path, at, symProfile))) })
	for _, p := range out {
		read = append(read, placedProfile{Profile: p})
	}
	return l.extended(read)
}

// placedProfile is a profile whose extensions are not yet followed.
type placedProfile struct {
	Profile
	extends []placedName
}

type placedName struct {
	name string
	at   value
}

// profileSchema is the only version of the format.
const profileSchema = 1

// profile reads one profile, spelled like the profiles of other tools where they
// agree, and strict where those are loose: a type is never inferred.
func (l *loader) profile(m *mapping) placedProfile {
	defer m.done()
	m.need("schema", "1").integer(profileSchema, profileSchema, profileSchema)
	name := m.need("name", "an identifier, as acme-router")
	p := placedProfile{}
	p.Name = name.id()
	l.symbols.define(symProfile, "", p.Name, name)
	p.Class = m.need("class", "the kind of device").class()
	for _, e := range m.get("extends").list() {
		parent := e.id()
		l.symbols.refer(symProfile, "", parent, e)
		p.extends = append(p.extends, placedName{parent, e})
	}
	match := m.get("match").mapping()
	for _, e := range match.get("sysobjectid").list() {
		if oid := e.oidPattern(); oid != "" {
			p.SysObjectID = append(p.SysObjectID, oid)
		}
	}
	match.done()
	metrics := m.get("metrics")
	for _, e := range metrics.list() {
		p.metric(e.mapping())
	}
	if !m.absent() && metrics.absent() && len(p.extends) == 0 {
		m.wrong("the profile reads nothing, needed is at least one of the keys metrics and extends")
	}
	return p
}

// metric reads one scalar (symbol) or one table (table, symbols, metric_tags).
func (p *placedProfile) metric(m *mapping) {
	defer m.done()
	scalar, table := m.get("symbol"), m.get("table")
	symbols, tags, maxRows := m.get("symbols"), m.get("metric_tags"), m.get("max_rows")
	if m.absent() {
		return
	}
	if scalar.absent() == table.absent() {
		m.wrong("%s needs exactly one of the keys symbol and table", m.key)
		return
	}
	if !scalar.absent() {
		for _, v := range []value{symbols, tags, maxRows} {
			if !v.absent() {
				v.wrong("%s belongs to a table, allowed beside symbol is nothing", v.key)
			}
		}
		if s, ok := object(scalar, true); ok {
			p.Scalars = append(p.Scalars, s)
		}
		return
	}
	t := table.mapping()
	out := vouch.Table{Name: t.need("name", "the measurement's name, as interface").id(), MaxRows: int(maxRows.integer(1, 10000, 0))}
	t.done()
	for _, e := range symbols.list() {
		if s, ok := object(e, true); ok {
			out.Columns = append(out.Columns, s)
		}
	}
	if len(symbols.list()) == 0 {
		m.wrong("%s is a table without symbols, needed is at least one column", m.key)
	}
	for _, e := range tags.list() {
		if s, ok := tag(e.mapping()); ok {
			out.Tags = append(out.Tags, s)
		}
	}
	p.Tables = append(p.Tables, out)
}

// tag reads a column that is stored as a tag.
func tag(m *mapping) (vouch.Symbol, bool) {
	defer m.done()
	name := m.need("tag", "the tag's name").id()
	s, ok := object(m.need("symbol", "a mapping with OID"), false)
	s.Name, s.Type = name, vouch.TypeText
	return s, ok && name != ""
}

// object reads {OID, name, type}; a tag's symbol has its name beside it and is text.
func object(v value, typed bool) (s vouch.Symbol, ok bool) {
	m := v.mapping()
	defer m.done()
	s.OID = m.need("OID", "a numeric object identifier").oid()
	if !typed {
		return s, s.OID != ""
	}
	s.Name = m.need("name", "the field's name").id()
	s.Type = vouch.SymbolType(m.need("type", "how the value is stored").oneOf("",
		string(vouch.TypeGauge), string(vouch.TypeCounter), string(vouch.TypeState), string(vouch.TypeText), string(vouch.TypeTicks)))
	return s, s.OID != "" && s.Name != "" && s.Type != ""
}

// RFC 2578 section 7.1.3: numbers of 32 bits, at most 128 of them (RFC 3416).
var objectID = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]{0,9}))+$`)

// oid returns a numeric object identifier without a leading dot.
func (v value) oid() string {
	s, ok := v.rawText()
	if !ok || objectID.MatchString(s) && strings.Count(s, ".") < 128 {
		return s
	}
	v.wrong("%s %s is no object identifier, allowed are numbers with dots between them, as 1.3.6.1.2.1.1.3.0", v.key, show(s))
	return ""
}

// oidPattern returns an object identifier that may end in ".*".
func (v value) oidPattern() string {
	s, ok := v.rawText()
	if !ok || objectID.MatchString(strings.TrimSuffix(s, ".*")) {
		return s
	}
	v.wrong("%s %s is no pattern of object identifiers, allowed are numbers with dots between them and .* at the end, as 1.3.6.1.4.1.9.1.*", v.key, show(s))
	return ""
}

// extended follows extends: what a profile says itself comes first and replaces
// what it takes over under the same name.
func (l *loader) extended(read []placedProfile) []Profile {
	byName := map[string]placedProfile{}
	for _, p := range read {
		byName[p.Name] = p
	}
	var out []Profile
	for _, p := range read {
		done := p.Profile
		done.Scalars, done.Tables = slices.Clone(p.Scalars), slices.Clone(p.Tables)
		inherit(&done.Profile, p, byName, []string{p.Name})
		out = append(out, done)
	}
	slices.SortFunc(out, func(a, b Profile) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func inherit(into *vouch.Profile, p placedProfile, byName map[string]placedProfile, trail []string) {
	for _, e := range p.extends {
		parent, ok := byName[e.name]
		switch {
		case !ok: // reported as a name that nobody defines
			continue
		case slices.Contains(trail, e.name):
			e.at.wrong("extends %s leads back to itself (%s), allowed is a chain with an end", e.name, strings.Join(append(trail, e.name), " > "))
			continue
		}
		for _, s := range parent.Scalars {
			if !slices.ContainsFunc(into.Scalars, func(o vouch.Symbol) bool { return o.Name == s.Name }) {
				into.Scalars = append(into.Scalars, s)
			}
		}
		for _, t := range parent.Tables {
			if !slices.ContainsFunc(into.Tables, func(o vouch.Table) bool { return o.Name == t.Name }) {
				into.Tables = append(into.Tables, t)
			}
		}
		inherit(into, parent, byName, append(slices.Clone(trail), e.name))
	}
}

// FindProfile returns the profile with a name.
func FindProfile(profiles []Profile, name string) (Profile, error) {
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == name })
	if i >= 0 {
		return profiles[i], nil
	}
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = p.Name
	}
	return Profile{}, fmt.Errorf("there is no profile %s, allowed are %s", show(name), strings.Join(names, ", "))
}
