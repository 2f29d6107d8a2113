// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
)

func TestSourcesOfTheTimeAgree(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, tt := range []struct {
		name   string
		list   []agent.Opinion
		offset time.Duration
		bound  time.Duration
		source string
	}{
		{"nobody", nil, 0, 0, ""},
		{"the collector alone", []agent.Opinion{{"collector", 5 * ms, 2 * ms}}, 5 * ms, 2 * ms, "collector"},
		{"two that agree: the narrower", []agent.Opinion{{"collector", 5 * ms, 20 * ms}, {"a", 1 * ms, 3 * ms}}, ms, 3 * ms, "a"},
		{"two that touch", []agent.Opinion{{"a", 0, 5 * ms}, {"b", 8 * ms, 3 * ms}}, 8 * ms, 3 * ms, "b"},
		{"two that disagree: so wide that each may be right", []agent.Opinion{{"collector", 0, ms}, {"a", s, ms}},
			500 * ms, 501*ms + 1, "disputed"},
		{"one of three is wrong", []agent.Opinion{{"a", 3600 * s, ms}, {"b", 1 * ms, 2 * ms}, {"c", 2 * ms, 4 * ms}}, ms, 2 * ms, "b"},
		{"one of three is wrong, and sure of it", []agent.Opinion{{"b", 1 * ms, 20 * ms}, {"a", -3600 * s, 1}, {"collector", 2 * ms, 40 * ms}}, ms, 20 * ms, "b"},
		{"two against two", []agent.Opinion{{"a", 0, ms}, {"b", 0, ms}, {"c", s, ms}, {"d", s, ms}}, 500 * ms, 501*ms + 1, "disputed"},
		{"three of five, with a wide one in both camps", []agent.Opinion{{"a", 0, ms}, {"b", 0, 2 * ms}, {"c", s, ms}, {"d", s, ms}, {"e", 500 * ms, 600 * ms}},
			0, ms, "a"},
		{"all apart", []agent.Opinion{{"a", 0, ms}, {"b", s, ms}, {"c", 2 * s, ms}}, s, 1001*ms + 1, "disputed"},
	} {
		want := evidence.Clock{Known: tt.source != "", Offset: tt.offset, Bound: tt.bound, Source: tt.source}
		if got := agent.Agreed(tt.list...); got != want {
			t.Errorf("%s: Agreed = %+v, want %+v", tt.name, got, want)
		}
	}
}

func TestTimeServersAreAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logs
		asked := map[string][]time.Time{}
		began := time.Now()
		answer := map[string]error{"good": nil, "deny": agent.Kiss("DENY"), "rstr": agent.Kiss("RSTR"), "rate": agent.Kiss("RATE"), "dead": errors.New("timeout")}
		servers := agent.NewTimeServers([]string{"good", "deny", "rstr", "rate", "dead", "[2001:db8::1]:123", "good:124"}, nil, &log)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			servers.Run(ctx, func(server string) (time.Duration, time.Duration, error) {
				asked[server] = append(asked[server], time.Now())
				return time.Millisecond, time.Millisecond, answer[server]
			})
		}()
		time.Sleep(24 * time.Hour)
		cancel()
		<-ended

		for _, server := range []string{"deny", "rstr"} {
			if n := len(asked[server]); n != 1 {
				t.Errorf("questions to a server that forbade them (%s) = %d, want 1", server, n)
			}
		}
		day := int(24 * time.Hour / (1024 * time.Second))
		for _, server := range []string{"good", "dead", "rate"} {
			if n := len(asked[server]); n < day*7/8 || n > day*5/4 {
				t.Errorf("questions to %s in a day = %d, want about %d", server, n, day)
			}
			for i, at := range asked[server][1:] {
				least := 56 * time.Second
				if server == "rate" {
					least = 112 * time.Second
				}
				if wait := at.Sub(asked[server][i]); wait < least || wait > 1152*time.Second {
					t.Errorf("%s was asked again after %v", server, wait)
				}
			}
		}
		if first := asked["dead"][0]; first.After(began.Add(time.Second)) {
			t.Errorf("the first question was asked after %v", first.Sub(began))
		}
		if n := log.count("gives no time"); n != 2 { // rate and dead: once each, whatever they say
			t.Errorf("lines on servers that give no time = %d, want 2:\n%s", n, log.buf.String())
		}
		var names []string
		for _, s := range servers.Status() {
			names = append(names, s.Name)
			if s.Name == "deny" && s.Problem != "it forbids asking (DENY)" {
				t.Errorf("problem of deny = %q", s.Problem)
			}
		}
		if got, want := strings.Join(names, " "), "dead deny good ntp-6 ntp-7 rate rstr"; got != want {
			t.Errorf("names = %s, want %s", got, want)
		}
	})
}

func TestTimeServersAreAskedAgainWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		began := time.Now()
		step := time.Duration(0)
		servers := agent.NewTimeServers([]string{"a"}, func() time.Time { return time.Now().Add(step) }, io.Discard)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			servers.Run(ctx, func(string) (time.Duration, time.Duration, error) {
				asked = append(asked, time.Now())
				return step, time.Millisecond, nil
			})
		}()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		step = time.Hour
		if got := servers.Told(); got.Bound < time.Hour {
			t.Errorf("Told after the clock was set by an hour = %+v, want a bound of an hour", got)
		}
		n := len(asked)
		for range 100 { // a clock that is set all the time does not make for more questions
			servers.Stepped()
			time.Sleep(time.Second)
		}
		cancel()
		<-ended
		if got := servers.Told(); got.Offset != time.Hour || got.Bound > 10*time.Millisecond {
			t.Errorf("Told = %+v, want an hour", got)
		}
		if more := len(asked) - n; more < 2 || more > 7 {
			t.Errorf("questions in 100 s of steps = %d, want one every 16 s at most", more)
		}
		if len(asked) > n && asked[n].Sub(began) > 3*time.Hour+17*time.Second {
			t.Errorf("the first question after the step came %v late", asked[n].Sub(began)-3*time.Hour)
		}
	})
}

// ntpServer answers by RFC 5905 section 7.3, its clock off by ahead, and then changed by
// spoil.
func ntpServer(t *testing.T, ahead time.Duration, spoil func(packet []byte)) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < 48 {
				continue
			}
			p := make([]byte, 48)
			p[0], p[1], p[2], p[3] = 4<<3|4, 2, 6, 0xec // version 4, server; stratum 2; 2^-20 s
			binary.BigEndian.PutUint32(p[4:], 65536/50) // root delay 20 ms
			binary.BigEndian.PutUint32(p[8:], 65536/100)
			copy(p[24:32], buf[40:48])
			at := time.Now().Add(ahead)
			for off, at := range map[int]time.Time{16: at.Add(-time.Minute), 32: at, 40: at} {
				binary.BigEndian.PutUint32(p[off:], uint32(at.Unix()+2208988800))
				binary.BigEndian.PutUint32(p[off+4:], uint32((uint64(at.Nanosecond())<<32)/1e9))
			}
			if spoil != nil {
				spoil(p)
			}
			_, _ = c.WriteTo(p, from)
		}
	}()
	return c.LocalAddr().String()
}

func TestQueryTimeServer(t *testing.T) {
	shift := func(p []byte, off int, seconds int) {
		binary.BigEndian.PutUint32(p[off:], uint32(int(binary.BigEndian.Uint32(p[off:]))+seconds))
	}
	for _, tt := range []struct {
		name  string
		ahead time.Duration
		unset bool // our clock shows 1970
		spoil func(p []byte)
		err   string
	}{
		{"right", 0, false, nil, ""},
		{"an hour ahead of us", time.Hour, false, nil, ""},
		{"behind us", -10 * time.Minute, false, nil, ""},
		{"our clock was never set", 0, true, nil, ""},
		{"kiss of death", 0, false, func(p []byte) { p[1] = 0; copy(p[12:], "DENY") }, "kiss code DENY"},
		{"not synchronised", 0, false, func(p []byte) { p[0] |= 3 << 6 }, "cannot be used"},
		{"stratum 16", 0, false, func(p []byte) { p[1] = 16 }, "cannot be used"},
		{"does not know its own error", 0, false, func(p []byte) { binary.BigEndian.PutUint32(p[8:], 20<<16) }, "cannot be used"},
		{"was synchronised last week", 0, false, func(p []byte) { shift(p, 16, -7*86400) }, "cannot be used"},
		{"answers another question", 0, false, func(p []byte) { p[24] ^= 1 }, "no answer within"},
		{"sent before it received", 0, false, func(p []byte) { shift(p, 40, -1) }, "cannot be used"},
		{"says that it kept the question for longer than it took", 0, false, func(p []byte) { shift(p, 40, 1) }, "cannot be used"},
		{"kiss of death with a code that nobody should see", 0, false, func(p []byte) { p[1] = 0; copy(p[12:], "\x1b[2J") }, "kiss code unknown"},
		{"no server", 0, false, func(p []byte) { p[0] = 4<<3 | 3 }, "not that of a server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, want := time.Now, -tt.ahead
			if tt.unset {
				off := time.Until(time.Unix(60, 0))
				now, want = func() time.Time { return time.Now().Add(off) }, off
			}
			server := ntpServer(t, tt.ahead, tt.spoil)
			servers := agent.NewTimeServers([]string{server}, now, io.Discard)
			offset, bound, err := servers.Query(t.Context(), server)
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Query = %v, %v, %v, want an error with %q", offset, bound, err, tt.err)
				}
			case err != nil:
				t.Errorf("Query = %v", err)
			case (offset-want).Abs() > bound || bound < 19*time.Millisecond || bound > time.Second:
				// The bound holds half the root delay, the dispersion, and half of a round trip.
				t.Errorf("Query = %v within %v, want %v within 20 ms and half of a round trip", offset, bound, want)
			}
		})
	}
}

// A real server, chronyd, that serves the time of this machine on loopback.
func TestQueryChrony(t *testing.T) {
	program, err := exec.LookPath("chronyd")
	if err != nil { // installed, its package takes the machine's clock over
		program, err = exec.LookPath("../bin/chronyd")
	}
	if err != nil {
		t.Skip("chronyd is missing: scripts/test-deps unpacks it")
	}
	if out, err := exec.Command(program, "--version").CombinedOutput(); err != nil {
		t.Skipf("chronyd does not run here, a library of its may be missing: %v %s", err, out)
	}
	dir := t.TempDir()
	c, err := net.ListenPacket("udp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	address := c.LocalAddr().String()
	_, port, _ := net.SplitHostPort(address)
	c.Close()
	conf := filepath.Join(dir, "chrony.conf")
	text := fmt.Sprintf("port %s\nbindaddress 127.0.0.1\nallow 127.0.0.0/8\nlocal stratum 3\ncmdport 0\nbindcmdaddress /\npidfile %s/pid\n", port, dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// -x: it never sets the clock of the machine. -U: no root is needed.
	args := []string{"-d", "-x", "-U", "-f", conf}
	if os.Getuid() == 0 {
		args = append(args, "-u", "root")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var out logs
	server := exec.CommandContext(ctx, program, args...)
	server.Stdout, server.Stderr, server.WaitDelay = &out, &out, 5*time.Second // a helper of its may outlive it
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = server.Wait() }()

	const off = -3 * time.Second
	servers := agent.NewTimeServers([]string{address}, func() time.Time { return time.Now().Add(off) }, io.Discard)
	for deadline := time.Now().Add(time.Minute); ; {
		offset, bound, err := servers.Query(t.Context(), address)
		if err == nil {
			if (offset-off).Abs() > bound || bound > time.Second {
				t.Errorf("Query = %v within %v, want %v", offset, bound, off)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Query = %v\n%s", err, out.buf.String())
		}
		time.Sleep(20 * time.Millisecond) // until it listens
	}
}

func FuzzNTPAnswer(f *testing.F) {
	p := make([]byte, 48)
	p[0], p[1], p[3] = 4<<3|4, 2, 0xec
	f.Add(p)
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) < 48 {
			return
		}
		received, sent, distance, err := agent.ParseNTP(p[:48])
		if err == nil && (sent.Before(received) || distance < 0 || distance > 16*time.Second) {
			t.Errorf("ParseNTP = %v, %v, %v", received, sent, distance)
		}
	})
}
