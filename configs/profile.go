// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/vouch-sla/vouch"
)

// Profile is a device profile with what it promises of recordings.
type Profile struct {
	vouch.Profile
	File  string // where it stands; of the product's own below "profiles/"
	About string // the comment at the head of its file, without the marks
	Tests []ProfileTest
}

// ProfileTest says what a profile finds in a recording (.snmprec).
type ProfileTest struct {
	Recording string // name of the file, without a folder
	Expect    []Expectation
}

// Expectation is one line of a test: what is looked at, as "device.model",
// "isdn.calls{port=\"1\"}", "rows interface" or "absent ha.state", and its value as
// text.
type Expectation struct{ Name, Value string }

// Profiles returns the profiles that come with the product, by name.
func Profiles() []Profile {
	return newLoader(OS()).extended(products(productNames()))
}

// productNames lists the profiles of the product: each stands in a file of its name.
func productNames() []string {
	files, err := fs.Glob(profileFiles, "profiles/*.yaml")
	if err != nil || len(files) == 0 {
		panic("configs: no embedded profiles")
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return names
}

func productFile(name string) string { return "profiles/" + name + ".yaml" }

// products reads profiles of the product, and those that they extend. Reading all of
// them takes a while, and who checks a file names a few.
func products(names []string) []placedProfile {
	l := newLoader(Source{Open: func(name string) (fs.File, error) { return profileFiles.Open(name) }})
	var out []placedProfile
	for names := slices.Clone(names); len(names) > 0; names = names[1:] {
		if slices.ContainsFunc(out, func(p placedProfile) bool { return p.Name == names[0] }) {
			continue
		}
		p := l.profile(l.open(productFile(names[0]), value{}))
		out = append(out, p)
		for _, e := range p.extends {
			names = append(names, e.name)
		}
	}
	l.resolve(symProfile)
	if err := Merge(l.problems).Err(); err != nil {
		panic("configs: embedded profile: " + err.Error())
	}
	return out
}

// profiles reads the files of a list of paths, and makes the product's names known.
func (l *loader) profiles(v value) []placedProfile {
	l.knowProducts()
	var own []placedProfile
	l.fileList(v, func(path string, at value) { own = append(own, l.profile(l.open(path, at, symProfile))) })
	return own
}

// knowProducts defines the names of the product's profiles without reading them.
func (l *loader) knowProducts() {
	for _, name := range productNames() {
		l.symbols.define(symProfile, "", name, value{doc: &document{name: productFile(name), problems: &l.problems}, key: "name"})
	}
}

// usedProfiles returns the operator's own profiles and those of the product that
// something names, extended.
func (l *loader) usedProfiles(own []placedProfile) []Profile {
	var names []string
	for _, name := range productNames() {
		named := slices.ContainsFunc(l.symbols.uses, func(u use) bool { return u.kind == symProfile && u.name == name })
		if named && !slices.ContainsFunc(own, func(p placedProfile) bool { return p.Name == name }) {
			names = append(names, name)
		}
	}
	return l.extended(append(slices.Clone(own), products(names)...))
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
	if m.doc != nil {
		p.File, p.About = m.doc.name, m.doc.head
	}
	p.Name = name.id()
	l.symbols.define(symProfile, "", p.Name, name)
	p.Class = m.need("class", "the kind of device").class()
	p.Kind = m.get("kind").id()
	for _, e := range m.get("extends").list() {
		parent := e.id()
		l.symbols.refer(symProfile, "", parent, e)
		p.extends = append(p.extends, placedName{parent, e})
	}
	p.Match = matches(m.get("match"))
	p.poll(m.get("poll").mapping())
	p.metadata(m.get("metadata").mapping())
	metrics := m.get("metrics")
	for _, e := range metrics.list() {
		p.metric(e.mapping())
	}
	for _, e := range m.get("traps").list() {
		p.trap(e.mapping())
	}
	for _, e := range m.get("tests").list() {
		p.test(e.mapping())
	}
	if !m.absent() && metrics.absent() && !m.has("metadata") && len(p.extends) == 0 {
		m.wrong("the profile reads nothing, needed is at least one of the keys metrics, metadata and extends")
	}
	return p
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
		done.Scalars, done.Tables, done.Traps = slices.Clone(p.Scalars), slices.Clone(p.Tables), slices.Clone(p.Traps)
		inherit(&done.Profile, p, byName, []string{p.Name})
		out = append(out, done)
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
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
		takeOver(into, parent.Profile.Profile)
		inherit(into, parent, byName, append(slices.Clone(trail), e.name))
	}
}

// takeOver adds to a profile what it does not say itself.
func takeOver(into *vouch.Profile, parent vouch.Profile) {
	for _, s := range parent.Scalars {
		if !slices.ContainsFunc(into.Scalars, func(o vouch.Symbol) bool { return o.Name == s.Name }) {
			into.Scalars = append(into.Scalars, s)
		}
	}
	own := into.Tables // tables of one name come and go together
	for _, t := range parent.Tables {
		if !slices.ContainsFunc(own, func(o vouch.Table) bool { return o.Name == t.Name }) {
			into.Tables = append(into.Tables, t)
		}
	}
	for _, t := range parent.Traps {
		if !slices.ContainsFunc(into.Traps, func(o vouch.Trap) bool { return o.OID == t.OID }) {
			into.Traps = append(into.Traps, t)
		}
	}
	into.Kind = cmp.Or(into.Kind, parent.Kind)
	into.NoBulk = into.NoBulk || parent.NoBulk
	into.Repetitions = cmp.Or(into.Repetitions, parent.Repetitions)
	if len(into.Uptime) == 0 {
		into.Uptime = parent.Uptime
	}
	f, from := &into.Facts, parent.Facts
	for _, pair := range [][2]*[]vouch.FactSource{{&f.Vendor, &from.Vendor}, {&f.Model, &from.Model}, {&f.Version, &from.Version}, {&f.Serial, &from.Serial}} {
		if len(*pair[0]) == 0 {
			*pair[0] = *pair[1]
		}
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

// LoadProfile reads a file with one profile, which may extend those of the product.
func LoadProfile(src Source, name string) (Profile, Problems) {
	l := newLoader(src)
	read := l.ownProfile(name)
	return finish(l, read)
}
