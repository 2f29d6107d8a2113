// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Screen is the terminal that the live table is drawn on.
type Screen struct {
	Size  func() (width, height int, err error)
	Color bool // false where NO_COLOR says so
}

// Control sequences (ECMA-48).
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearBelow = "\x1b[J"
	clearRight = "\x1b[K"
	clearAll   = "\x1b[H\x1b[2J"
)

// table keeps the live table at the bottom of what is printed, and redraws it in
// place. What the script does and what happens to incidents goes above it.
type table struct {
	mu            sync.Mutex // guards all below
	w             io.Writer
	screen        *Screen
	last          frame
	drawn         int // lines on the screen
	width, height int
	closed        bool
}

func newTable(w io.Writer, s *Screen) *table { return &table{w: w, screen: s} }

func (t *table) note(text string) { t.above(wrapped("vouch: ", text, t.columns())) }

func (t *table) say(e event) {
	if e.kind == kindSeen {
		return // the table shows it
	}
	t.above(wrapped(fmt.Sprintf("%s  %-8s  ", clock(e.at), e.kind), e.text, t.columns()))
}

func (t *table) show(f frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.live == nil {
		f.live = t.last.live
	}
	t.last = f
	t.draw(nil)
}

// above prints lines above the table.
func (t *table) above(lines []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw(lines)
}

// columns returns the width of the terminal, 80 where it does not say.
func (t *table) columns() int {
	w, _, err := t.screen.Size()
	if err != nil || w <= 0 {
		return 80
	}
	return w
}

// draw replaces the table, with some lines above it. t.mu is held.
func (t *table) draw(above []string) {
	if t.closed {
		return
	}
	w, h, err := t.screen.Size()
	if err != nil || w <= 0 || h <= 0 {
		w, h = 80, 24
	}
	var b strings.Builder
	b.WriteString(hideCursor)
	switch {
	case t.drawn > 0 && (w != t.width || h != t.height):
		b.WriteString(clearAll) // lines may have been broken: their number is not known any more
	case t.drawn > 0 && len(above) > 0:
		fmt.Fprintf(&b, "\x1b[%dA\r%s", t.drawn, clearBelow)
	case t.drawn > 0:
		fmt.Fprintf(&b, "\x1b[%dA\r", t.drawn)
	}
	t.width, t.height = w, h
	for _, line := range above {
		b.WriteString(line + "\n")
	}
	lines := render(t.last, w-1, h-1, t.screen.Color)
	for _, line := range lines {
		b.WriteString(line + clearRight + "\n")
	}
	b.WriteString(clearBelow)
	t.drawn = len(lines)
	_, _ = io.WriteString(t.w, b.String()) // a terminal that is gone sends SIGHUP
}

// close leaves the table as it stands and gives the cursor back.
func (t *table) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw(nil)
	t.closed = true
	_, _ = io.WriteString(t.w, showCursor+"\n")
}
