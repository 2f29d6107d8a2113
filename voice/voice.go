// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package voice estimates how a telephone call over a path would be heard, by the
// E-model of ITU-T G.107 (06/2015). It is pure: numbers in, numbers out.
//
// It is an estimate from a path that other packets took, not a measurement of a call,
// and decides nothing: no verdict, figure or incident rests on it.
package voice

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Codec is a codec with what G.113 Appendix I (Table I.4) says of it: its equipment
// impairment factor and its robustness against random loss.
type Codec struct {
	Name      string
	Ie, Bpl   float64
	Frame     time.Duration // of speech
	LookAhead time.Duration
	Frames    int // in a packet
}

// Codecs returns the codecs that can be asked for: those with published values that
// telephones use. G.722 is not among them: its values belong to another scale (G.107.1).
func Codecs() []Codec {
	return []Codec{
		{Name: "G.711", Ie: 0, Bpl: 4.3, Frame: 125 * time.Microsecond, Frames: 160},
		{Name: "G.711+PLC", Ie: 0, Bpl: 25.1, Frame: 125 * time.Microsecond, Frames: 160}, // packet loss concealment of G.711 Appendix I
		{Name: "G.729A", Ie: 11, Bpl: 19, Frame: 10 * time.Millisecond, LookAhead: 5 * time.Millisecond, Frames: 2},
	}
}

// FindCodec returns the codec of a name, in capitals or not, with its dot or without.
// The error lists the names there are.
func FindCodec(name string) (Codec, error) {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToUpper(s), ".", "") }
	var names []string
	for _, c := range Codecs() {
		if plain(c.Name) == plain(name) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return Codec{}, fmt.Errorf("there is no codec %.40q, allowed are %s", name, strings.Join(names, ", "))
}

// Packet is how much speech a packet holds.
func (c Codec) Packet() time.Duration { return time.Duration(c.Frames) * c.Frame }

// delay is the least that coding and packing adds: one frame more than the packet holds,
// and the look-ahead (G.114 Annex A).
func (c Codec) delay() time.Duration { return c.Packet() + c.Frame + c.LookAhead }

// Path is a path through a network in one direction.
type Path struct {
	Delay  time.Duration // 0 to 1 minute
	Jitter time.Duration // mean variation of the delay, 0 to 1 minute
	Loss   float64       // of packets, in percent, 0 to 100; taken as random
}

// Quality is what the E-model says of a path.
type Quality struct {
	Codec Codec
	R     float64       // transmission rating, 0 to 100
	MOS   float64       // mean opinion score (MOS-CQE), 1 to 4.5
	Delay time.Duration // from mouth to ear: path, codec and play-out buffer
}

// longest is what a delay or jitter may be: that of an attempt.
const longest = time.Minute

// Estimate computes the quality of a call with the codec over a path, with the default
// of G.107 Table 2 for all else and without an advantage factor. The play-out buffer is
// taken as twice the jitter and at least one packet, and no packet as too late for it.
// Values out of range are an error.
func Estimate(c Codec, p Path) (Quality, error) {
	switch {
	case c.Frames <= 0 || c.Frame <= 0 || c.Bpl <= 0 || c.Ie < 0 || c.Ie > 95:
		return Quality{}, fmt.Errorf("codec %.40q is not one of Codecs", c.Name)
	case p.Delay < 0 || p.Delay > longest:
		return Quality{}, fmt.Errorf("a delay of %v is out of range, allowed are 0 to %v", p.Delay, longest)
	case p.Jitter < 0 || p.Jitter > longest:
		return Quality{}, fmt.Errorf("a jitter of %v is out of range, allowed are 0 to %v", p.Jitter, longest)
	case !(p.Loss >= 0 && p.Loss <= 100):
		return Quality{}, fmt.Errorf("a loss of %v %% is out of range, allowed are 0 to 100", p.Loss)
	}
	q := Quality{Codec: c, Delay: p.Delay + c.delay() + max(2*p.Jitter, c.Packet())}
	q.R = min(max(Rating(q.Delay, c.Ie, c.Bpl, p.Loss), 0), 100)
	q.MOS = MOS(q.R)
	return q, nil
}

// MOS turns a rating into a mean opinion score (G.107 Annex B, formula B-4). Just above
// a rating of 0 the formula falls below 1, which no score can.
func MOS(r float64) float64 {
	switch {
	case !(r > 0):
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

// Assumptions says, for people, what an estimate from round trips takes for granted.
// With measuresLoss false, loss and jitter are not known either.
func Assumptions(measuresLoss bool) []string {
	out := []string{
		"one-way delay is half the round trip",
		"play-out buffer is twice the variation of the delay, at least one packet, and no packet comes too late for it",
		"everything else has the default of ITU-T G.107",
		"what was measured had DSCP 0 (best effort): voice that the network prefers may fare better",
	}
	if measuresLoss {
		return append(out, "the variation of the round trip is that of one way, and losses are random")
	}
	return append(out, "loss and variation of the delay are not known and taken as none")
}

// power is 10 to the power of a level in decibels over ten.
func power(db float64) float64 { return math.Pow(10, db/10) }
