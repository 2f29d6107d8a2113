// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
)

// ownFacts returns what the agent says of itself, as it stands in the provider's ledger.
func (c *collector) ownFacts() (facts []map[string]string) {
	for _, item := range c.items(vouch.Provider, vouch.Telemetry) {
		b, ok := item.(evidence.Batch)
		if !ok {
			continue
		}
		for line, err := range evidence.DecodeLines(vouch.Telemetry, b.Lines) {
			if err != nil || line.Point.Measurement != "agent" {
				continue
			}
			m := map[string]string{}
			for _, f := range line.Point.Fields {
				if f.Value.Kind() == vouch.ValueString {
					m[f.Name] = f.Value.Text()
				}
			}
			facts = append(facts, m)
		}
	}
	return facts
}

func TestHowTheLastRunEndedIsOnRecord(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, file string) // after a run that was told to stop
		want   agent.LastStop
	}{
		{"told to stop", func(*testing.T, string) {}, agent.StopClean},
		{"first start", func(t *testing.T, file string) { check(t, os.Remove(file)) }, agent.StopFirst},
		{"kill -9", func(t *testing.T, file string) {
			var r map[string]any
			raw, err := os.ReadFile(file)
			check(t, err)
			check(t, json.Unmarshal(raw, &r))
			r["stopped"] = false
			raw, _ = json.Marshal(r)
			check(t, os.WriteFile(file, raw, 0o600))
		}, agent.StopKilled},
		{"power cut", func(t *testing.T, file string) {
			check(t, os.WriteFile(file, []byte(`{"boot":"another","stopped":false}`), 0o600))
		}, agent.StopHost},
		{"torn file", func(t *testing.T, file string) { check(t, os.WriteFile(file, []byte(`{"bo`), 0o600)) }, agent.StopUnknown},
		{"a directory in its place", func(t *testing.T, file string) {
			check(t, os.Remove(file))
			check(t, os.MkdirAll(filepath.Join(file, "x"), 0o700))
		}, agent.StopUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, assignment(1))
				b.start()
				time.Sleep(2 * time.Minute)
				b.stop()
				tt.change(t, filepath.Join(b.opts.StateDir, "run"))
				b.start()
				time.Sleep(2 * time.Minute)
				b.stop()
				b.down()
				facts := b.collector.ownFacts()
				if len(facts) < 3 {
					t.Fatalf("facts = %v, want some of each run", facts)
				}
				if got := facts[0]["last_stop"]; got != string(agent.StopFirst) {
					t.Errorf("the first run says that the one before it ended so: %q", got)
				}
				last := facts[len(facts)-1]
				if got := last["last_stop"]; got != string(tt.want) || last["boot"] == "" {
					t.Errorf("the second run says %v, want %q", last, tt.want)
				}
			})
		})
	}
}
