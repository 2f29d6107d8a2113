// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/voice"
)

// voiceFlag asks how a call over the path would be heard.
type voiceFlag struct{ codec string }

func (f *voiceFlag) add(c *cobra.Command) {
	c.Flags().StringVar(&f.codec, "voice", "", "estimate how a call with this `CODEC` would be heard: G.711, G.711+PLC or G.729A")
}

// parse returns the codec, or nil where nothing is asked.
func (f *voiceFlag) parse() (*voice.Codec, error) {
	if f.codec == "" {
		return nil, nil
	}
	c, err := voice.FindCodec(f.codec)
	if err != nil {
		return nil, exit.Misused("%v", err)
	}
	return &c, nil
}

// voiceReport is the estimate, with what it rests on.
type voiceReport struct {
	Label       string   `json:"label"` // says that it is an estimate
	Codec       string   `json:"codec"`
	R           float64  `json:"r"`
	MOS         float64  `json:"mos"`
	Delay       int64    `json:"mouth_to_ear_us"`
	Assumptions []string `json:"assumptions"`
}

// heard estimates how a call would be heard over the path of an attempt, or returns nil:
// nothing is asked, or nothing came back. Requests of SIP tell the delay alone.
func heard(c *voice.Codec, r vouch.Result, measuresLoss bool) *voiceReport {
	if c == nil || r.RTT.Avg <= 0 || r.Sent == 0 {
		return nil
	}
	p := voice.Path{Delay: r.RTT.Avg / 2}
	if measuresLoss {
		p.Jitter, p.Loss = r.RTT.Jitter, 100*float64(r.Lost)/float64(r.Sent)
	}
	q, err := voice.Estimate(*c, p)
	if err != nil {
		return nil // a path that no call would survive
	}
	return &voiceReport{
		Label: "estimate (E-model, ITU-T G.107), no part of any verdict", Codec: q.Codec.Name,
		R: math.Round(q.R*10) / 10, MOS: math.Round(q.MOS*100) / 100, Delay: q.Delay.Microseconds(), Assumptions: voice.Assumptions(measuresLoss),
	}
}

func (v *voiceReport) text(w io.Writer) {
	if v == nil {
		return
	}
	fmt.Fprintf(w, "  voice       R %.1f, MOS %.2f with %s, %.0f ms from mouth to ear\n", v.R, v.MOS, v.Codec, float64(v.Delay)/1000)
	fmt.Fprintf(w, "              %s; it assumes:\n", v.Label)
	for _, a := range v.Assumptions {
		fmt.Fprintf(w, "              - %s\n", a)
	}
}
