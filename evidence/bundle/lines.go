// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/columns"
)

// Lines writes the lines of all batches in a bundle to w, day by day: InfluxDB line
// protocol, as the agents signed it. Those of a batch that was rejected are left out:
// they reach no time-series store. It verifies nothing.
func Lines(r io.ReaderAt, size int64, w io.Writer) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	rejected, err := rejectedNotes(z)
	if err != nil {
		return fmt.Errorf("%s: %w", FileLeaves, err)
	}
	return eachNote(z, func(raw []byte) error {
		if kind, _, _ := evidence.Peek(raw); kind != "batch" || rejected[evidence.Sum(raw)] {
			return nil // a gap has no lines
		}
		b, err := evidence.ReadBatch(raw)
		if err == nil {
			_, err = w.Write(b.Lines)
		}
		return err
	})
}

// Notes writes what agents signed to w, day by day: every batch and gap that a bundle
// carries, whole, one after the other. It verifies nothing.
func Notes(r io.ReaderAt, size int64, w io.Writer) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	return eachNote(z, func(raw []byte) error {
		_, err := w.Write(raw)
		return err
	})
}

// eachNote hands the notes of all days to a function.
func eachNote(z *zip.Reader, take func(raw []byte) error) error {
	files := slices.DeleteFunc(slices.Clone(z.File), func(f *zip.File) bool {
		return !strings.HasPrefix(f.Name, dirItems) && !strings.HasPrefix(f.Name, dirTelemetry)
	})
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		if err := eachOf(f, take); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func eachOf(f *zip.File, take func(raw []byte) error) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := columns.NewReader(in)
	for n := 0; ; n++ {
		raw, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(raw)
		}
		if err != nil {
			return fmt.Errorf("note %d: %w", n, err)
		}
	}
}

// rejectedNotes returns the hashes of the notes whose leaves say that they were rejected.
func rejectedNotes(z *zip.Reader) (map[evidence.Hash]bool, error) {
	f, err := z.Open(FileLeaves)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	out := map[evidence.Hash]bool{}
	r := newBlocks(f, maxLeafText)
	for {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var l evidence.Leaf
		if err == nil {
			l, err = evidence.ParseLeaf(text)
		}
		switch {
		case err != nil:
			return nil, err
		case l.Kind == evidence.LeafRejected:
			out[l.Note] = true
		}
	}
}
