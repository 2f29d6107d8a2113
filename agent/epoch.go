// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// since returns lines, which are in the order of their stamps, from the first on that is
// not before t.
func since(lines []byte, t time.Time) []byte {
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		n, err := strconv.ParseInt(string(line[bytes.LastIndexByte(line, ' ')+1:]), 10, 64)
		if err != nil || n >= t.UnixMilli() {
			break
		}
		lines = rest
	}
	return lines
}

// restart begins a new epoch for the reason why, and seals again what is queued, because
// the collector, which stands at there, will not take it as it is. The lines stay as
// they were measured, but for those from before done, which it has. What cannot be read
// any more is counted as dropped; what was sealed and is lost is a gap for the reason
// lost. stow is called now and then to bring what is sealed to disk.
func (c *chain) restart(a author, why, lost string, there evidence.Chain, done time.Time, stow func()) error {
	old, end := c.queue, c.head
	c.queue, c.queued = nil, 0
	c.begins = why
	c.floor = max(c.floor, there.Epoch)
	if len(old) == 0 { // or else it ends with the head
		return c.skip(a, there.Through, end.Through, end.Hash, lost)
	}
	for i, s := range old {
		old[i].letGo()
		if s.link.Gap {
			if err := c.skip(a, later(s.link.From, done), s.link.Through, s.link.Head, lost); err != nil {
				return err
			}
			continue
		}
		if !s.link.Through.After(done) {
			continue
		}
		raw, err := a.text(c.Stream, s)
		if err != nil {
			c.lose(1)
			continue
		}
		b, err := evidence.OpenBatch(raw, note.VerifierList(a.verifier))
		if err != nil {
			return err
		}
		lines, from := b.Lines, b.From
		if from.Before(done) { // a part of it was sent in another batch
			lines, from = since(lines, done), done
		}
		if err := c.sealLines(a, b.Clock, lines, from, b.Through, b.Dropped+c.dropped); err != nil {
			return err
		}
		c.dropped = 0
		stow()
	}
	return nil
}

// skip seals a gap over lost notes under the next number, where it covers any time that
// nothing was said of. Last is the hash of the last of them.
func (c *chain) skip(a author, from, through time.Time, last evidence.Hash, reason string) error {
	if c.begins == "" {
		from = later(from, c.head.Through)
	}
	if !from.Before(through) {
		return nil
	}
	next := c.next(a.now(), from)
	n, err := c.gap(a, evidence.GapHeader{
		Epoch: next.Epoch, First: next.Seq, Seq: next.Seq, Prev: next.Hash, Last: last, Begins: c.begins, From: from, Through: through,
	}, reason)
	if err != nil {
		return err
	}
	n.durable = false
	next.Hash, next.Through, next.Rows = last, through, c.head.Rows
	c.head, c.begins, c.spoken = next, "", true
	c.push(n)
	return nil
}
