// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import "slices"

// Kinds of names that files define and use.
const (
	symCustomer   = "customer"
	symLocation   = "location"
	symAgent      = "agent"
	symSite       = "site"
	symDevice     = "device"
	symService    = "service"
	symCredential = "credential"
	symProfile    = "profile"
	symContract   = "contract"
)

// loader holds what is shared while files that name each other are read: the
// problems, the names, and the places that the cross-check speaks of.
type loader struct {
	src      Source
	problems Problems
	symbols  *symbols

	versions  []placedVersion
	locations map[string]placedLocation
	devices   []placedDevice
	targets   []placedTarget

	restrictions []placedRestriction
	retentions   []placedKept
	keys         map[string]value // agents' keys: a second agent with the same one is a copy
	hosts        map[string]host  // references by name
	unread       map[string]bool  // kinds of names whose file could not be read
}

func newLoader(src Source) *loader {
	return &loader{
		src:       src,
		symbols:   newSymbols(),
		locations: map[string]placedLocation{},
		keys:      map[string]value{},
		hosts:     map[string]host{},
		unread:    map[string]bool{},
	}
}

// finish sorts the problems and withholds the value when one of them is a mistake.
func finish[T any](l *loader, v T) (T, Problems) {
	problems := Merge(l.problems)
	if len(problems.Mistakes()) > 0 {
		var none T
		return none, problems
	}
	return v, problems
}

// open reads a file that defines names of the given kinds. Where it cannot be read,
// that is the one problem: the names that it would have defined are not missed.
func (l *loader) open(name string, at value, kinds ...string) *mapping {
	root := open(l.src, name, at, &l.problems)
	for _, k := range kinds {
		l.unread[k] = l.unread[k] || root.absent()
	}
	return root.mapping()
}

// resolve reports the uses of names of the given kinds that nobody defines.
func (l *loader) resolve(kinds ...string) {
	l.symbols.resolve(slices.DeleteFunc(kinds, func(k string) bool { return l.unread[k] }))
}

// fileList reads a list of paths, each relative to the file that the list stands in.
func (l *loader) fileList(v value, each func(path string, at value)) {
	var seen []string
	for _, e := range v.list() {
		file := e.text("")
		if file == "" {
			continue
		}
		path := beside(v.doc.name, file)
		if slices.Contains(seen, path) {
			e.wrong("file %s is listed twice, allowed is once", path)
			continue
		}
		seen = append(seen, path)
		each(path, e)
	}
}
