// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package pdf draws a statement on A4 as a PDF file, without a browser: what its HTML
// says, in the same words and order, with the statement's JSON attached to the file. It
// stands apart from package statement so that who verifies does not carry it.
package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/vouch-sla/vouch/statement"
)

// Name is the name of the file that is attached to every PDF: the statement's JSON.
const Name = "statement.json"

// Measures of a page in mm.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	left       = 15.0
	top        = 14.0
	width      = pageWidth - 2*left
	bottom     = pageHeight - 24 // where the matter ends; below it is the foot
	footTop    = pageHeight - 20
)

// colour is red, green and blue.
type colour [3]int

var (
	ink     = colour{0x14, 0x18, 0x20}
	ink2    = colour{0x50, 0x59, 0x66}
	line    = colour{0xdd, 0xe1, 0xe7}
	sunken  = colour{0xee, 0xf0, 0xf3}
	up      = colour{0x2c, 0x8a, 0x58}
	down    = colour{0xc8, 0x10, 0x2e}
	pale    = colour{0xef, 0xb7, 0xc0}
	unknown = colour{0x75, 0x68, 0x9f}
	maint   = colour{0x11, 0x7a, 0x94}
	amber   = colour{0x8a, 0x4e, 0x00}
)

// Render returns the statement as a PDF file. The same statement gives the same bytes
// from the same program: its dates are those of the statement. Characters that Windows
// code page 1252 does not have are printed as question marks; the JSON has them.
func Render(s statement.Statement, l statement.Language) ([]byte, error) {
	p := s.Paper(l)
	d := newSheet(p, made(s))
	d.f.SetAttachments([]fpdf.Attachment{{Content: s.JSON(), Filename: Name, Description: p.Title}})
	d.letter()
	d.heads()
	for _, x := range p.Sections {
		d.section(x)
	}
	var b bytes.Buffer
	if err := d.f.Output(&b); err != nil {
		return nil, fmt.Errorf("statement %s of %s as PDF: %w", s.Number, s.Customer, err)
	}
	return b.Bytes(), nil
}

// made is when the statement was issued, or else computed.
func made(s statement.Statement) time.Time {
	if s.Issued != nil {
		return s.Issued.At.Time().UTC()
	}
	return s.AsOf.Time().UTC()
}

// sheet is a document that is being drawn, from the top of each page down.
type sheet struct {
	statement.Paper
	f *fpdf.Fpdf
	y float64 // where the next thing goes
}

func newSheet(p statement.Paper, at time.Time) *sheet {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetProducer("vouch", false)
	f.SetCreator("vouch", false)
	f.SetTitle(p.Title+" - "+p.For, true)
	f.SetAuthor(p.By, true)
	f.SetLang(string(p.Language))
	f.SetCreationDate(at)
	f.SetModificationDate(at)
	f.SetCatalogSort(true)
	f.SetMargins(left, top, left)
	f.SetCellMargin(0)
	f.SetAutoPageBreak(false, 0)
	f.AliasNbPages("{pages}")
	d := &sheet{Paper: p, f: f}
	f.SetFooterFunc(d.foot)
	d.page()
	return d
}

func (d *sheet) page() {
	d.f.AddPage()
	d.y = top
}

// room begins a page where less than h is left of this one.
func (d *sheet) room(h float64) {
	if d.y+h > bottom && d.y > top {
		d.page()
	}
}

// foot says on every page which statement it is of and what that rests on.
func (d *sheet) foot() {
	d.rule(footTop, line, .2)
	d.font("", 6.5, ink2)
	for i, s := range d.Foot {
		for k, part := range d.split(s, width-32) {
			if k == 0 {
				d.text(left, footTop+3.4+3*float64(i), part)
			}
		}
	}
	word := "page %d of {pages}"
	if d.Language == statement.Dutch {
		word = "pagina %d van {pages}"
	}
	d.text(left+width-24, footTop+3.4, fmt.Sprintf(word, d.f.PageNo()))
}

// font sets size in points and colour of what is written next; style is "" or "B".
func (d *sheet) font(style string, size float64, c colour) {
	d.f.SetFont("Helvetica", style, size)
	d.f.SetTextColor(c[0], c[1], c[2])
}

// text writes what encode returned with its base line at y.
func (d *sheet) text(x, y float64, s string) { d.f.Text(x, y, s) }

// right writes it so that it ends at x.
func (d *sheet) right(x, y float64, s string) { d.f.Text(x-d.f.GetStringWidth(s), y, s) }

func (d *sheet) rule(y float64, c colour, thick float64) {
	d.f.SetDrawColor(c[0], c[1], c[2])
	d.f.SetLineWidth(thick)
	d.f.Line(left, y, left+width, y)
}

// split encodes a text and breaks it into lines of a width, in the font that is set.
func (d *sheet) split(s string, w float64) []string {
	var out []string
	for part := range strings.SplitSeq(encode(s), "\n") {
		if part == "" {
			out = append(out, "")
			continue
		}
		for _, l := range d.f.SplitLines([]byte(part), w) {
			out = append(out, string(l))
		}
	}
	return out
}

// leading is the distance of lines of a size in points, in mm.
func leading(size float64) float64 { return size * .3528 * 1.36 }

// say writes a text of a size in lines of a width, over as many pages as it takes.
func (d *sheet) say(x, w, size float64, s string) {
	h := leading(size)
	for _, l := range d.split(s, w) {
		d.room(h)
		d.text(x, d.y+h*.76, l)
		d.y += h
	}
}

// letter heads the first page.
func (d *sheet) letter() {
	const facts = 78.0 // width of what stands on the right
	const name = 22.0
	y := d.y
	d.y += 1
	d.font("B", 17, ink)
	d.say(left, width-facts-6, 17, d.Title)
	d.font("", 9.5, ink2)
	for_, by := "for ", ", by "
	if d.Language == statement.Dutch {
		for_, by = "voor ", ", door "
	}
	text := for_ + d.For
	if d.By != "" {
		text += by + d.By
	}
	d.say(left, width-facts-6, 9.5, text)
	end := d.y
	d.y = y
	d.terms(left+width-facts, facts, name, 8, d.About)
	d.y = max(d.y, end) + 4
	d.font("", 11, ink)
	d.say(left, width, 11, d.Lead)
	d.y += 1
	d.font("", 8.5, ink2)
	d.say(left, width, 8.5, d.Notice)
}

// terms writes names with what is said of them.
func (d *sheet) terms(x, w, name, size float64, list []statement.Term) {
	h := leading(size)
	for _, t := range list {
		d.font("", size, ink2)
		names := d.split(t.Name, name-1.5)
		d.font("", size, ink)
		texts := d.split(t.Text, w-name)
		for i := range max(len(names), len(texts)) {
			d.room(h)
			if i < len(names) {
				d.font("", size, ink2)
				d.text(x, d.y+h*.76, names[i])
			}
			if i < len(texts) {
				d.font("", size, ink)
				d.text(x+name, d.y+h*.76, texts[i])
			}
			d.y += h
		}
	}
}

// encode turns a text into code page 1252, which the standard fonts of every reader
// know. What is unprintable is left out; what the code page lacks is a question mark.
func encode(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r >= 0x20 && r < 0x7f, r >= 0xa0 && r <= 0xff:
			b.WriteByte(byte(r))
		case r < 0x20, r >= 0x7f && r < 0xa0:
		default:
			if i := strings.IndexRune(above, r); i >= 0 {
				b.WriteByte(byte(0x80 + len([]rune(above[:i]))))
			} else {
				b.WriteByte('?')
			}
		}
	}
	return b.String()
}

// above are the characters of code page 1252 from 0x80 to 0x9f, with U+FFFD for those
// that it does not have.
const above = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"
