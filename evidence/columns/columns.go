// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package columns holds many signed notes in a third of the room that a general
// compressor needs, and gives them back byte for byte. Lines that differ in nothing but
// their numbers are kept as one form, and the numbers that stand in the same place of a
// form as one column, as differences; what is packed so is meant to be deflated. The
// format is that of docs/evidence-format.md, section 15.2.
//
// It does not know what a note says. It believes no length and no count that it reads.
package columns

// Steps of a block: what comes next.
const (
	stepEnd  = 0 // the note ends
	stepText = 1 // a line of the text
	stepForm = 2 // a line of the first form; a higher step is one of a later form
)

// slot marks a number in a form. No note holds such a byte.
const slot = 0

// How a number follows from what was kept of it.
const (
	modePlain  = 0 // the base and what was kept
	modeBefore = 1 // the same and the number before it in its column, or 0
	modeBeside = 2 // the same and the number before it in its line
	modes      = 3
)

// Bounds of a block. A writer ends a block once it is full; the reader allows for the
// largest note after the moment before that.
const (
	maxNote  = 1 << 20 // bytes of a note: as evidence.MaxNote
	maxForm  = 4096    // bytes of a form
	maxForms = 4096    // of a block
	maxSlots = 256     // of a form

	fullSteps   = 1 << 16
	fullNumbers = 1 << 19
	fullText    = 1 << 20

	maxSteps   = fullSteps + maxNote + 1 // a line has at least one byte
	maxNumbers = fullNumbers + maxNote/2 // a number has a digit and something before it
	maxText    = fullText + maxNote
)
