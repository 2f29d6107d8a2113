// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// Writer packs notes. The same notes give the same bytes.
type Writer struct {
	w       io.Writer
	steps   []uint32
	forms   map[string]uint32 // a form to its number
	list    []form
	text    []byte
	numbers int

	shape []byte  // of the line at hand
	found []int64 // its numbers
	out   []byte
}

// form is a shape of lines with the numbers of all of them, column by column.
type form struct {
	shape   string
	columns [][]int64
}

// NewWriter returns a writer to w. Its last bytes are written by [Writer.Close].
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, forms: map[string]uint32{}} }

// Append appends a note of 1 to 1,048,576 bytes which ends with a newline, as every
// signed note does.
func (w *Writer) Append(note []byte) error {
	if len(note) == 0 || len(note) > maxNote || note[len(note)-1] != '\n' {
		return fmt.Errorf("pack a note: its %d bytes are none, too many, or do not end with a newline", len(note))
	}
	for len(note) > 0 {
		end := bytes.IndexByte(note, '\n')
		w.line(note[:end])
		note = note[end+1:]
	}
	w.steps = append(w.steps, stepEnd)
	if len(w.steps) >= fullSteps || w.numbers >= fullNumbers || len(w.text) >= fullText {
		return w.flush()
	}
	return nil
}

// Close writes what is left. It closes nothing below.
func (w *Writer) Close() error {
	if len(w.steps) == 0 {
		return nil
	}
	return w.flush()
}

func (w *Writer) line(line []byte) {
	n, ok := w.formOf(line)
	if !ok {
		w.steps = append(w.steps, stepText)
		w.text = append(append(w.text, line...), '\n')
		return
	}
	w.steps = append(w.steps, stepForm+n)
	w.numbers += len(w.found)
	for i, v := range w.found {
		c := &w.list[n].columns[i]
		*c = append(*c, v)
	}
}

// formOf splits a line into its form and its numbers. Not every line is worth it.
func (w *Writer) formOf(line []byte) (uint32, bool) {
	if len(line) > maxForm || !w.split(line) || len(w.found) > maxSlots {
		return 0, false
	}
	n, known := w.forms[string(w.shape)]
	if !known {
		if len(w.list) == maxForms {
			return 0, false
		}
		n = uint32(len(w.list))
		w.list = append(w.list, form{string(w.shape), make([][]int64, len(w.found))})
		w.forms[w.list[n].shape] = n
	}
	return n, true
}

// split finds the numbers among the fields of a line: what stands before its first space
// says whose they are, and stays in the form, so that columns hold like with like.
func (w *Writer) split(line []byte) bool {
	w.shape, w.found = w.shape[:0], w.found[:0]
	space := bytes.IndexByte(line, ' ')
	if space < 0 || bytes.IndexByte(line, slot) >= 0 {
		return false
	}
	at := 0 // up to where the line is in the shape
	for i := space + 1; i < len(line); {
		if !digit(line[i]) {
			i++
			continue
		}
		end := i
		var v int64
		for ; end < len(line) && digit(line[end]); end++ {
			v = v*10 + int64(line[end]-'0') // too many digits are not used
		}
		if end-i <= 18 && (line[i] != '0' || end == i+1) && begins(line[i-1]) && ends(line[end:]) {
			w.shape = append(append(w.shape, line[at:i]...), slot)
			w.found = append(w.found, v)
			at = end
		}
		i = end
	}
	w.shape = append(w.shape, line[at:]...)
	return len(w.found) > 0
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// begins and ends tell the numbers of line protocol and of headers from the digits of a
// hash or a date, which would make a form of every line.
func begins(c byte) bool { return c == '=' || c == ' ' || c == '.' || c == '-' }

func ends(rest []byte) bool {
	if len(rest) > 0 && (rest[0] == 'i' || rest[0] == 'u') {
		rest = rest[1:]
	}
	return len(rest) == 0 || rest[0] == ',' || rest[0] == ' ' || rest[0] == '.'
}

func (w *Writer) flush() error {
	out := binary.AppendUvarint(w.out[:0], uint64(len(w.steps)))
	for _, s := range w.steps {
		out = binary.AppendUvarint(out, uint64(s))
	}
	out = binary.AppendUvarint(out, uint64(len(w.list)))
	for _, f := range w.list {
		out = append(binary.AppendUvarint(out, uint64(len(f.shape))), f.shape...)
	}
	out = append(binary.AppendUvarint(out, uint64(len(w.text))), w.text...)
	var kept []reduced // column by column
	for _, f := range w.list {
		first := len(kept)
		kept = append(kept, make([]reduced, len(f.columns))...)
		for i := len(f.columns) - 1; i >= 0; i-- { // from the last, so that what stands beside is still plain
			var beside []int64
			if i > 0 {
				beside = f.columns[i-1]
			}
			kept[first+i] = reduce(f.columns[i], beside)
		}
	}
	for _, c := range kept {
		out = append(binary.AppendVarint(append(out, c.mode), c.base), byte(c.width))
	}
	// The bytes of like weight stand together: those that hardly vary pack well, and those
	// that are chance do not spoil them.
	for p := 7; p >= 0; p-- {
		for _, c := range kept {
			if c.width <= p {
				continue
			}
			for _, v := range c.numbers {
				out = append(out, byte(uint64(v)>>(8*p)))
			}
		}
	}
	clear(w.forms)
	w.steps, w.list, w.text, w.numbers, w.out = w.steps[:0], w.list[:0], w.text[:0], 0, out
	if _, err := w.w.Write(out); err != nil {
		return fmt.Errorf("write packed notes: %w", err)
	}
	return nil
}

// reduced is what is kept of a column. Width is how many bytes the largest number needs.
type reduced struct {
	mode    byte
	base    int64
	width   int
	numbers []int64
}

// reduce replaces the numbers of a column by what is kept of them, in the mode in which
// that is least.
func reduce(column, beside []int64) reduced {
	out, least := reduced{numbers: column}, math.MaxInt
	for m := range byte(modes) {
		if m == modeBeside && beside == nil {
			continue
		}
		base, cost := int64(math.MaxInt64), 0
		for i := range column {
			base = min(base, differ(m, column, beside, i))
		}
		for i := range column {
			cost += bits.Len64(uint64(differ(m, column, beside, i) - base))
		}
		if cost < least {
			out.mode, out.base, least = m, base, cost
		}
	}
	for i := len(column) - 1; i >= 0; i-- { // from the last, so that the one before is still plain
		column[i] = differ(out.mode, column, beside, i) - out.base
		out.width = max(out.width, (bits.Len64(uint64(column[i]))+7)/8)
	}
	return out
}

func differ(mode byte, column, beside []int64, i int) int64 {
	switch {
	case mode == modeBeside:
		return column[i] - beside[i]
	case mode == modeBefore && i > 0:
		return column[i] - column[i-1]
	}
	return column[i]
}
