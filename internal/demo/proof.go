// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/vouch-sla/vouch/collector/admin"
)

// proof is what the customer is handed at the end: the bundle, what comes of checking
// it, and what comes of checking a copy in which somebody changed one figure.
type proof struct {
	key      string // of the ledger, as a contract's annex prints it
	bundle   []byte
	verified []byte
	was, is  string // what was changed in the copy
	refused  []byte
}

const (
	bundleFile   = "bundle.zip"
	tamperedFile = "bundle-tampered.zip"
)

// prove issues the statement, fetches its bundle, and checks it as the customer would:
// with the program alone, in a process of its own.
func (r *run) prove(ctx context.Context, period url.Values) (p proof, err error) {
	r.setPhase("issuing the statement, and checking its evidence as the customer would")
	var s admin.Status
	if err := r.client.Get(ctx, admin.PathStatus, nil, &s); err != nil {
		return p, fmt.Errorf("ask for the ledger's key: %w", err)
	}
	p.key = s.Key
	var b bytes.Buffer
	if _, err := r.client.Stream(ctx, admin.PathBundle, period, &b); err != nil {
		return p, fmt.Errorf("fetch the bundle of evidence: %w", err)
	}
	p.bundle = b.Bytes()
	tampered, err := p.tamper()
	if err != nil {
		return p, err
	}
	if err := r.folder.write(bundleFile, p.bundle); err != nil {
		return p, err
	}
	if err := r.folder.write(tamperedFile, tampered); err != nil {
		return p, err
	}
	if p.verified, err = r.verify(ctx, bundleFile, p.key); err != nil {
		return p, fmt.Errorf("the bundle is not sound: %w", err)
	}
	var exit *exec.ExitError
	if p.refused, err = r.verify(ctx, tamperedFile, p.key); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		return p, fmt.Errorf("a copy in which %s became %s was not refused (%v)", p.was, p.is, err)
	}
	return p, nil
}

// verify runs `vouch verify` on a file of the run and returns what it printed. The error
// is an *exec.ExitError where it came to its end.
func (r *run) verify(ctx context.Context, file, key string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.opts.Exe, "verify", "--key", key, r.folder.join(file))
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

// downs finds the customer's down time in the JSON of the statement: its first.
var downs = regexp.MustCompile(`"down_s": (\d+)`)

// tamper makes a copy of the bundle in which the customer was down for another time.
func (p *proof) tamper() ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(p.bundle), int64(len(p.bundle)))
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		if f.Name != "statement.json" {
			if err := w.Copy(f); err != nil {
				return nil, fmt.Errorf("copy the bundle: %w", err)
			}
			continue
		}
		body, err := contents(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Name, err)
		}
		at := downs.FindSubmatchIndex(body)
		if at == nil {
			return nil, fmt.Errorf("the statement names no down time")
		}
		number := string(body[at[2]:at[3]])
		p.was = number + " s down"
		switch {
		case len(number) > 1:
			number = number[:len(number)-1]
		case number == "1":
			number = "0"
		default:
			number = "1"
		}
		p.is = number + " s down"
		part, err := w.Create(f.Name)
		if err == nil {
			_, err = io.WriteString(part, string(body[:at[2]])+number+string(body[at[3]:]))
		}
		if err != nil {
			return nil, fmt.Errorf("copy the bundle: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("copy the bundle: %w", err)
	}
	return out.Bytes(), nil
}

func contents(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// proof prints what the customer finds.
func (p *printer) proof(x proof) {
	const title = "THE CUSTOMER CHECKS IT, OFFLINE AND WITHOUT TRUSTING ANYBODY"
	p.printf("\n%s\n%s\n", title, strings.Repeat("-", len(title)))
	p.wrap("", fmt.Sprintf("The statement and all that it rests on are in one file of %d kB, which vouch-verify checks with the key in the contract's annex:", (len(x.bundle)+500)/1000))
	p.printf("\n")
	p.quote(x.verified, "Not proven")
	p.printf("\n")
	p.wrap("", fmt.Sprintf("Now somebody changes one figure in a copy, %s into %s:", x.was, x.is))
	p.printf("\n")
	p.quote(x.refused, "Proven")
}

// quote prints the beginning of what a program said, indented, up to a heading.
func (p *printer) quote(text []byte, until string) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == until {
			return
		}
		if line == "" {
			p.printf("\n")
			continue
		}
		p.wrap("    "+line[:len(line)-len(strings.TrimLeft(line, " -"))], strings.TrimLeft(line, " -"))
	}
}
