// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package bundle holds everything that a statement rests on in one zip file, and checks
// such a file: signatures, chains, the ledger's root, what is missing, the anchors that
// bound its time, and the statement itself, which it computes again. The format is that
// of docs/evidence-format.md.
//
// It opens nothing by itself: it reads and writes what it is handed. It believes no
// length, no count and no name in a file.
package bundle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// Names of the files in a bundle.
const (
	FileReadme     = "README.txt"
	FileEdition    = "edition.txt"
	FileManifest   = "manifest.txt"
	FileCheckpoint = "checkpoint.txt"
	FileFrontier   = "frontier.txt"
	FileLeaves     = "leaves.txt"
	FileRecords    = "records.notes"
	FileProofs     = "proofs.txt"
	FileKeys       = "keys.txt"
	FileStatement  = "statement.json"
	FileExcerpt    = "excerpt.json"

	dirItems     = "availability/" // DAY.columns: batches and gaps by the UTC day on which they begin
	dirTelemetry = "telemetry/"
	dirAnchors   = "anchors/"

	suffixDay = ".columns"
)

// Renderings of the statement, for people: each is made from statement.json.
var renderings = []string{"statement.en.txt", "statement.nl.txt", "statement.en.html", "statement.nl.html", "statement.csv"}

// Bounds on what is read. A year of a hundred agents stays below them.
const (
	maxText     = 64 << 20 // of a statement or another file that is read whole
	maxSmall    = 4 << 20  // of one that is known to be small
	maxLeafText = 2048
	maxLeaves   = 50_000_000
	maxItems    = 8_000_000 // leaves of availability, which are remembered
	maxRecords  = 1_000_000
	maxDecided  = 256 << 20 // bytes of all records
)

// zipDate is the time stamp of all files in a bundle, so that the same evidence makes the
// same bytes: 1980-01-01, the earliest that a zip can carry.
const zipDate = 1<<5 | 1

// appendNote appends a note in the framing of section 11.
func appendNote(dst, note []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(note))), note...)
}

// appendHashes appends hashes, a line each, and parseHashes reads them.
func appendHashes(dst []byte, list []evidence.Hash) []byte {
	for _, h := range list {
		dst = fmt.Appendf(dst, "%s\n", h)
	}
	return dst
}

func parseHashes(text string) ([]evidence.Hash, error) {
	out := []evidence.Hash{}
	for line := range strings.Lines(text) {
		hash, ended := strings.CutSuffix(line, "\n")
		if !ended {
			return nil, errors.New("its last line does not end in a newline")
		}
		h, err := evidence.ParseHash(hash)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// notes reads framed notes one by one.
type notes struct {
	r *bufio.Reader
	n int // notes read
}

func newNotes(r io.Reader) *notes { return &notes{r: bufio.NewReaderSize(r, 1<<16)} }

// next returns a note of its own, or io.EOF after the last.
func (n *notes) next() ([]byte, error) {
	var head [4]byte
	switch _, err := io.ReadFull(n.r, head[:]); {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("after note %d: the file ends within a length: %w", n.n, err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 || size > evidence.MaxNote {
		return nil, fmt.Errorf("note %d claims %d bytes: 1 to %d are allowed", n.n, size, evidence.MaxNote)
	}
	// Not more is allocated than what has come, whatever the length says.
	out := make([]byte, 0, min(int(size), 32<<10))
	for len(out) < int(size) {
		step := min(int(size)-len(out), 256<<10)
		at := len(out)
		out = append(out, make([]byte, step)...)
		if _, err := io.ReadFull(n.r, out[at:]); err != nil {
			return nil, fmt.Errorf("note %d: the file ends within it: %w", n.n, err)
		}
	}
	n.n++
	return out, nil
}

// blocks reads texts that are each ended by an empty line: leaves, and proofs.
type blocks struct {
	r    *bufio.Reader
	n    int64 // blocks read
	most int   // bytes of one
	buf  []byte
}

func newBlocks(r io.Reader, most int) *blocks {
	return &blocks{r: bufio.NewReaderSize(r, 1<<16), most: most}
}

// next returns a text, which is valid until the next call, or io.EOF after the last.
func (b *blocks) next() ([]byte, error) {
	b.buf = b.buf[:0]
	for {
		line, err := b.r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0 && len(b.buf) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("the file ends within it")
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("it is longer than %d bytes", b.most)
		case err != nil:
			return nil, err
		case len(line) == 1:
			b.n++
			return b.buf, nil
		}
		if b.buf = append(b.buf, line...); len(b.buf) > b.most {
			return nil, fmt.Errorf("it is longer than %d bytes", b.most)
		}
	}
}

// dayName is the name of a UTC day: 2026-11-01.
func dayName(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// dayOf returns the day that the name of a file under dir stands for.
func dayOf(name, dir string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(name, dir)
	day, ok2 := strings.CutSuffix(rest, suffixDay)
	t, err := time.Parse(time.DateOnly, day)
	return t, ok && ok2 && err == nil && dayName(t) == day
}
