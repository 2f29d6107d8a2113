// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"slices"

	"github.com/vouch-sla/vouch/statement"
)

// section writes a section; the figures follow the heads, which have its title.
func (d *sheet) section(s statement.Section) {
	if s.Title != d.Sections[0].Title {
		d.title(s.Title, 24)
	}
	for _, b := range s.Blocks {
		d.block(b)
	}
}

// title begins a section of which a first part of height h must not stand alone on the
// next page.
func (d *sheet) title(s string, h float64) {
	d.y += 5
	d.room(8 + h)
	d.rule(d.y, ink, .5)
	d.y += 2
	d.font("B", 10.5, ink)
	d.say(left, width, 10.5, s)
	d.y += 1
}

func (d *sheet) block(b statement.Block) {
	if b.Heading != "" {
		d.y += 2
		d.room(16 + d.height(30, 8, b.Terms))
		d.font("B", 8.5, ink)
		d.say(left, width, 8.5, b.Heading)
		d.y += .6
	}
	if b.Text != "" {
		d.font("", 8.5, ink)
		d.say(left, width, 8.5, b.Text)
		d.y += .8
	}
	if b.Note != "" {
		d.y += .8
		d.font("", 7.5, ink2)
		d.say(left, width, 7.5, b.Note)
	}
	for _, s := range b.List {
		h := leading(8.5)
		d.room(2 * h)
		d.font("", 8.5, ink)
		d.text(left+1, d.y+h*.76, encode("•"))
		d.say(left+4.5, width-4.5, 8.5, s)
		d.y += .6
	}
	if len(b.Terms) > 0 {
		d.terms(left, width, 30, 8, b.Terms)
	}
	if len(b.Prints) > 0 {
		d.prints(b.Prints)
	}
	if b.Table != nil {
		d.table(*b.Table)
	}
	if b.Days != nil {
		d.days(*b.Days)
	}
	if len(b.Lanes) > 0 {
		d.lanes(b.Lanes, b.Axis)
	}
	if len(b.Legend) > 0 {
		d.legend(b.Legend)
	}
}

// height is how high terms get, up to half a page: more need not stay together.
func (d *sheet) height(name, size float64, list []statement.Term) float64 {
	d.font("", size, ink)
	n := 0
	for _, t := range list {
		n += len(d.split(t.Text, width-name))
	}
	return min(leading(size)*float64(n), pageHeight/2)
}

// prints writes hashes in a font of fixed width.
func (d *sheet) prints(list []statement.Term) {
	const name, size = 46.0, 7.5
	h := leading(size)
	d.y += 1
	for _, t := range list {
		d.room(h)
		d.font("", size, ink2)
		d.text(left, d.y+h*.76, encode(t.Name))
		d.f.SetFont("Courier", "", size)
		d.f.SetTextColor(ink[0], ink[1], ink[2])
		d.say(left+name, width-name, size, t.Text)
	}
}

// heads writes the figures of the subjects, three to a row.
func (d *sheet) heads() {
	const gap = 6.0
	w := (width - 2*gap) / 3
	d.title(d.Sections[0].Title, 60)
	for row := range slices.Chunk(d.Heads, 3) {
		h := 0.0
		for _, x := range row {
			h = max(h, d.headHeight(x, w))
		}
		d.room(h)
		y := d.y
		for i, x := range row {
			d.y = y
			d.head(left+float64(i)*(w+gap), w, x)
		}
		d.y = y + h + 3
	}
}

// headHeight is how high a head gets.
func (d *sheet) headHeight(x statement.Head, w float64) float64 {
	d.font("B", 9, ink)
	n := float64(len(d.split(x.Name, w))) * leading(9)
	d.font("B", 8, ink)
	n += float64(len(d.split(x.Verdict, w-4))) * leading(8)
	d.font("", 7.5, ink)
	if x.But != "" {
		n += float64(len(d.split(x.But, w))) * leading(7.5)
	}
	return n + 10 + 2 + float64(len(x.Details))*(leading(7.5)+.5)
}

func (d *sheet) head(x, w float64, s statement.Head) {
	d.font("B", 9, ink)
	d.say(x, w, 9, s.Name)
	figure := encode(s.Figure)
	d.font("B", 19, ink)
	wide := d.f.GetStringWidth(figure)
	d.text(x, d.y+7.4, figure)
	if s.Figure != "" {
		d.font("", 11, ink2)
		d.text(x+wide+1.2, d.y+7.4, "%")
	} else {
		d.font("", 11, ink2)
		d.text(x, d.y+7.4, encode(s.Instead))
	}
	d.y += 10
	c := d.sign(x, d.y+.5, 2.6, s.Result)
	d.font("B", 8, c)
	d.say(x+4, w-4, 8, s.Verdict)
	if s.But != "" {
		d.font("", 7.5, ink2)
		d.say(x, w, 7.5, s.But)
	}
	d.y += 1.5
	h := leading(7.5)
	for _, t := range s.Details {
		d.f.SetDrawColor(line[0], line[1], line[2])
		d.f.SetLineWidth(.15)
		d.f.Line(x, d.y, x+w, d.y)
		d.font("", 7.5, ink2)
		d.text(x, d.y+h*.82, encode(t.Name))
		d.font("", 7.5, ink)
		d.right(x+w, d.y+h*.82, encode(t.Text))
		d.y += h + .5
	}
}

// tableSize is the size of what stands in tables, in points.
const tableSize = 7.5

// table writes a table; its names stand on every page that it runs over.
func (d *sheet) table(t statement.Table) {
	d.names(t)
	if len(t.Axis) > 0 {
		d.axis(left, width, t.Axis)
	}
	for _, r := range t.Rows {
		d.row(t, r)
	}
	d.rule(d.y, line, .2)
	d.y += 1
}

const cellGap = 2.0

// cells breaks the cells of a row into lines.
func (d *sheet) cells(t statement.Table, cells []string) (lines [][]string, most int) {
	for i, c := range t.Columns {
		w := c.Width*width - cellGap
		lines = append(lines, d.split(cells[i], w))
		most = max(most, len(lines[i]))
	}
	return lines, most
}

// write writes lines of cells, some of each.
func (d *sheet) write(t statement.Table, lines [][]string, from, to int) {
	h := leading(tableSize)
	x := left
	for i, c := range t.Columns {
		w := c.Width * width
		for n := from; n < min(to, len(lines[i])); n++ {
			y := d.y + h*(float64(n-from)+.76)
			if c.Number {
				end := x + w
				if i < len(t.Columns)-1 {
					end -= cellGap
				}
				d.right(end, y, lines[i][n])
			} else {
				d.text(x, y, lines[i][n])
			}
		}
		x += w
	}
	d.y += h * float64(to-from)
}

func (d *sheet) names(t statement.Table) {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	d.font("", 7, ink2)
	lines, most := d.cells(t, names)
	d.room(leading(tableSize)*float64(most) + 12)
	d.write(t, lines, 0, most)
	d.y += .6
}

// row writes a row that stays together where a page can hold it.
func (d *sheet) row(t statement.Table, r statement.Row) {
	style := ""
	if r.Sum {
		style = "B"
	}
	d.font(style, tableSize, ink)
	lines, most := d.cells(t, r.Cells)
	const pad, strip = .9, 5.5
	h, extra := leading(tableSize), 2*pad
	if r.Lane != nil {
		extra += strip
	}
	for from := 0; from < max(most, 1); {
		if d.y+h*float64(most-from)+extra > bottom {
			d.page()
			d.names(t)
			d.font(style, tableSize, ink)
		}
		to := min(most, from+int((bottom-d.y-extra)/h))
		to = max(to, from+1)
		d.rule(d.y, line, .2)
		d.y += pad
		d.write(t, lines, from, to)
		d.y += pad
		from = to
	}
	if r.Lane != nil {
		d.lane(left, d.y, width, 4, *r.Lane)
		d.y += strip
	}
}
