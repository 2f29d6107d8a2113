// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package verifycmd is the command line for whoever checks what a provider says. It
// stands in the small program vouch-verify, which opens no connection, and in vouch.
package verifycmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/evidence/stamp"
)

// memoryLimit keeps a verification within 128 MB in all, whatever the bundle holds.
const memoryLimit = 100 << 20

// choice is what the flags of a verification say.
type choice struct {
	keys    []string
	roots   string
	policy  string
	since   string
	explain string
	require []string
	json    bool
}

// New returns the command `verify FILE`.
func New() *cobra.Command {
	var o choice
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a bundle of evidence offline, and compute its statement again",
		Long: "Checks a bundle of evidence without any network: who signed, that nothing was changed, added or\n" +
			"left out, since when it was in the ledger, and that the samples make the statement.\n\n" +
			"Exit status: 0 nothing is disproved, 1 something is (or, with --require, is not proven), 2 misused.",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exit.Misused("name one bundle: %s", c.UseLine())
		}
		return o.run(c, args[0])
	}
	f := c.Flags()
	f.StringArrayVar(&o.keys, "key", nil, "a key to trust, or a file with one a line: of the ledger, agents, witnesses, the customer (from the contract's annex)")
	f.StringVar(&o.roots, "tsa-ca", "", "file with the certificates, in PEM, that a time-stamp authority must be vouched for by")
	f.StringVar(&o.policy, "tsa-policy", "", "object identifier of the authority's policy")
	f.StringVar(&o.since, "since", "", "an earlier bundle that is trusted: the ledger must have grown from it")
	f.StringVar(&o.explain, "explain", "", "show what each location said of every device at an instant, such as 2026-11-03T10:00:00Z")
	f.StringSliceVar(&o.require, "require", nil, "exit with 1 also where this is not proven: "+join(bundle.Topics()))
	f.BoolVar(&o.json, "json", false, "print JSON, for scripts")
	return c
}

func join(topics []bundle.Topic) string {
	var out []string
	for _, t := range topics {
		out = append(out, string(t))
	}
	return strings.Join(out, ", ")
}

func (o choice) run(c *cobra.Command, path string) error {
	opts, done, err := o.options(c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer done()
	required, err := topics(o.require)
	if err != nil {
		return err
	}
	f, size, err := open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	debug.SetMemoryLimit(memoryLimit)
	rep, err := bundle.Verify(f, size, opts)
	if err != nil {
		return exit.Misused("%s: %v", path, err)
	}
	done()
	out := c.OutOrStdout()
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(rep)
	} else {
		_, err = io.WriteString(out, text(rep))
	}
	if err != nil {
		return err
	}
	if missing := rep.Missing(required); rep.Verdict == bundle.Disproved || len(missing) > 0 {
		return exit.Error{Code: exit.Failed}
	}
	return nil
}

func topics(names []string) ([]bundle.Topic, error) {
	var out []bundle.Topic
	for _, n := range names {
		if !slices.Contains(bundle.Topics(), bundle.Topic(n)) {
			return nil, exit.Misused("--require %q: allowed are %s", n, join(bundle.Topics()))
		}
		out = append(out, bundle.Topic(n))
	}
	return out, nil
}

func open(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, exit.Misused("%v", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, exit.Misused("%s: %v", path, err)
	}
	return f, info.Size(), nil
}

// options reads what is trusted. done ends what it opened, and the line of progress.
func (o choice) options(progress io.Writer) (opts bundle.Options, done func(), err error) {
	done = func() {}
	if opts.Keys, err = readKeys(o.keys); err != nil {
		return opts, done, err
	}
	if o.roots != "" {
		raw, err := os.ReadFile(o.roots)
		if err != nil {
			return opts, done, exit.Misused("--tsa-ca: %v", err)
		}
		if opts.Roots, err = stamp.ParseRoots(raw); err != nil {
			return opts, done, exit.Misused("--tsa-ca %s: %v", o.roots, err)
		}
	}
	if opts.Policy = o.policy; o.policy != "" {
		if _, err := stamp.ParsePolicy(o.policy); err != nil {
			return opts, done, exit.Misused("--tsa-policy: %v", err)
		}
	}
	if o.explain != "" {
		if opts.Explain, err = time.Parse(time.RFC3339, o.explain); err != nil {
			return opts, done, exit.Misused("--explain %q: write an instant with its offset, such as 2026-11-03T10:00:00+01:00", o.explain)
		}
	}
	var since *os.File
	if o.since != "" {
		if since, opts.SinceLen, err = open(o.since); err != nil {
			return opts, done, err
		}
		opts.Since = since
	}
	line := newProgress(progress)
	opts.Progress = line.show
	return opts, func() {
		line.end()
		if since != nil {
			_ = since.Close()
		}
	}, nil
}

// readKeys reads keys that stand on the command line or in files, a line each.
func readKeys(list []string) ([]string, error) {
	var out []string
	for _, k := range list {
		if strings.Count(k, "+") >= 2 && !strings.Contains(k, "\n") {
			if _, err := os.Stat(k); err != nil {
				out = append(out, k)
				continue
			}
		}
		raw, err := os.ReadFile(k)
		if err != nil {
			return nil, exit.Misused("--key %.120s: neither a key (NAME+HASH+BASE64) nor a file: %v", k, err)
		}
		for line := range strings.Lines(string(raw)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
	}
	return out, nil
}

// progress shows on a terminal how far a verification has come.
type progress struct {
	w    io.Writer
	on   bool
	next time.Time
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	if !ok {
		return &progress{}
	}
	info, err := f.Stat()
	return &progress{w: w, on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) show(what string, n int64) {
	if now := time.Now(); p.on && now.After(p.next) {
		p.next = now.Add(200 * time.Millisecond)
		fmt.Fprintf(p.w, "\r\x1b[Kchecking %s: %d", what, n)
	}
}

func (p *progress) end() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.on = false
	}
}
