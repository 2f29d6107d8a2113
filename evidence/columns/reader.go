// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Reader gives back packed notes. It holds one block at a time: at most 8 bytes a
// number, 4 a step, and the text, whatever a file claims.
type Reader struct {
	r     *bufio.Reader
	block int // blocks read

	steps   []uint32
	forms   []shape
	columns []column
	numbers []uint64
	text    []byte
	plane   []byte
	line    []byte // room for a note

	step int
	rest []byte // of the text
}

// shape is a form that is read.
type shape struct {
	parts [][]byte // around the numbers: one more than there are
	uses  int      // lines of it
	first int      // its first column
	next  int      // the line of it that comes next
}

type column struct {
	mode  byte
	base  uint64
	width byte
	at    int // its first number
	last  uint64
}

// NewReader returns a reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 1<<16)} }

// Next returns the next note, a slice of its own, or io.EOF after the last. Every other
// error says where the file is not what it should be, and is final.
func (r *Reader) Next() ([]byte, error) {
	if r.step == len(r.steps) {
		if len(r.rest) > 0 {
			return nil, fmt.Errorf("block %d: %d bytes of its text are not asked for", r.block-1, len(r.rest))
		}
		if _, err := r.r.Peek(1); err != nil {
			return nil, err // io.EOF between blocks is the end
		}
		if err := r.read(); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("block %d: %w", r.block, err)
		}
		r.block++
	}
	out := r.line[:0]
	for {
		s := r.steps[r.step] // the last one of a block ends a note
		r.step++
		switch s {
		case stepEnd:
			if len(out) == 0 {
				return nil, fmt.Errorf("block %d: a note is empty", r.block-1)
			}
			r.line = out
			return bytes.Clone(out), nil
		case stepText:
			end := bytes.IndexByte(r.rest, '\n') + 1
			if end == 0 {
				return nil, fmt.Errorf("block %d: the text has fewer lines than are asked for", r.block-1)
			}
			out, r.rest = append(out, r.rest[:end]...), r.rest[end:]
		default:
			out = r.fill(out, &r.forms[s-stepForm])
		}
		if len(out) > maxNote {
			return nil, fmt.Errorf("block %d: a note is longer than %d bytes", r.block-1, maxNote)
		}
	}
}

// fill appends the next line of a form.
func (r *Reader) fill(out []byte, f *shape) []byte {
	var beside uint64
	for i, part := range f.parts {
		out = append(out, part...)
		if i == len(f.parts)-1 {
			break
		}
		c := &r.columns[f.first+i]
		v := c.base + r.numbers[c.at+f.next]
		switch c.mode {
		case modeBefore:
			v += c.last
		case modeBeside:
			v += beside
		}
		c.last, beside = v, v
		out = strconv.AppendUint(out, v, 10)
	}
	f.next++
	return append(out, '\n')
}

// read reads a block.
func (r *Reader) read() error {
	for _, part := range []func() error{r.readSteps, r.readForms, r.readText, r.readColumns, r.readPlanes} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// count reads a number that may be at most most.
func (r *Reader) count(of string, most int) (int, error) {
	n, err := binary.ReadUvarint(r.r)
	if err == nil && n > uint64(most) {
		err = fmt.Errorf("it claims %d %s, %d are allowed", n, of, most)
	}
	return int(n), err
}

func (r *Reader) readSteps() error {
	n, err := r.count("steps", maxSteps)
	if err != nil {
		return err
	}
	r.steps, r.step = r.steps[:0], 0
	for range n {
		s, err := r.count("forms", maxForms+stepForm-1)
		if err != nil {
			return err
		}
		r.steps = append(r.steps, uint32(s))
	}
	if n == 0 || r.steps[n-1] != stepEnd {
		return errors.New("its last note does not end")
	}
	return nil
}

func (r *Reader) readForms() error {
	n, err := r.count("forms", maxForms)
	if err != nil {
		return err
	}
	r.forms, r.columns = r.forms[:0], r.columns[:0]
	for range n {
		size, err := r.count("bytes of a form", maxForm)
		if err != nil {
			return err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r.r, text); err != nil {
			return err
		}
		f := shape{parts: bytes.Split(text, []byte{slot}), first: len(r.columns)}
		if len(f.parts) > maxSlots+1 {
			return fmt.Errorf("a form has %d numbers, %d are allowed", len(f.parts)-1, maxSlots)
		}
		r.forms = append(r.forms, f)
		r.columns = append(r.columns, make([]column, len(f.parts)-1)...)
	}
	for _, s := range r.steps {
		if s < stepForm {
			continue
		}
		if int(s-stepForm) >= n {
			return fmt.Errorf("a line is of form %d, and there are %d", s-stepForm, n)
		}
		r.forms[s-stepForm].uses++
	}
	for i, f := range r.forms {
		if f.uses == 0 {
			return fmt.Errorf("no line is of form %d", i)
		}
	}
	return nil
}

func (r *Reader) readText() error {
	n, err := r.count("bytes of text", maxText)
	if err != nil {
		return err
	}
	if cap(r.text) < n {
		r.text = make([]byte, n)
	}
	r.text = r.text[:n]
	r.rest = r.text
	_, err = io.ReadFull(r.r, r.text)
	return err
}

func (r *Reader) readColumns() error {
	numbers := 0
	for _, f := range r.forms {
		for i := range f.parts[1:] {
			c := &r.columns[f.first+i]
			var err error
			if c.mode, err = r.r.ReadByte(); err != nil {
				return err
			}
			base, err := binary.ReadVarint(r.r)
			if err != nil {
				return err
			}
			if c.width, err = r.r.ReadByte(); err != nil {
				return err
			}
			if c.mode >= modes || c.mode == modeBeside && i == 0 || c.width > 8 {
				return fmt.Errorf("a column has mode %d and width %d", c.mode, c.width)
			}
			c.base, c.at = uint64(base), numbers
			if numbers += f.uses; numbers > maxNumbers {
				return fmt.Errorf("it has more than %d numbers", maxNumbers)
			}
		}
	}
	if cap(r.numbers) < numbers {
		r.numbers = make([]uint64, numbers)
	}
	r.numbers = r.numbers[:numbers]
	clear(r.numbers)
	return nil
}

func (r *Reader) readPlanes() error {
	for p := 7; p >= 0; p-- {
		for _, f := range r.forms {
			for i := range f.parts[1:] {
				c := &r.columns[f.first+i]
				if int(c.width) <= p {
					continue
				}
				if cap(r.plane) < f.uses {
					r.plane = make([]byte, f.uses)
				}
				r.plane = r.plane[:f.uses]
				if _, err := io.ReadFull(r.r, r.plane); err != nil {
					return err
				}
				for n, b := range r.plane {
					r.numbers[c.at+n] |= uint64(b) << (8 * p)
				}
			}
		}
	}
	return nil
}
