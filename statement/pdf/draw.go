// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"github.com/vouch-sla/vouch/statement"
)

func (d *sheet) fill(c colour) { d.f.SetFillColor(c[0], c[1], c[2]) }

func (d *sheet) pen(c colour, thick float64) {
	d.f.SetDrawColor(c[0], c[1], c[2])
	d.f.SetLineWidth(thick)
}

// sign draws the shape of a result in a square of size s, and returns its colour.
func (d *sheet) sign(x, y, s float64, r statement.Result) colour {
	switch r {
	case statement.ResultMet:
		d.pen(up, .5)
		d.f.Line(x, y+s*.55, x+s*.35, y+s*.9)
		d.f.Line(x+s*.35, y+s*.9, x+s, y+s*.1)
		return up
	case statement.ResultNotMet:
		d.fill(down)
		d.f.Rect(x, y, s, s, "F")
		d.pen(colour{255, 255, 255}, .4)
		d.f.Line(x+s*.28, y+s*.28, x+s*.72, y+s*.72)
		d.f.Line(x+s*.72, y+s*.28, x+s*.28, y+s*.72)
		return down
	case statement.ResultUnclear:
		d.pen(amber, .35)
		d.f.Line(x+s/2, y, x+s, y+s/2)
		d.f.Line(x+s, y+s/2, x+s/2, y+s)
		d.f.Line(x+s/2, y+s, x, y+s/2)
		d.f.Line(x, y+s/2, x+s/2, y)
		return amber
	}
	d.pen(ink2, .4)
	d.f.Line(x+s*.1, y+s/2, x+s*.9, y+s/2)
	return ink2
}

// bar draws a stretch in a lane of height h whose top is at y. The worse, the taller.
func (d *sheet) bar(k statement.Kind, x, y, w, h float64) {
	switch k {
	case statement.KindServed:
		d.fill(sunken)
		d.f.Rect(x, y, w, h, "F")
		d.fill(up)
		d.f.Rect(x, y+.84*h, w, .16*h, "F")
	case statement.KindExcluded:
		y, h = y+.14*h, .72*h
		d.fill(colour{255, 255, 255})
		d.pen(maint, .15)
		d.f.Rect(x, y, w, h, "FD")
		for at := y + .6; at < y+h; at += .6 {
			d.f.Line(x, at, x+w, at)
		}
	case statement.KindUnknown:
		y, h = y+.08*h, .84*h
		d.fill(colour{255, 255, 255})
		d.pen(unknown, .2)
		d.f.Rect(x, y, w, h, "FD")
		for at := x - h; at < x+w; at += .9 { // from the bottom up to the right
			a, b := max(at, x), min(at+h, x+w)
			d.f.Line(a, y+h-(a-at), b, y+h-(b-at))
		}
	case statement.KindOutside:
		d.fill(pale)
		d.pen(down, .1)
		d.f.Rect(x, y, w, h, "FD")
	case statement.KindDown:
		d.fill(down)
		d.f.Rect(x, y, w, h, "F")
	}
}

func (d *sheet) lane(x, y, w, h float64, l statement.Lane) {
	d.pen(line, .15)
	d.f.Line(x, y+h, x+w, y+h)
	for _, b := range l.Served {
		d.bar(b.Kind, x+w*b.X/100, y, w*b.Width/100, h)
	}
	for _, b := range l.Marks {
		d.bar(b.Kind, x+w*b.X/100, y, w*b.Width/100, h)
	}
}

// lanes draws subjects below each other, with their names on the left.
func (d *sheet) lanes(list []statement.Lane, axis []statement.Tick) {
	const gutter, h = 45.0, 5.0
	for _, l := range list {
		d.room(h + 8)
		d.font("", 8, ink)
		if name := d.split(l.Name, gutter-3); len(name) > 0 {
			d.text(left, d.y+3.4, name[0])
		}
		d.lane(left+gutter, d.y, width-gutter, h-1, l)
		d.y += h
	}
	d.axis(left+gutter, width-gutter, axis)
}

// axis writes times below what was drawn, or above what will be.
func (d *sheet) axis(x, w float64, list []statement.Tick) {
	d.font("", 6.5, ink2)
	for _, t := range list {
		at, label := x+w*t.X/100, encode(t.Label)
		d.pen(line, .2)
		d.f.Line(at, d.y, at, d.y+1)
		d.text(min(max(x, at-d.f.GetStringWidth(label)/2), x+w-d.f.GetStringWidth(label)), d.y+3.4, label)
	}
	d.y += 4.6
}

// days draws up to three subjects side by side, one row a day.
func (d *sheet) days(m statement.Days) {
	const gutter, gap, row, head = 15.0, 3.5, 3.15, 8.0
	d.room(head + row*float64(len(m.Labels)) + 7)
	n := float64(len(m.Figures))
	w := (width - gutter - gap*(n-1)) / n
	y := d.y + head
	for i, l := range m.Labels {
		c := ink2
		if l.Served {
			c = ink
		}
		d.font("", 6.5, c)
		d.right(left+gutter-2, y+row*float64(i)+2.5, encode(l.Name))
	}
	for k, f := range m.Figures {
		x := left + gutter + float64(k)*(w+gap)
		d.font("B", 7.5, ink)
		if name := d.split(f.Name, w); len(name) > 0 {
			d.text(x, d.y+3, name[0])
		}
		d.font("", 6, ink2)
		for i, hour := range []string{"00", "06", "12", "18", "24"} {
			at := x + w*float64(i)/4
			switch i {
			case 0:
				d.text(at, d.y+7, hour)
			case 4:
				d.right(at, d.y+7, hour)
			default:
				d.text(at-d.f.GetStringWidth(hour)/2, d.y+7, hour)
			}
		}
		for i, r := range f.Rows {
			d.lane(x, y+row*float64(i), w, row-.5, r)
		}
	}
	d.y = y + row*float64(len(m.Labels)) + 3
}

func (d *sheet) legend(list []statement.Key) {
	const w, h = 7.0, 2.8
	d.room(6)
	x := left
	for _, k := range list {
		d.bar(k.Kind, x, d.y+.6, w, h)
		d.font("", 7, ink2)
		word := encode(k.Word)
		d.text(x+w+1.5, d.y+3, word)
		x += w + 1.5 + d.f.GetStringWidth(word) + 5
	}
	d.y += 6
}
