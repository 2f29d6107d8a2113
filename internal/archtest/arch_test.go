// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package archtest holds the table of who may import whom, as a test. It reads the
// source with go/parser: a test that asks `go list` may be answered from the cache.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vouch-sla/vouch"

// may lists, for each package of ours, which others of ours it may import: a name
// that ends in "/" stands for everything below it, "" for the root package. A package
// that is not listed may not exist: say here what it may use before writing it.
var may = map[string][]string{
	"":                             {},
	"contract":                     {""},
	"series":                       {""},
	"statement":                    {"", "contract"},
	"statement/pdf":                {"", "statement"},
	"report":                       {"", "contract", "statement"},
	"evidence":                     {""},
	"evidence/stamp":               {},
	"evidence/columns":             {},
	"evidence/book":                {"", "contract", "statement", "evidence"},
	"evidence/bundle":              {"", "contract", "statement", "evidence", "evidence/"},
	"voice":                        {},
	"probes":                       {""},
	"probes/icmp":                  {"", "probes"},
	"probes/snmp":                  {"", "probes", "series"},
	"probes/tcp":                   {"", "probes"},
	"probes/sip":                   {"", "probes"},
	"probes/probetest":             {"", "probes"},
	"agent":                        {"", "probes", "evidence", "internal/wire", "internal/durable", "internal/enrol", "internal/journal", "internal/seal"},
	"collector":                    {"", "contract", "series", "statement", "statement/pdf", "report", "evidence", "evidence/", "voice", "collector/", "internal/wire", "internal/durable", "internal/enrol", "internal/seal", "internal/ical"},
	"collector/admin":              {"", "contract", "collector/incident"},
	"collector/anchor":             {"", "evidence", "evidence/stamp", "collector/store", "internal/retry"},
	"collector/incident":           {"", "contract"},
	"collector/notify":             {"", "contract", "collector/incident", "collector/store", "internal/retry"},
	"collector/people":             {"", "evidence", "collector/store"},
	"collector/sink":               {"", "evidence", "collector/store", "internal/retry"},
	"collector/store":              {"", "evidence"},
	"collector/store/sqlite":       {"", "evidence", "collector/store"},
	"collector/store/storetest":    {"", "evidence", "collector/store"},
	"collector/web":                {"", "contract", "statement", "statement/pdf", "report", "internal/ical"},
	"witness":                      {"evidence", "internal/durable"},
	"configs":                      {"", "contract", "evidence", "evidence/stamp"},
	"internal/wire":                {"", "evidence"},
	"internal/durable":             {},
	"internal/seal":                {""},
	"internal/enrol":               {"", "evidence"},
	"internal/journal":             {"internal/durable"},
	"internal/journal/journaltest": {"internal/journal"},
	"internal/retry":               {},
	"internal/ical":                {},
	"internal/influxtest":          {},
	"internal/tsatest":             {},
	"internal/pythontest":          {},
	"internal/archtest":            {},
	"internal/lab":                 {},
	"internal/lab/control":         {"internal/lab"},
	"internal/demo":                {"", "probes/", "internal/lab", "collector/admin", "collector/incident", "statement"},
	"cmd/vouch":                    {"", "/"},
	"cmd/vouch-agent":              {"", "/"},
	"cmd/agentcmd":                 {"", "/"},
	"cmd/verifycmd":                {"", "cmd/exit", "contract", "statement", "evidence", "evidence/"},
	"cmd/vouch-verify":             {"cmd/exit", "cmd/verifycmd"},
	"cmd/exit":                     {},
	"internal/e2e":                 {"", "/"},
	"internal/bench":               {"", "/"},
}

// never lists what a package may not reach, directly or through others of ours:
// packages of ours, and of the standard library.
var never = map[string][]string{
	"series":           {"agent", "collector", "probes", "configs", "contract", "evidence", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"contract":         {"agent", "collector", "probes", "configs", "evidence", "voice", "internal", "net", "os", "os/exec", "log", "log/slog", "database/sql", "net/http", "io/ioutil"},
	"statement":        {"agent", "collector", "probes", "configs", "evidence", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"report":           {"agent", "collector", "probes", "configs", "evidence", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"cmd/vouch-verify": {"statement/pdf", "report", "codeberg.org/go-pdf", "agent", "collector", "probes", "configs"},
	"evidence":         {"agent", "collector", "probes", "configs", "contract", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"evidence/book":    {"agent", "collector", "probes", "configs", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"evidence/bundle":  {"agent", "collector", "probes", "configs", "voice", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"evidence/columns": {"agent", "collector", "probes", "configs", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"evidence/stamp":   {"agent", "collector", "probes", "configs", "internal", "net", "os", "log", "log/slog", "database/sql", "net/http"},
	"agent":            {"collector", "contract", "voice", "configs", "database/sql", "modernc.org", "github.com/prometheus/client_golang"},
	"collector":        {"agent", "probes", "configs"},
	"internal/lab":     {"agent", "collector", "probes", "configs", "net/http", "github.com/gosnmp/gosnmp", "github.com/spf13/cobra"},
	"witness":          {"agent", "collector", "probes", "configs", "contract", "statement", "database/sql"},
}

// impure are calls of otherwise pure packages that would make a result depend on when
// and where it is computed.
var impure = map[string][]string{
	"series":           {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.", "go func"},
	"voice":            {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.", "go func"},
	"contract":         {"time.Now(", "time.Since(", "time.Until(", "time.Local", "time.LoadLocation(", "go func"},
	"statement":        {"time.Now(", "time.Since(", "time.Until(", "time.Local", "time.LoadLocation(", "go func"},
	"report":           {"time.Now(", "time.Since(", "time.Until(", "time.Local", "time.LoadLocation(", "go func"},
	"statement/pdf":    {"time.Now(", "time.Since(", "time.Until(", "time.Local", "time.LoadLocation(", "go func"},
	"evidence/columns": {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.Reader,", "go func"},
	"evidence/stamp":   {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.Reader,", "go func"},
	"evidence/book":    {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.Reader,", "go func"},
	"evidence/bundle":  {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.Reader,"},
	"evidence":         {"time.Now(", "time.Since(", "time.Until(", "time.Local", "rand.Reader,", "go func"},
}

// pkg is one package as its files say.
type pkg struct {
	path    string            // relative to the module
	imports map[string]string // import path to the file that names it; tests left out
	source  map[string]string
}

// read parses every package of the module.
func read(t *testing.T) map[string]pkg {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]pkg{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "dist"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		if dir == "." {
			dir = ""
		}
		p, ok := out[dir]
		if !ok {
			p = pkg{dir, map[string]string{}, map[string]string{}}
			out[dir] = p
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		p.source[d.Name()] = string(src)
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			p.imports[name] = d.Name()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 {
		t.Fatalf("read %d packages of the module at %s: the test looks in the wrong place", len(out), root)
	}
	return out
}

// ours returns the path of an import relative to the module.
func ours(name string) (string, bool) {
	if name == module {
		return "", true
	}
	return strings.CutPrefix(name, module+"/")
}

func allowed(list []string, path string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		return a == path || a == "/" || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a)
	})
}

func TestMay(t *testing.T) {
	pkgs := read(t)
	for _, path := range slices.Sorted(maps.Keys(pkgs)) {
		list, known := may[path]
		if !known {
			t.Errorf("package %q is not in the table of who may import whom", path)
			continue
		}
		for name, file := range pkgs[path].imports {
			if rel, ok := ours(name); ok && !allowed(list, rel) {
				t.Errorf("%s/%s imports %s: the architecture does not allow it", path, file, rel)
			}
		}
	}
}

func TestNever(t *testing.T) {
	pkgs := read(t)
	for _, top := range slices.Sorted(maps.Keys(never)) {
		for _, path := range slices.Sorted(maps.Keys(pkgs)) {
			if path == top || strings.HasPrefix(path, top+"/") && top != "agent" && top != "evidence" && top != "internal/lab" {
				forbid(t, pkgs, path, never[top])
			}
		}
	}
}

// forbid follows the imports of a package through ours.
func forbid(t *testing.T, pkgs map[string]pkg, path string, bad []string) {
	t.Helper()
	seen := map[string]bool{}
	var follow func(at string, way []string)
	follow = func(at string, way []string) {
		if seen[at] {
			return
		}
		seen[at] = true
		for name := range pkgs[at].imports {
			rel, our := ours(name)
			what := name
			if our {
				what = rel
			}
			for _, b := range bad {
				if hit := what == b || strings.HasPrefix(what, b+"/"); hit && (our || !std(b) || what == b) {
					t.Errorf("%s reaches %s by way of %s", path, what, strings.Join(append(way, at), " > "))
				}
			}
			if our {
				follow(rel, append(slices.Clone(way), at))
			}
		}
	}
	follow(path, nil)
}

// std reports whether an import path is of the standard library: "net" forbids the
// package, not net/netip, which only describes addresses.
func std(path string) bool { return !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") }

func TestPure(t *testing.T) {
	pkgs := read(t)
	for path, calls := range impure {
		for file, src := range pkgs[path].source {
			for _, c := range calls {
				if strings.Contains(src, c) {
					t.Errorf("%s/%s uses %q: the package is pure", path, file, strings.Trim(c, "(,"))
				}
			}
		}
	}
}

// Only commands read configuration: everything else gets finished values.
func TestOnlyCommandsReadConfiguration(t *testing.T) {
	for path, p := range read(t) {
		if _, uses := p.imports[module+"/configs"]; uses && !strings.HasPrefix(path, "cmd/") && path != "internal/e2e" && path != "internal/bench" {
			t.Errorf("%s imports configs: only cmd does", path)
		}
	}
}

// No init functions and no registries: what runs is what main says.
func TestNoInit(t *testing.T) {
	for path, p := range read(t) {
		for file, src := range p.source {
			if strings.Contains(src, "\nfunc init()") {
				t.Errorf("%s/%s has an init function", path, file)
			}
		}
	}
}
