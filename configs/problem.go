// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a file, or a warning about it, at its
// place. Lines and columns count from 1; a file that cannot be read has its
// problem at 1:1.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Warning bool   `json:"warning"` // true: the file can be used as it is
	Message string `json:"message"` // what is wrong, and what is allowed
}

// String returns "file:line:column: message", with "warning: " before the message
// of a warning.
func (p Problem) String() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Column, kind, p.Message)
}

// Problems is a list of problems, sorted by place, without duplicates.
type Problems []Problem

// Mistakes returns the problems that are not warnings.
func (ps Problems) Mistakes() Problems { return ps.filter(false) }

// Warnings returns the problems that are warnings.
func (ps Problems) Warnings() Problems { return ps.filter(true) }

func (ps Problems) filter(warning bool) Problems {
	var out Problems
	for _, p := range ps {
		if p.Warning == warning {
			out = append(out, p)
		}
	}
	return out
}

// Err returns the mistakes as one error, one line each, or nil when there are only
// warnings.
func (ps Problems) Err() error {
	if m := ps.Mistakes(); len(m) > 0 {
		return mistakes(m)
	}
	return nil
}

type mistakes Problems

func (m mistakes) Error() string {
	lines := make([]string, len(m))
	for i, p := range m {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Merge joins lists of problems into one, sorted and without duplicates. The same
// file may have been read twice, once for each file that names it.
func Merge(lists ...Problems) Problems {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(all)
}
