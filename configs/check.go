// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/vouch-sla/vouch"
)

// Check reads files of any kind and returns every problem in them. A collector's
// file brings in the files that it names, and all that belong together are checked
// against each other: an agent's file given beside the collector's must fit its
// installed base. A base or contract that no collector's file among them names is
// checked alone, without what only the others can tell.
func Check(src Source, names ...string) Problems {
	var lists []Problems
	var collectors []Collector
	var alone []sniffed
	read := map[string]bool{}
	watched := Source{LookupEnv: src.LookupEnv, Run: src.Run, Open: func(name string) (fs.File, error) {
		read[filepath.Clean(name)] = true
		return src.Open(name)
	}}
	for _, name := range names {
		s := sniff(src, name)
		switch {
		case s.problems != nil:
			lists = append(lists, s.problems)
		case s.kind == kindCollector:
			c, problems := LoadCollector(watched, name)
			lists = append(lists, problems)
			if problems.Err() == nil {
				collectors = append(collectors, c)
			}
		default:
			alone = append(alone, s)
		}
	}
	for _, s := range alone {
		if s.kind == kindAgent || !read[filepath.Clean(s.name)] {
			lists = append(lists, s.check(src, collectors))
		}
	}
	return Merge(lists...)
}

// CheckAgent checks the files of agents alone. It is what stands in the agent's
// program, which has no room for all that the other kinds mean.
func CheckAgent(src Source, names ...string) Problems {
	var lists []Problems
	for _, name := range names {
		var problems Problems
		m := open(src, name, value{}, &problems).mapping()
		if k := kindOf(m); k != "" && k != kindAgent {
			m.wrong("the file is of the kind %s, allowed is that of an agent: `vouch check` knows the others", k)
		} else {
			_, problems = LoadAgent(src, name)
		}
		lists = append(lists, Merge(problems))
	}
	return Merge(lists...)
}

// kind is what a file is about, told by a key that only this kind has.
type kind string

const (
	kindCollector kind = "collector"
	kindAgent     kind = "agent"
	kindBase      kind = "base"
	kindContract  kind = "contract"
	kindProfile   kind = "profile"
)

// kindOf tells the kind by the keys that only one kind has, the surest first.
func kindOf(m *mapping) kind {
	for _, s := range []struct {
		key  string
		kind kind
	}{
		{"schema", kindProfile}, {"versions", kindContract}, {"customers", kindBase}, {"locations", kindBase},
		{"contracts", kindCollector}, {"origin", kindCollector}, {"base", kindCollector},
		{"collector", kindAgent}, {"credentials", kindAgent},
	} {
		if m.has(s.key) {
			return s.kind
		}
	}
	return ""
}

type sniffed struct {
	name     string
	kind     kind
	problems Problems // it cannot be told
}

// sniff tells what a file is about.
func sniff(src Source, name string) sniffed {
	var problems Problems
	root := open(src, name, value{}, &problems)
	m := root.mapping()
	if len(problems.Mistakes()) > 0 && len(m.entries) == 0 {
		return sniffed{name: name, problems: Merge(problems)}
	}
	if k := kindOf(m); k != "" {
		return sniffed{name: name, kind: k}
	}
	m.wrong("the file is of no known kind, allowed are a collector (origin, base, contracts), an agent (collector), an installed base (customers), a contract (versions) and a profile (schema)")
	return sniffed{name: name, problems: Merge(problems)}
}

// check checks a file that no collector's file named.
func (s sniffed) check(src Source, collectors []Collector) Problems {
	l := newLoader(src)
	switch s.kind {
	case kindAgent:
		a := l.agent(s.name)
		if len(l.problems.Mistakes()) == 0 {
			for _, c := range collectors {
				l.fitsBase(a, c)
			}
		}
	case kindBase:
		l.base(s.name, value{})
		l.resolve(symCustomer, symLocation, symDevice, symCredential)
	case kindContract:
		l.lone(s.name)
	case kindProfile:
		l.ownProfile(s.name)
	}
	return Merge(l.problems)
}

// ownProfile reads a profile beside those of the product.
func (l *loader) ownProfile(name string) Profile {
	own := l.profiles(value{})
	own = append(own, l.profile(l.open(name, value{})))
	done := l.usedProfiles(own)
	l.resolve(symProfile)
	for _, p := range done {
		if p.Name == own[0].Name {
			return p
		}
	}
	return own[0].Profile
}

// fitsBase checks that an agent is known to the collector and holds the credentials
// that its assignments ask for.
func (l *loader) fitsBase(a Agent, c Collector) {
	m := l.open(a.File, value{})
	id, credentials := m.get("id"), m.get("credentials")
	i := slices.IndexFunc(c.Base.Agents, func(b vouch.Agent) bool { return b.ID == a.ID })
	if i < 0 {
		id.warn("the installed base of %s has no agent %s: the collector will not talk to it", c.File, a.ID)
		return
	}
	if credentials.absent() {
		credentials = id
	}
	for _, name := range c.neededBy(a.ID) {
		if _, ok := a.Credentials[name]; !ok {
			credentials.warn("credentials has no %s, which the installed base of %s asks this agent to use: its checks stay unknown unless the collector holds it (vouch secret list)", name, c.File)
		}
	}
}

// neededBy returns the names of the credentials that an agent needs at any time.
func (c Collector) neededBy(agent vouch.AgentID) []string {
	var names []string
	need := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for at := earliest; ; {
		for _, p := range Assignments(c.Base, c.Contracts, at) {
			if p.Agent != agent {
				continue
			}
			for _, a := range p.Assignments {
				need(a.Check.Credential)
			}
			for _, r := range p.References {
				need(r.Credential)
			}
		}
		next, ok := NextChange(c.Base, c.Contracts, at)
		if !ok {
			slices.Sort(names)
			return names
		}
		at = next
	}
}
