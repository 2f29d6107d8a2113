// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package voice

import (
	"math"
	"time"
)

// Defaults of G.107 Table 2. Levels are in dB, dBm0p and dBmp, as the table has them.
const (
	slr  = 8.0   // send loudness rating
	rlr  = 2.0   // receive loudness rating
	stmr = 15.0  // sidetone masking rating
	ds   = 3.0   // D-value of the telephone, send side
	dr   = 3.0   // the same, receive side
	telr = 65.0  // talker echo loudness rating
	wepl = 110.0 // weighted echo path loss
	qdu  = 1.0   // quantization distortion units
	nc   = -70.0 // circuit noise referred to the 0 dBr point
	nfor = -64.0 // noise floor at the receive side
	ps   = 35.0  // room noise at the send side, dB(A)
	pr   = 35.0  // room noise at the receive side, dB(A)

	burst = 1.0 // BurstR: losses are random
)

// Rating computes the transmission rating factor R (G.107 formula 7-1), before it is cut
// off at 0 and 100: for a delay from mouth to ear, the equipment impairment factor Ie
// and the robustness Bpl of a codec, and a loss in percent. The delay is that of the
// echo path, too (T = Ta), whose round trip is twice as long (Tr).
func Rating(delay time.Duration, ie, bpl, loss float64) float64 {
	ta := float64(delay) / float64(time.Millisecond)
	no := noise()
	ro := 15 - 1.5*(slr+no) // 7-2
	return ro - simultaneous(ro, no, ta) - delayed(ro, no, ta) - equipment(ie, bpl, loss)
}

// noise is No, the sum of all noise powers (clause 7.2, formulas 7-3 to 7-7).
func noise() float64 {
	olr := slr + rlr
	nos := ps - slr - ds - 100 + 0.004*math.Pow(ps-olr-ds-14, 2)
	lstr := stmr + dr
	pre := pr + 10*math.Log10(1+power(10-lstr))
	nor := rlr - 121 + pre + 0.008*math.Pow(pre-35, 2)
	nfo := nfor + rlr
	return 10 * math.Log10(power(nc)+power(nos)+power(nor)+power(nfo))
}

// sidetone is STMRo, the sidetone masked by the echo (formula 7-12).
func sidetone(t float64) float64 {
	return -10 * math.Log10(power(-stmr)+math.Exp(-t/4)*power(-telr))
}

// root is the n-th root of 1 plus x to the power of n, which this model is fond of.
func root(x, n float64) float64 { return math.Pow(1+math.Pow(x, n), 1/n) }

// impairedSidetone is Ist (formula 7-11). The powers are of even and odd degree: a base
// below zero keeps its sign.
func impairedSidetone(t float64) float64 {
	s := sidetone(t)
	return 12*root((s-13)/6, 8) - 28*root((s+1)/19.4, 35) - 13*root((s-3)/33, 13) + 29
}

// simultaneous is Is (clause 7.3): too loud a connection, sidetone, quantization.
func simultaneous(ro, no, t float64) float64 {
	olr := slr + rlr
	xolr := olr + 0.2*(64+no-rlr)
	iolr := 20 * (root(xolr/8, 8) - xolr/8)
	q := 37 - 15*math.Log10(qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46.0/30 - g/40
	iq := 15 * math.Log10(1+math.Pow(10, y)+math.Pow(10, z))
	return iolr + impairedSidetone(t) + iq
}

// delayed is Id (clause 7.4): talker echo, listener echo, and too long a delay.
func delayed(ro, no, t float64) float64 {
	terv := telr - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
	roe := -1.5 * (no - rlr)
	re := 80 + 2.5*(terv-14)
	idte := ((roe-re)/2 + math.Sqrt((roe-re)*(roe-re)/4+100) - 1) * (1 - math.Exp(-t))
	rle := 10.5 * (wepl + 7) * math.Pow(2*t+1, -0.25)
	idle := (ro-rle)/2 + math.Sqrt((ro-rle)*(ro-rle)/4+169)
	return idte + idle + tooLong(t)
}

// tooLong is Idd (formulas 7-27 and 7-28): from 100 ms on even a call without any echo
// suffers.
func tooLong(ta float64) float64 {
	if ta <= 100 {
		return 0
	}
	x := math.Log2(ta / 100)
	return 25 * (root(x, 6) - 3*root(x/3, 6) + 2)
}

// equipment is Ie-eff (formula 7-29).
func equipment(ie, bpl, loss float64) float64 {
	return ie + (95-ie)*loss/(loss/burst+bpl)
}
