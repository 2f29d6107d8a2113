// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/sip"
)

// lies are answers that must not make a device up, by what is wrong with them, with
// what the attempt ends as when nothing else comes.
func lies() map[string]struct {
	say    says
	reason vouch.Reason
} {
	const timeout, protocol = vouch.ReasonTimeout, vouch.ReasonProtocol
	replace := func(old func(asked) string, with string) says {
		return func(q asked) []string { return []string{strings.Replace(q.answer("200 OK", ""), old(q), with, 1)} }
	}
	return map[string]struct {
		say    says
		reason vouch.Reason
	}{
		"another Call-ID": {replace(func(q asked) string { return q.callID }, "another"), timeout},
		"another CSeq":    {replace(func(q asked) string { return q.cseq }, "7 OPTIONS"), timeout},
		"another method":  {replace(func(q asked) string { return "OPTIONS" }, "INVITE"), timeout},
		"another branch":  {replace(func(q asked) string { return "z9hG4bK" }, "z9hG4bKx"), timeout},
		"a second Via":    {replace(func(q asked) string { return "From:" }, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKother\r\nFrom:"), timeout},
		"a request": {func(q asked) []string {
			return []string{strings.Replace(q.answer("200 OK", ""), "SIP/2.0 200 OK", q.line, 1)}
		}, timeout},
		"provisional":           {status("100 Trying"), timeout},
		"cut off":               {func(q asked) []string { return []string{q.answer("200 OK", "")[:120]} }, protocol},
		"a body that is absent": {replace(func(q asked) string { return "Content-Length: 0" }, "Content-Length: 10"), protocol},
		"a giant body":          {replace(func(q asked) string { return "Content-Length: 0" }, "Content-Length: 4294967295"), protocol},
		"a body without bound":  {replace(func(q asked) string { return "Content-Length: 0" }, "l: 99999999999999999999"), protocol},
		"a negative body":       {replace(func(q asked) string { return "Content-Length: 0" }, "Content-Length: -1"), protocol},
		"endless headers":       {func(q asked) []string { return []string{q.answer("200 OK", strings.Repeat("X: y\r\n", 5000))} }, protocol},
		"an endless line":       {func(q asked) []string { return []string{q.answer("200 OK", "X: "+strings.Repeat("y", 60000)+"\r\n")} }, protocol},
		"no SIP":                {func(asked) []string { return []string{"HTTP/1.1 200 OK\r\n\r\n"} }, protocol},
		"a status of 999":       {status("999 Devil"), protocol},
		"two Call-IDs":          {func(q asked) []string { return []string{q.answer("200 OK", "i: "+q.callID+"\r\n")} }, protocol},
		"lines without CR":      {func(q asked) []string { return []string{strings.ReplaceAll(q.answer("200 OK", ""), "\r", "")} }, protocol},
	}
}

func TestLies(t *testing.T) {
	for name, lie := range lies() {
		t.Run(name+" udp", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _, _ := overPipe(t.Context(), time.Minute, func(_ int, q asked) []string { return lie.say(q) })
				wantFailure(t, r, lie.reason)
			})
		})
		t.Run(name+" before the answer", func(t *testing.T) {
			r := (&sip.Prober{}).Probe(t.Context(), overUDP(t, func(q asked) []string {
				return append(lie.say(q), q.answer("200 OK", ""))
			}))
			if r.Outcome != vouch.Up {
				t.Errorf("Probe = %v %q (%s), want up by the answer that follows", r.Outcome, r.Reason, r.Detail)
			}
		})
		t.Run(name+" tcp", func(t *testing.T) {
			// The server closes after the lie: who answers nothing and hangs up has rejected us.
			reason := lie.reason
			if reason == vouch.ReasonTimeout {
				reason = vouch.ReasonRejected
			}
			wantFailure(t, (&sip.Prober{}).Probe(t.Context(), overStream(t, vouch.SIPOverTCP, nil, lie.say)), reason)
		})
	}
}

func wantFailure(t *testing.T, r vouch.Result, reason vouch.Reason) {
	t.Helper()
	want := vouch.Down
	if reason == vouch.ReasonProtocol {
		want = vouch.Unknown
	}
	if r.Outcome != want || r.Reason != reason || r.Detail == "" || len(r.Points) > 0 || r.RTT != (vouch.RTT{}) {
		t.Errorf("Probe = %v %q (%s) with %d points, want %v %q, why, and no values", r.Outcome, r.Reason, r.Detail, len(r.Points), want, reason)
	}
}

// What comes from another address or port than the one that was asked is not an answer.
func TestAnotherSource(t *testing.T) {
	for _, from := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		other, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		silent := overUDP(t, func(q asked) []string {
			_, where, _ := strings.Cut(q.via, "UDP ")
			where, _, _ = strings.Cut(where, ";")
			if _, err := other.WriteToUDPAddrPort([]byte(q.answer("200 OK", "")), netip.MustParseAddrPort(where)); err != nil {
				t.Error(err)
			}
			return nil
		})
		silent.Check.Timeout = 400 * time.Millisecond
		if r := (&sip.Prober{}).Probe(t.Context(), silent); r.Outcome != vouch.Down || r.Reason != vouch.ReasonTimeout {
			t.Errorf("answered from %s: Probe = %v %q (%s), want down (timeout)", other.LocalAddr(), r.Outcome, r.Reason, r.Detail)
		}
	}
}

// A flood of what is no final answer ends the attempt long before its timeout.
func TestFlood(t *testing.T) {
	flood := func(q asked) []string {
		out := make([]string, sip.MaxReads+1)
		for i := range out {
			out[i] = q.answer("180 Ringing", fmt.Sprintf("X: %d\r\n", i))
		}
		return out
	}
	r := (&sip.Prober{}).Probe(t.Context(), overStream(t, vouch.SIPOverTCP, nil, flood))
	// Many messages may come in one piece: then the server's hanging up is what ends it.
	if r.Outcome == vouch.Up || len(r.Points) > 0 {
		t.Errorf("Probe = %v %q (%s), want no success", r.Outcome, r.Reason, r.Detail)
	}
}

// Hanging up in the middle of an answer is not silence, and hanging up without a word
// is no answer.
func TestHangsUp(t *testing.T) {
	closes := overStream(t, vouch.SIPOverTCP, nil, func(asked) []string { return []string{} })
	wantFailure(t, (&sip.Prober{}).Probe(t.Context(), closes), vouch.ReasonRejected)
	blank := overStream(t, vouch.SIPOverTCP, nil, func(asked) []string { return []string{"\r\n\r\n"} })
	wantFailure(t, (&sip.Prober{}).Probe(t.Context(), blank), vouch.ReasonRejected)
}

// Over a connection messages follow each other without a frame: a provisional answer
// with a body, blank lines, and the final answer in pieces.
func TestPieces(t *testing.T) {
	r := (&sip.Prober{}).Probe(t.Context(), overStream(t, vouch.SIPOverTCP, nil, func(q asked) []string {
		whole := "\r\n\r\n" + strings.Replace(q.answer("183 Session Progress", ""), "Content-Length: 0\r\n\r\n", "l: 5\r\n\r\nv=0\r\n", 1) +
			q.answer("200 OK", "Subject: folded\r\n\tlines\r\n and more\r\nServer:\r\n Folded PBX\r\n")
		var out []string
		for len(whole) > 7 {
			out, whole = append(out, whole[:7]), whole[7:]
		}
		return append(out, whole)
	}))
	if v, _ := field(r, "server"); r.Outcome != vouch.Up || v.Text() != "Folded PBX" {
		t.Errorf("Probe = %v %q (%s), server %q; want up and Folded PBX", r.Outcome, r.Reason, r.Detail, v.Text())
	}
}
