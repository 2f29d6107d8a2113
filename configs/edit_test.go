// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vouch-sla/vouch/configs"
)

// files is a directory in memory.
type files map[string]string

// source reads the files; no environment variable but GOOD and EMPTY is set.
func (f files) source() configs.Source {
	m := fstest.MapFS{}
	for name, body := range f {
		m[name] = &fstest.MapFile{Data: []byte(body), Mode: 0o600}
	}
	return configs.Source{
		Open: func(name string) (fs.File, error) { return m.Open(name) },
		LookupEnv: func(name string) (string, bool) {
			v, ok := map[string]string{"GOOD": "a long enough secret", "EMPTY": ""}[name]
			return v, ok
		},
	}
}

// example returns the example files.
func example() files {
	f := files{}
	for _, e := range configs.Examples() {
		f[e.Name] = string(e.Body)
	}
	return f
}

// edit replaces the one occurrence of old in a file. The mark ▸ in the replacement is
// taken out; its place is where a problem is expected, as "file:line:column".
func (f files) edit(t *testing.T, name, old, new string) (place string) {
	t.Helper()
	before, after, found := strings.Cut(f[name], old)
	if !found {
		t.Fatalf("%s does not hold %q", name, old)
	}
	body := before + new + after
	if at := strings.Index(body, mark); at >= 0 {
		line := 1 + strings.Count(body[:at], "\n")
		column := 1 + len([]rune(body[strings.LastIndex(body[:at], "\n")+1:at]))
		place = fmt.Sprintf("%s:%d:%d", name, line, column)
	}
	f[name] = strings.ReplaceAll(body, mark, "")
	return place
}

const mark = "▸"

func lines(ps configs.Problems) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.String())
	}
	return strings.Join(out, "\n")
}

// load checks the collector's file, or the agent's when it was the one edited.
func (f files) load(name string) configs.Problems {
	if name == "agent.yaml" {
		_, ps := configs.LoadAgent(f.source(), name)
		return ps
	}
	_, ps := configs.LoadCollector(f.source(), "collector.yaml")
	return ps
}

// badInput is one edit of an example file and the one problem that it must give.
type badInput struct {
	name     string
	file     string
	old, new string // ▸ marks the place
	want     string
}

func runBad(t *testing.T, cases []badInput) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := example()
			place := f.edit(t, c.file, c.old, c.new)
			got := lines(f.load(c.file))
			if want := place + ": " + c.want; got != want {
				t.Errorf("problems =\n%s\nwant\n%s", got, want)
			}
		})
	}
}
