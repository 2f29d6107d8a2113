// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// timeline keeps when each check of each device was attempted and how that ended.
type timeline map[timelineKey][]attempt

type timelineKey struct {
	device vouch.DeviceID
	check  vouch.CheckName
}

type attempt struct {
	start      time.Time
	took       time.Duration
	outcome    vouch.Outcome
	sent, lost int
}

func (t timeline) note(s vouch.Sample) {
	k := timelineKey{s.Device, s.Check}
	t[k] = append(t[k], attempt{s.Start, s.Duration, s.Outcome, s.Sent, s.Lost})
}

// cycles sums up the attempts of one check that began in [from, to).
type cycles struct {
	share    float64       // of the attempts that the interval asks for, those that were made
	up       float64       // of these, those that found the device up
	lost     float64       // of the requests, those without an answer
	gap      time.Duration // between the beginnings of two attempts, 99 of 100 are shorter
	lateness time.Duration // from when an attempt is due to its end, 95 of 100 are shorter
}

// cycles looks at the devices that chosen picks. An attempt is due an interval, and
// another, after the earliest beginning that fits the others of its device.
func (t timeline) cycles(check vouch.CheckName, chosen func(vouch.DeviceID) bool, from, to time.Time, every time.Duration) cycles {
	var c cycles
	var gaps, late []time.Duration
	var devices, made, up, sent, lost int
	for k, all := range t {
		if k.check != check || !chosen(k.device) {
			continue
		}
		devices++
		slices.SortFunc(all, func(a, b attempt) int { return a.start.Compare(b.start) })
		// The offset of the row of slots: the least, seen from the middle of the first.
		offset := func(a attempt) time.Duration {
			return (a.start.Sub(all[0].start)+every/2)%every - every/2
		}
		first := offset(slices.MinFunc(all, func(a, b attempt) int { return int(offset(a) - offset(b)) }))
		for i, a := range all {
			if a.start.Before(from) || !a.start.Before(to) {
				continue
			}
			made++
			sent += a.sent
			lost += a.lost
			if a.outcome == vouch.Up {
				up++
			}
			if i > 0 {
				gaps = append(gaps, a.start.Sub(all[i-1].start))
			}
			late = append(late, offset(a)-first+a.took)
		}
	}
	if made == 0 {
		return c
	}
	c.share = float64(made) / (float64(devices) * to.Sub(from).Seconds() / every.Seconds())
	c.up = float64(up) / float64(made)
	c.lost = float64(lost) / float64(max(sent, 1))
	c.gap, c.lateness = percentile(gaps, 99), percentile(late, 95)
	return c
}

// percentile returns the least value that p of 100 do not exceed.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)*p+99)/100-1]
}
