// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// trickle is a body that arrives at 4 KB a second.
type trickle struct{ io.ReadCloser }

func (b trickle) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), 4<<10)])
	time.Sleep(time.Duration(n) * time.Second / (4 << 10))
	return n, err
}

// A backlog that no request of the usual size would bring over within its minute gets
// over all the same, and heartbeats do not wait for it.
func TestBacklogGetsOverASlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, assignment(1))
		b.network.noise = 3000
		b.collector.set(away)
		b.start()
		time.Sleep(20 * time.Minute)
		beats := len(b.collector.beaten())
		b.collector.set(func(c *collector) {
			c.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != wire.PathBatches {
					return false
				}
				body, err := io.ReadAll(trickle{r.Body})
				if err != nil {
					panic(http.ErrAbortHandler) // the agent has given this one up
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				return false
			}
		})
		time.Sleep(20 * time.Minute)
		slow, through := len(b.collector.beaten())-beats, len(b.collector.items("acme", vouch.Telemetry))
		b.collector.set(back)
		time.Sleep(2 * time.Minute)
		b.stop()
		b.down()
		if through < 35 {
			t.Errorf("batches of telemetry that got over = %d, want those of half an hour and more", through)
		}
		if slow < 119 {
			t.Errorf("heartbeats in 20 minutes of a slow link = %d, want 120", slow)
		}
		if got := b.outcomes("d1")["up"]; got < 251 || got > 252 {
			t.Errorf("samples = %d, want 252", got)
		}
		items := b.collector.items("acme", vouch.Telemetry)
		contiguous(t, items)
		if n := len(gaps(items)); n != 0 {
			t.Errorf("gaps = %d, want 0", n)
		}
	})
}
