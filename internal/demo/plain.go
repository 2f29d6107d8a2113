// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"sync"
)

// plain prints a line for each event, for a pipe and for who asks for it.
type plain struct {
	mu    sync.Mutex // guards all below
	w     io.Writer
	phase string
}

func newPlain(w io.Writer) *plain { return &plain{w: w} }

func (p *plain) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "vouch: %s\n", text)
}

func (p *plain) say(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "%s  %-8s  %s\n", clock(e.at), e.kind, e.text)
}

func (p *plain) show(f frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.phase == p.phase || f.phase == "" {
		return
	}
	p.phase = f.phase
	fmt.Fprintf(p.w, "%s  %-8s  %s\n", clock(f.now), "demo", f.phase)
}

func (p *plain) close() {}
