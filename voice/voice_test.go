// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package voice_test

import (
	"math"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/voice"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

const ms = time.Millisecond

// With every default and no delay, R is 93.2 (G.107 clause 7.7).
func TestDefaultRating(t *testing.T) {
	if r := voice.Rating(0, 0, 4.3, 0); !near(r, 93.2, 0.05) {
		t.Errorf("R = %.3f, want 93.2", r)
	}
}

// G.107 Annex B, Table B.1 (which rounds 4.024 to 4.03), and the ends of formula B-4.
func TestMOS(t *testing.T) {
	for r, want := range map[float64]float64{90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58, 93.2: 4.41, 100: 4.5, 120: 4.5, 0: 1, -20: 1, 3: 1, math.NaN(): 1} {
		if got := voice.MOS(r); !near(got, want, 0.007) {
			t.Errorf("MOS(%v) = %.4f, want %v", r, got, want)
		}
	}
}

// Impairment by random loss as G.113 Appendix I gives it in its tables of planning
// values, for the codecs with concealment: Ie by loss in percent. The tables are rounded
// results of listening, formula 7-29 a curve through them.
func TestLoss(t *testing.T) {
	for name, table := range map[string]map[float64]float64{
		"G.711+PLC": {0: 0, 1: 5, 2: 7, 3: 10, 5: 15, 7: 20, 10: 25},
		"G.729A":    {0: 11, 1: 15, 2: 19, 3: 23, 4: 26, 8: 36, 16: 49},
	} {
		c, err := voice.FindCodec(name)
		if err != nil {
			t.Fatal(err)
		}
		for loss, want := range table {
			if got := voice.Rating(0, 0, 4.3, 0) - voice.Rating(0, c.Ie, c.Bpl, loss); !near(got, want, 2.1) {
				t.Errorf("%s at %v %%: Ie-eff = %.2f, want about %v", name, loss, got, want)
			}
		}
	}
	// Formula 7-29 by hand: 95 x 1 / (1 + 4.3) and 11 + 84 x 2 / (2 + 19).
	for _, c := range []struct{ ie, bpl, loss, want float64 }{{0, 4.3, 1, 17.9245}, {11, 19, 2, 19}} {
		if got := voice.Rating(0, 0, 4.3, 0) - voice.Rating(0, c.ie, c.bpl, c.loss); !near(got, c.want, 1e-3) {
			t.Errorf("Ie-eff(%v, %v, %v) = %.4f, want %v", c.ie, c.bpl, c.loss, got, c.want)
		}
	}
}

// Delay, against two sources: Idd of formula 7-28 by hand where X is 1, 2 and 3, and the
// straight lines that Cole and Rosenbluth drew through the whole Id of G.107 ("Voice
// over IP performance monitoring", 2001). The curve bends below them towards 400 ms.
func TestDelay(t *testing.T) {
	whole := voice.Rating(0, 0, 4.3, 0)
	for ta := 25.0; ta <= 350; ta += 25 {
		want := 0.024 * ta
		if ta > 177.3 {
			want += 0.11 * (ta - 177.3)
		}
		if got := whole - voice.Rating(time.Duration(ta*float64(ms)), 0, 4.3, 0); !near(got, want, 1.5) {
			t.Errorf("Id(%v ms) = %.2f, want about %.2f", ta, got, want)
		}
	}
	for ta, want := range map[time.Duration]float64{
		50 * ms: 0, 100 * ms: 0,
		200 * ms: 25 * (math.Pow(2, 1.0/6) - 3*math.Pow(1+math.Pow(1.0/3, 6), 1.0/6) + 2), // 3.04
		400 * ms: 25 * (math.Pow(65, 1.0/6) - 3*math.Pow(1+math.Pow(2.0/3, 6), 1.0/6) + 2),
		800 * ms: 25 * (math.Pow(730, 1.0/6) - 3*math.Pow(2, 1.0/6) + 2),
	} {
		if got := voice.TooLong(ta); !near(got, want, 1e-9) {
			t.Errorf("Idd(%v) = %.6f, want %.6f", ta, got, want)
		}
	}
}

func TestEstimate(t *testing.T) {
	codec := func(name string) voice.Codec {
		c, err := voice.FindCodec(name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tests := []struct {
		codec  string
		path   voice.Path
		delay  time.Duration
		lo, hi float64 // of R
	}{
		{"G.711", voice.Path{}, 40125 * time.Microsecond, 91, 93.2},
		{"g711", voice.Path{Delay: 5 * ms, Jitter: ms}, 45125 * time.Microsecond, 91, 93},
		{"G.711", voice.Path{Delay: 5 * ms, Jitter: 50 * ms}, 125125 * time.Microsecond, 88, 92},
		{"G.711", voice.Path{Delay: 5 * ms, Loss: 1}, 45125 * time.Microsecond, 73, 76},
		{"G.711+PLC", voice.Path{Delay: 5 * ms, Loss: 1}, 45125 * time.Microsecond, 87, 90},
		{"g729a", voice.Path{Delay: 150 * ms}, 205 * ms, 70, 78},
		{"G.711", voice.Path{Loss: 100}, 40125 * time.Microsecond, 0, 2},
		{"G.729A", voice.Path{Delay: time.Minute, Jitter: time.Minute, Loss: 100}, 3*time.Minute + 35*ms, 0, 0},
	}
	for _, tt := range tests {
		q, err := voice.Estimate(codec(tt.codec), tt.path)
		if err != nil || q.Delay != tt.delay || q.R < tt.lo || q.R > tt.hi || q.MOS != voice.MOS(q.R) {
			t.Errorf("Estimate(%s, %+v) = R %.2f, MOS %.2f, %v, %v; want R from %v to %v, %v", tt.codec, tt.path, q.R, q.MOS, q.Delay, err, tt.lo, tt.hi, tt.delay)
		}
	}
	for name, p := range map[string]voice.Path{
		"negative delay": {Delay: -1}, "endless delay": {Delay: time.Hour}, "negative jitter": {Jitter: -1}, "endless jitter": {Jitter: time.Hour},
		"negative loss": {Loss: -0.1}, "more than all lost": {Loss: 100.1}, "no number": {Loss: math.NaN()},
	} {
		if q, err := voice.Estimate(codec("G.711"), p); err == nil {
			t.Errorf("%s: Estimate = %+v, want an error", name, q)
		}
	}
	if q, err := voice.Estimate(voice.Codec{}, voice.Path{}); err == nil {
		t.Errorf("Estimate without a codec = %+v, want an error", q)
	}
	if c, err := voice.FindCodec("G.722"); err == nil {
		t.Errorf("FindCodec(G.722) = %+v, want an error: its values are on another scale", c)
	}
}

// A worse path is never heard better.
func TestMonotonic(t *testing.T) {
	for _, c := range voice.Codecs() {
		last := 101.0
		for d := time.Duration(0); d < 2*time.Second; d += 10 * ms {
			q, err := voice.Estimate(c, voice.Path{Delay: d, Jitter: d / 20, Loss: float64(d) / float64(100*ms)})
			if err != nil || q.R > last || math.IsNaN(q.R) || q.MOS < 1 || q.MOS > 4.5 {
				t.Fatalf("%s at %v: R %v after %v, MOS %v, %v", c.Name, d, q.R, last, q.MOS, err)
			}
			last = q.R
		}
	}
}
