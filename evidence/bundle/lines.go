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
)

// Lines writes the lines of all batches in a bundle to w, day by day: InfluxDB line
// protocol, as the agents signed it. It verifies nothing.
func Lines(r io.ReaderAt, size int64, w io.Writer) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	files := slices.DeleteFunc(slices.Clone(z.File), func(f *zip.File) bool {
		return !strings.HasPrefix(f.Name, dirItems) && !strings.HasPrefix(f.Name, dirTelemetry)
	})
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		if err := fileLines(f, w); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func fileLines(f *zip.File, w io.Writer) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := newNotes(in)
	for {
		raw, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind, _, _ := evidence.Peek(raw); kind != "batch" {
			continue // a gap has no lines
		}
		b, err := evidence.ReadBatch(raw)
		if err != nil {
			return fmt.Errorf("note %d: %w", r.n-1, err)
		}
		if _, err := w.Write(b.Lines); err != nil {
			return err
		}
	}
}
