// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/voice"
)

// sipServer answers every request over UDP with a status until the test ends. It calls
// itself what no terminal should see as it is.
func sipServer(t *testing.T, status string) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, headers, _ := strings.Cut(string(b[:n]), "\r\n")
			headers = strings.Replace(headers, "User-Agent: vouch", "Server: Test\x1b[31m PBX", 1)
			if _, err := conn.WriteToUDPAddrPort([]byte("SIP/2.0 "+status+"\r\n"+headers), from); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { conn.Close(); serving.Wait() })
	return conn.LocalAddr().String()
}

func TestProbeSIP(t *testing.T) {
	up, busy := sipServer(t, "200 OK"), sipServer(t, "503 Service Unavailable")
	for _, tt := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{up}, 0, []string{up + ": answers 200 over UDP\n", "server      Test [31m PBX\n", "round trip  "}},
		{[]string{busy}, 1, []string{busy + ": rejects what it is asked\n", "503 Service Unavailable", "server", "round trip"}},
		{[]string{busy, "--accept", "2xx,503"}, 0, []string{busy + ": answers 503 over UDP\n"}},
		{[]string{up, busy}, 1, []string{up + ": answers 200", "\n\n" + busy + ": rejects"}},
		{[]string{up, "--voice", "g711"}, 0, []string{"voice       R 9", "MOS 4.", "estimate (E-model, ITU-T G.107), no part of any verdict", "half the round trip"}},
	} {
		code, out, stderr := call(t, append([]string{"probe", "sip", "--timeout", "1m"}, tt.args...)...)
		if code != tt.code || stderr != "" || strings.Contains(out, "\x1b") {
			t.Errorf("probe sip %v = exit %d, %q, %q, want exit %d and a text for a terminal", tt.args, code, out, stderr, tt.code)
		}
		for _, w := range tt.want {
			if !strings.Contains(out, w) {
				t.Errorf("probe sip %v = %q, want it to hold %q", tt.args, out, w)
			}
		}
	}
}

func TestProbeSIPAsJSON(t *testing.T) {
	_, out, _ := call(t, "probe", "sip", "--timeout", "1m", "--json", "--voice", "G.729A", sipServer(t, "404 Not Found"))
	var got struct {
		Outcome, Transport, Server string
		Status                     int
		Sent, Lost                 int
		RTT                        map[string]int64
		Voice                      struct {
			Label, Codec string
			R, MOS       float64
			Assumptions  []string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("probe sip --json = %q: %v", out, err)
	}
	if got.Outcome != "up" || got.Transport != "udp" || got.Status != 404 || got.Sent != 1 || got.Lost != 0 || got.RTT["avg_us"] <= 0 {
		t.Errorf("probe sip --json = %+v, want up by 404 over udp with a round trip", got)
	}
	if v := got.Voice; v.Codec != "G.729A" || v.R < 1 || v.R > 82 || v.MOS < 1 || !strings.HasPrefix(v.Label, "estimate") || len(v.Assumptions) < 4 {
		t.Errorf("voice = %+v, want an estimate by G.729A, below 82.2, with what it assumes", v)
	}
	_, out, _ = call(t, "probe", "sip", "--timeout", "1m", "--json", sipServer(t, "200 OK"))
	if strings.Contains(out, `"voice"`) {
		t.Errorf("probe sip --json without --voice = %q, want no estimate", out)
	}
}

// The estimate takes loss and variation from a round of ICMP, and from SIP the delay alone.
func TestHeard(t *testing.T) {
	c, err := voice.FindCodec("G.711")
	if err != nil {
		t.Fatal(err)
	}
	r := vouch.Result{Outcome: vouch.Up, Sent: 4, Lost: 1, RTT: vouch.RTT{Min: 1, Avg: 40 * time.Millisecond, Max: 1, Jitter: 30 * time.Millisecond}}
	round, request := heard(&c, r, true), heard(&c, r, false)
	if round == nil || request == nil || round.R >= request.R || round.Delay != 100125 || request.Delay != 60125 {
		t.Errorf("of a round %+v, of a request %+v; want 100.125 ms with loss and a larger buffer, and 60.125 ms without", round, request)
	}
	if v := heard(nil, r, true); v != nil {
		t.Errorf("without a codec: %+v, want nothing", v)
	}
	if v := heard(&c, vouch.Result{Sent: 3, Lost: 3}, true); v != nil {
		t.Errorf("without an answer: %+v, want nothing", v)
	}
}
