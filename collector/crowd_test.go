// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// crowdSize is how many strangers come at once: in a long round as many as the issue
// says.
func crowdSize() int {
	if os.Getenv("VOUCH_SOAK") != "" {
		return 10_000
	}
	return 1_500
}

// A crowd of strangers, some mute, some slow, some asking in vain, keeps no agent from
// its work: those that are connected go on, and new ones get in.
func TestCrowd(t *testing.T) {
	c, log := openCentre(t)
	bru := c.agents["BRU-1"]
	at := begin()
	others := func() {
		t.Helper()
		at = at.Add(time.Second)
		bru.store(t, c, "acme", at, at.Add(time.Second), bru.sample("acme", "rt1", at, vouch.Up))
	}
	others()

	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	var group sync.WaitGroup
	work := make(chan int)
	for range 32 {
		group.Go(func() {
			for n := range work {
				conn, err := net.Dial("tcp", c.at.Agents)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				conns = append(conns, conn)
				mu.Unlock()
				switch n % 3 {
				case 0: // mute
				case 1: // a slow one, in the middle of its header
					s := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
					_, _ = io.WriteString(s, "GET /agent/v1/heads HTTP/1.1\r\nHost: c\r\nX-Slow: a") // it may be crowded out already
				case 2: // garbage for a handshake
					_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
				}
			}
		})
	}
	for n := range crowdSize() {
		if n%500 == 250 {
			others()
		}
		work <- n
	}
	close(work)
	group.Wait()

	// What stands there is bounded; the rest had to go.
	c.wait("all but a bounded number had to go", func() bool {
		_, strangers := c.connections(t)
		return strangers <= 256
	})
	if n := c.refused("connections crowded out"); n < int64(crowdSize()/4) {
		t.Errorf("connections crowded out = %d, want most of %d", n, crowdSize())
	}
	// An agent that is not connected yet gets in, enrols and works.
	ams := newRecruit(t, "AMS-1", "AMS")
	ams.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	ams.store(t, c, "acme", at, at.Add(time.Second), ams.sample("acme", "rt1", at, vouch.Up))
	others()
	if agents, _ := c.connections(t); agents < 2 {
		t.Errorf("connections of agents = %d, want those of two", agents)
	}
	for _, reason := range []string{"connections crowded out", "connections without a request", "TLS handshakes that failed"} {
		if n := log.lines(reason); n > 2 && !testing.Verbose() {
			t.Errorf("%d lines about %s, want at most one a minute", n, reason)
		}
	}
}

// connections returns how many connections are agents' and strangers'.
func (c *centre) connections(t *testing.T) (agents, strangers int) {
	t.Helper()
	a := c.fetch(t, "/metrics", "")
	for line := range strings.Lines(a.body) {
		for who, into := range map[string]*int{"agent": &agents, "stranger": &strangers} {
			if rest, ok := strings.CutPrefix(line, `vouch_agent_connections{who="`+who+`"} `); ok {
				for _, digit := range strings.TrimSpace(rest) {
					*into = *into*10 + int(digit-'0')
				}
			}
		}
	}
	return agents, strangers
}

// One agent cannot pile up connections either.
func TestAgentsConnectionsAreBounded(t *testing.T) {
	c, _ := openCentre(t)
	ams := newRecruit(t, "AMS-1", "AMS")
	ams.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	var ended []<-chan struct{}
	for range 20 {
		ended = append(ended, ams.waiting(t, c))
	}
	for _, e := range ended[:4] {
		within(t, "the oldest of too many connections is closed", e)
	}
	select {
	case <-ended[19]:
		t.Error("the newest connection was closed")
	default:
	}
}

// Who asks for certificates all the time is told to wait; an agent that has shown itself
// is counted apart.
func TestEnrolmentRate(t *testing.T) {
	c, log := openCentre(t)
	ams := newRecruit(t, "AMS-1", "AMS")
	j := c.join(t, admin.NewJoin{Agent: "AMS-1"})
	ams.enrolled(t, c, j)
	thief := newRecruit(t, "AMS-1", "AMS")
	raw := thief.request(t, j, nil)
	told := false
	for range 70 {
		status, _, out := thief.post(t, c, enrol.Path, "", raw)
		told = told || status == http.StatusTooManyRequests
		if status != http.StatusForbidden && status != http.StatusTooManyRequests {
			t.Fatalf("a replayed join string = %d %s", status, out)
		}
	}
	if !told || c.refused("enrolment: too many requests") == 0 || log.lines("too many requests") > 2 && !testing.Verbose() {
		t.Errorf("70 requests within a minute: %d were too many, in %d lines", c.refused("enrolment: too many requests"), log.lines("too many requests"))
	}
	j.Secret = ""
	ams.enrolled(t, c, j)
}

// Slow ones are shown the door: in the handshake, in a header, in a body.
func TestSlowLoris(t *testing.T) {
	c, log := openCentre(t)
	t.Parallel() // it takes as long as the collector has patience
	dial := func(hello bool, text string) <-chan error {
		conn, err := net.Dial("tcp", c.at.Agents)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		var s net.Conn = conn
		if hello {
			s = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		}
		if _, err := io.WriteString(s, text); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, s)
			ended <- err
		}()
		return ended
	}
	waits := map[string]<-chan error{
		"in the handshake": dial(false, "\x16\x03"),
		"in its header":    dial(true, "GET /agent/v1/heads HTTP/1.1\r\nHost: c\r\nX-Slow: a"),
		"in its request":   dial(true, "POST "+enrol.Path+" HTTP/1.1\r\nHost: c\r\nContent-Length: 4000\r\n\r\nvouch"),
	}
	for what, ended := range waits {
		select {
		case err := <-ended:
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
				t.Errorf("who is slow %s ends with %v", what, err)
			}
		case <-time.After(2 * time.Minute):
			t.Errorf("who is slow %s is waited for", what)
		}
	}
	// The peer hears the end before the collector has noted why.
	for began := time.Now(); c.refused("connections without a request") < 2; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("connections without a request = %d, want 2 counted", c.refused("connections without a request"))
		}
	}
	if n := log.lines("without a request"); n > 2 && !testing.Verbose() {
		t.Errorf("%d lines about slow ones, want at most one a minute", n)
	}
}
