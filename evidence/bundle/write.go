// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/columns"
	"github.com/vouch-sla/vouch/statement"
)

// Each hands what it has to a function, one by one, and returns the function's error.
type Each func(yield func([]byte) error) error

// Evidence is what a bundle is made of. All of it is one customer's.
type Evidence struct {
	Statement  statement.Statement
	JSON       []byte   // of the statement, as it was issued
	Keys       []string // verifier keys: of the collector, then of agents
	Manifest   []byte
	Checkpoint []byte
	First      int64           // the first leaf that is carried
	Frontier   []evidence.Hash // complete subtrees of those before
	Leaves     Each            // texts of the leaves from First up to the checkpoint
	Records    Each            // notes of all records, the last one issues the statement
	Proofs     []RecordProof   // of the records before First
	Days       []Day           // batches and gaps of availability
	Telemetry  []Day
	Anchors    []Anchor
	Excerpt    []byte // nil where all samples are carried
}

// RecordProof places a record whose leaf is not carried.
type RecordProof struct {
	Index int64
	Leaf  []byte // its text
	Path  []evidence.Hash
}

// Day is the notes that begin on one UTC day, in the order of the ledger.
type Day struct {
	Day   time.Time
	Notes Each
}

// Anchor is one anchor of the ledger with what others say of it.
type Anchor struct {
	Record     []byte // the note
	Leaf       []byte // its text
	Proof      []byte // C2SP tlog-proof
	Checkpoint []byte // that was time-stamped; nil for none
	Token      []byte
	// Grown proves that the ledger grew from the size that is anchored, for one below
	// First; nil for others.
	Grown []evidence.Hash
}

// Write writes a bundle. The same evidence gives the same bytes.
func Write(w io.Writer, e Evidence) error {
	z := zip.NewWriter(w)
	packer, err := flate.NewWriter(io.Discard, 6)
	if err != nil {
		return err
	}
	// One file is written after the other, so that all share one compressor: it is large,
	// and most files are small.
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		packer.Reset(out)
		return packer, nil
	})
	b := &writer{z: z}
	b.file(FileReadme, readme(e))
	b.file(FileEdition, edition())
	b.file(FileStatement, e.JSON)
	for _, name := range renderings {
		b.file(name, Render(e.Statement, name))
	}
	if e.Excerpt != nil {
		b.file(FileExcerpt, e.Excerpt)
	}
	b.file(FileManifest, e.Manifest)
	b.file(FileCheckpoint, e.Checkpoint)
	var keys []byte
	for _, k := range e.Keys {
		keys = append(append(keys, k...), '\n')
	}
	b.file(FileKeys, keys)
	b.file(FileFrontier, appendHashes(fmt.Appendf(nil, "%d\n", e.First), e.Frontier))
	b.each(FileLeaves, e.Leaves, func(dst, leaf []byte) []byte { return append(append(dst, leaf...), '\n') })
	b.each(FileRecords, e.Records, appendNote)
	if len(e.Proofs) > 0 {
		b.file(FileProofs, proofs(e.Proofs))
	}
	for i, a := range e.Anchors {
		b.anchor(fmt.Sprintf("%s%06d/", dirAnchors, i+1), a)
	}
	b.days(dirItems, e.Days)
	b.days(dirTelemetry, e.Telemetry)
	if b.err != nil {
		return b.err
	}
	return z.Close()
}

func proofs(list []RecordProof) []byte {
	var out []byte
	for _, p := range list {
		out = fmt.Appendf(out, "leaf %d\n%sproof", p.Index, p.Leaf)
		for _, h := range p.Path {
			out = fmt.Appendf(out, " %s", h)
		}
		out = append(out, "\n\n"...)
	}
	return out
}

// writer writes files until one fails.
type writer struct {
	z   *zip.Writer
	err error
}

func (b *writer) create(name string) io.Writer {
	if b.err != nil {
		return io.Discard
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.ModifiedDate = zipDate //lint:ignore SA1019 Modified would add a field, in which something could be hidden
	w, err := b.z.CreateHeader(h)
	if err != nil {
		b.err = fmt.Errorf("write %s: %w", name, err)
		return io.Discard
	}
	return w
}

func (b *writer) file(name string, data []byte) {
	w := b.create(name)
	if b.err == nil {
		if _, err := w.Write(data); err != nil {
			b.err = fmt.Errorf("write %s: %w", name, err)
		}
	}
}

func (b *writer) each(name string, list Each, frame func(dst, x []byte) []byte) {
	w := b.create(name)
	if b.err != nil {
		return
	}
	var buf []byte
	b.err = list(func(x []byte) error {
		buf = frame(buf[:0], x)
		_, err := w.Write(buf)
		return err
	})
	if b.err != nil {
		b.err = fmt.Errorf("write %s: %w", name, b.err)
	}
}

func (b *writer) days(dir string, days []Day) {
	for _, d := range days {
		name := dir + dayName(d.Day) + suffixDay
		w := columns.NewWriter(b.create(name))
		if b.err != nil {
			return
		}
		err := d.Notes(w.Append)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			b.err = fmt.Errorf("write %s: %w", name, err)
		}
	}
}

func (b *writer) anchor(dir string, a Anchor) {
	b.file(dir+anchorRecord, a.Record)
	b.file(dir+anchorLeaf, a.Leaf)
	b.file(dir+anchorProof, a.Proof)
	if a.Token != nil {
		b.file(dir+anchorCheck, a.Checkpoint)
		b.file(dir+anchorToken, a.Token)
	}
	if a.Grown != nil {
		b.file(dir+anchorGrown, appendHashes(nil, a.Grown))
	}
}
