// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"encoding/base64"
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
	pinned bool     // the ledger's key was
	signed []string // names of keys that others signed with: witnesses and the customer

	key   string        // the collector's verifier key, under the collector's name
	own   note.Verifier // the same
	check evidence.Checkpoint
	name  vouch.CustomerID // of the customer

	issue      book.Issue
	manifest   Manifest
	afterwards int64 // leaves that it rests on and that came in after it, as it says
	passedOver int64 // leaves that had come in before it and that it does not rest on

	tree            *tree
	first           int64 // leaf that is carried first
	leaves          leafList
	chains          map[chainID]*chainSeen
	telemetryChains map[chainID]*chainSeen
	epochs          map[chainKey]uint64     // the newest of each chain
	reasons         map[int32]string        // why leaves were rejected, for some
	rootAt          map[int64]evidence.Hash // wanted roots by size
	records         []evidence.Record       // in the order of the ledger
	indexes         []int64                 // of records
	book            *book.Book              // of the records before the statement's checkpoint
	agents          note.Verifiers          // keys of agents
	keys            map[keyID]agentKey
	anchors         []anchor
	old             *verifier // of the earlier bundle; nil for none
	bounds          bounds

	strangeStamps int  // of authorities that are not trusted
	telemetry     bool // batches of telemetry are carried
	complete      bool // every item that the figures need is carried
}

func newVerifier(r io.ReaderAt, size int64, o Options) (*verifier, error) {
	z, list, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	p, err := readPins(o.Keys)
	if err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = func(string, int64) {}
	}
	v := &verifier{
		opts: o, pins: p, files: map[string]*zip.File{}, chains: map[chainID]*chainSeen{}, telemetryChains: map[chainID]*chainSeen{},
		leaves: leafList{at: map[evidence.Hash]int32{}, records: map[evidence.Hash]*recordLeaf{}},
		epochs: map[chainKey]uint64{}, reasons: map[int32]string{}, rootAt: map[int64]evidence.Hash{}, book: book.New(), keys: map[keyID]agentKey{},
		rep: &Report{Disproved: []Finding{}, Proven: []Finding{}, Unproven: []Finding{}},
	}
	v.container(r, size, list)
	for _, f := range z.File {
		if v.files[f.Name] == nil {
			v.files[f.Name] = f
		}
		_, telemetry := dayOf(f.Name, dirTelemetry)
		v.telemetry = v.telemetry || telemetry
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
	for _, step := range []func() bool{v.openSince, v.checkpoint, v.openRecords, v.readAnchors, v.readLeaves, v.placeRecords,
		v.issuedRight, v.agentKeys, v.termsRight, v.readManifest, v.boundTime, v.recompute, v.readTelemetry, v.since} {
		if !step() {
			return
		}
	}
	v.unusedPins()
}

// text reads a small file whole.
func (v *verifier) text(name string) ([]byte, error) { return v.upTo(name, maxSmall) }

// upTo reads a file whole, up to a bound.
func (v *verifier) upTo(name string, most int64) ([]byte, error) {
	r, err := v.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var out bytes.Buffer
	if _, err = out.ReadFrom(io.LimitReader(r, most+1)); err == nil && int64(out.Len()) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return out.Bytes(), err
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
	var key note.Verifier
	if v.own, err = evidence.NewVerifier(v.key); err == nil {
		key, err = renamed(v.key, origin)
	}
	if err == nil {
		v.check, err = evidence.OpenCheckpoint(raw, origin, note.VerifierList(key))
	}
	if err == nil && signatures(raw) != 1 {
		err = errors.New("it does not have exactly one signature, in canonical base64")
	}
	if err != nil {
		v.rep.wrong(TopicSigner, FileCheckpoint, "%v", err)
		return false
	}
	v.name, v.rep.Origin, v.rep.Customer = vouch.CustomerID(customer), origin, vouch.CustomerID(customer)
	if v.pinned {
		v.rep.proven(TopicSigner, FileCheckpoint, "the ledger %s is signed by the key of it that you trust", origin)
	} else {
		v.rep.open(TopicSigner, FileCheckpoint, "nobody vouches for the ledger's key %s: name the one in your contract with --key", v.key)
	}
	return true
}

// renamed returns the verifier of the same key under another name.
func renamed(key, name string) (note.Verifier, error) {
	k, err := evidence.RenameVerifier(key, name)
	if err != nil {
		return nil, err
	}
	return evidence.NewVerifier(k)
}

// signatures returns how many lines of signatures a note has, or -1 where one of them
// could be spelled in another way.
func signatures(raw []byte) int {
	at := bytes.LastIndex(raw, []byte("\n\n"))
	n := 0
	for line := range strings.Lines(string(raw[at+2:])) {
		word := strings.Fields(line)
		if len(word) != 3 || strings.Join(word, " ")+"\n" != line {
			return -1
		}
		if _, err := base64.StdEncoding.Strict().DecodeString(word[2]); err != nil {
			return -1
		}
		n++
	}
	return n
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
