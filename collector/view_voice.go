// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"math"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/voice"
)

// voiceWindow is how far back the estimate of a call looks.
const voiceWindow = time.Hour

// voice estimates how a call over the path to a telephony device would have been heard
// in the last hour, or returns nil: of another device, or where nothing answered. It is
// for people to look at; no verdict reads it.
func (v view) voice(ctx context.Context, p place) (*web.Voice, error) {
	if p.Class != vouch.ClassTelephony {
		return nil, nil
	}
	now := v.now()
	span := contract.Span{From: contract.Floor(now.Add(-voiceWindow)), To: contract.Floor(now) + 1}
	byKind := map[vouch.Kind][]found{}
	err := eachChunk(ctx, v.store, p.customer, string(p.ID), span, func(_ vouch.AgentID, f found) {
		// While nothing answers there is no call: only what came back says how one would be.
		if f.Outcome == vouch.Up && f.Lost < f.Sent && span.Contains(contract.Milli(f.Start).Floor()) {
			byKind[f.Kind] = append(byKind[f.Kind], f)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, kind := range []vouch.Kind{vouch.KindICMP, vouch.KindSIP} { // only ICMP tells of loss
		if fs := byKind[kind]; len(fs) > 0 {
			return voiceOf(kind, fs), nil
		}
	}
	return nil, nil
}

// voiceOf estimates a call over the path that samples of one kind took: by the median of
// their round trips and variations, and by what they lost together.
func voiceOf(kind vouch.Kind, fs []found) *web.Voice {
	measuresLoss := kind == vouch.KindICMP
	var trips, jitters []time.Duration
	sent, lost := 0, 0
	for _, f := range fs {
		trips, jitters = append(trips, f.RTT.Avg), append(jitters, f.RTT.Jitter)
		sent, lost = sent+f.Sent, lost+f.Lost
	}
	path := voice.Path{Delay: median(trips) / 2}
	if measuresLoss {
		path.Jitter, path.Loss = median(jitters), 100*float64(lost)/float64(sent)
	}
	codec := voice.Codecs()[0] // G.711, which every telephone has
	q, err := voice.Estimate(codec, path)
	if err != nil {
		return nil // a path that no call would survive
	}
	return &web.Voice{
		Codec: codec.Name, R: math.Round(q.R*10) / 10, MOS: math.Round(q.MOS*100) / 100, Delay: web.Micros(q.Delay),
		Kind: kind, Samples: len(fs), Window: web.Seconds(voiceWindow), Assumptions: voice.Assumptions(measuresLoss),
	}
}
