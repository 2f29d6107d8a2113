// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Options is what whoever verifies knows from elsewhere.
type Options struct {
	Keys     []string       // verifier keys from the contract's annex: of the ledger, agents, witnesses, the customer
	Roots    *x509.CertPool // certificates that a time-stamp authority's must lead to; nil for none
	Policy   string         // of the time-stamp authority, dotted; empty for any
	Since    io.ReaderAt    // an earlier bundle; nil for none
	SinceLen int64
	Explain  time.Time                     // an instant to explain; zero for none
	Progress func(what string, part int64) // called now and then; nil for nobody
}

// Verify checks a bundle of size bytes. An error says that it could not be read at all;
// everything else is in the report.
func Verify(r io.ReaderAt, size int64, o Options) (*Report, error) {
	v, err := newVerifier(r, size, o)
	if err != nil {
		return nil, err
	}
	v.run()
	v.rep.conclude(v.pinned)
	return v.rep, nil
}

// verifier is one verification.
type verifier struct {
	opts  Options
	rep   *Report
	files map[string]*zip.File

	pins   pins
	pinned bool // the ledger's key was

	key   string        // the collector's verifier key, under the collector's name
	own   note.Verifier // the same
	check evidence.Checkpoint
	name  vouch.CustomerID // of the customer

	issue    book.Issue
	manifest Manifest

	first    int64     // leaf that is carried
	received time.Time // of it

	tree    *tree
	known   map[evidence.Hash]*leafInfo // by the hash of their note: availability items and records
	chains  map[chainID]*chainSeen
	rootAt  map[int64]evidence.Hash // wanted roots by size
	records []evidence.Record       // in the order of the ledger
	indexes []int64                 // of records
	book    *book.Book              // of the records before the statement's checkpoint
	agents  note.Verifiers          // keys of agents
	anchors []anchor
	old     *verifier // of the earlier bundle; nil for none
	bounds  bounds
	// unpinnedStamps counts time stamps of authorities that are not trusted.
	unpinnedStamps int
	complete       bool // every item that the figures need is carried
}

var errNotBundle = errors.New("this is not a bundle of evidence")

func newVerifier(r io.ReaderAt, size int64, o Options) (*verifier, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	p, err := readPins(o.Keys)
	if err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = func(string, int64) {}
	}
	v := &verifier{
		opts: o, pins: p, files: map[string]*zip.File{}, known: map[evidence.Hash]*leafInfo{}, chains: map[chainID]*chainSeen{},
		rootAt: map[int64]evidence.Hash{}, book: book.New(), complete: true,
		rep: &Report{Disproved: []Finding{}, Proven: []Finding{}, Unproven: []Finding{}},
	}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("%w: it holds %d files, at most %d are allowed", errNotBundle, len(z.File), maxFiles)
	}
	for _, f := range z.File {
		if _, twice := v.files[f.Name]; twice {
			v.rep.wrong(TopicFile, f.Name, "the file is there twice")
			continue
		}
		v.files[f.Name] = f
	}
	for _, name := range []string{FileCheckpoint, FileLeaves, FileFrontier, FileRecords, FileStatement, FileManifest} {
		if v.files[name] == nil {
			return nil, fmt.Errorf("%w: it has no %s", errNotBundle, name)
		}
	}
	return v, nil
}

// run takes the steps in order; one that the next cannot do without ends it.
func (v *verifier) run() {
	for _, step := range []func() bool{v.openSince, v.checkpoint, v.openRecords, v.readAnchors, v.readLeaves, v.placeRecords, v.readManifest, v.agentKeys, v.boundTime, v.recompute, v.since} {
		if !step() {
			return
		}
	}
}

// text reads a file whole, up to a bound.
func (v *verifier) text(name string) ([]byte, error) {
	f := v.files[name]
	if f == nil {
		return nil, fmt.Errorf("it is missing")
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	out, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(out) > maxText {
		err = fmt.Errorf("it is larger than %d bytes", maxText)
	}
	return out, err
}

// open opens a file as a stream.
func (v *verifier) open(name string) (io.ReadCloser, error) {
	f := v.files[name]
	if f == nil {
		return nil, fmt.Errorf("it is missing")
	}
	return f.Open()
}

// checkpoint opens the checkpoint, and with it learns whose ledger this is.
func (v *verifier) checkpoint() bool {
	raw, err := v.text(FileCheckpoint)
	if err != nil {
		v.rep.wrong(TopicFile, FileCheckpoint, "%v", err)
		return false
	}
	origin, _, _ := strings.Cut(string(raw), "\n")
	collector, customer, ok := cutOrigin(origin)
	if !ok || vouch.ValidID(customer) != nil {
		v.rep.wrong(TopicLedger, FileCheckpoint, "it does not begin with the origin of a ledger")
		return false
	}
	v.name, v.rep.Origin, v.rep.Customer = vouch.CustomerID(customer), origin, vouch.CustomerID(customer)
	if v.key, v.pinned, err = v.pins.ledger(collector, origin); err != nil {
		v.rep.wrong(TopicSigner, "", "%v", err)
		return false
	}
	if !v.pinned {
		if v.key, err = v.carriedKey(collector); err != nil {
			v.rep.wrong(TopicFile, FileKeys, "%v", err)
			return false
		}
	}
	if v.own, err = evidence.NewVerifier(v.key); err == nil {
		var renamed string
		if renamed, err = evidence.RenameVerifier(v.key, origin); err == nil {
			var k note.Verifier
			if k, err = evidence.NewVerifier(renamed); err == nil {
				v.check, err = evidence.OpenCheckpoint(raw, origin, note.VerifierList(k))
			}
		}
	}
	if err != nil {
		v.rep.wrong(TopicSigner, FileCheckpoint, "%v", err)
		return false
	}
	if v.pinned {
		v.rep.proven(TopicSigner, FileCheckpoint, "signed by the key of the ledger that you named")
	} else {
		v.rep.open(TopicSigner, FileCheckpoint, "nobody vouches for the ledger's key %s: name the one in your contract with --key", v.key)
	}
	return true
}

// cutOrigin cuts the origin of a ledger into the collector's and the customer.
func cutOrigin(origin string) (collector, customer string, ok bool) {
	i := strings.LastIndexByte(origin, '/')
	if i <= 0 {
		return "", "", false
	}
	return origin[:i], origin[i+1:], true
}

// carriedKey returns the collector's key that the bundle itself names.
func (v *verifier) carriedKey(collector string) (string, error) {
	raw, err := v.text(FileKeys)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(raw)) {
		if k := strings.TrimSuffix(line, "\n"); strings.HasPrefix(k, collector+"+") {
			return k, nil
		}
	}
	return "", fmt.Errorf("it names no key of %s", collector)
}
