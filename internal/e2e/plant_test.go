// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// waitLimit is far above what a condition takes on a busy machine, back-off of up to a
// minute on the way included.
const waitLimit = 3 * time.Minute

// plant is a collector and its agents as processes, run by the files that an
// operator writes: collector.yaml and what it names, and ID.yaml for each agent.
type plant struct {
	t         *testing.T
	dir       string
	programs  programs
	collector *process
	agents    map[vouch.AgentID]*process
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	// A Unix socket's path is short (unix(7)), a test's temporary directory may be long.
	dir, err := os.MkdirTemp("", "vouch-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		logs(t, dir)
		_ = os.RemoveAll(dir)
	})
	return &plant{t: t, dir: dir, programs: binaries(t), agents: map[vouch.AgentID]*process{}}
}

func (p *plant) path(name string) string { return filepath.Join(p.dir, name) }

// write fills a template in and writes the file.
func (p *plant) write(name, text string, data any) {
	p.t.Helper()
	var b strings.Builder
	if err := template.Must(template.New(name).Option("missingkey=error").Parse(text)).Execute(&b, data); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), []byte(b.String()), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// key returns an agent's public key, which it makes.
func (p *plant) key(id vouch.AgentID) string {
	p.t.Helper()
	out, err := run(p.dir, p.programs.agent, "key", "--id", string(id), "--data", p.path(string(id)))
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// pin returns the pin of the collector, whose files are written.
func (p *plant) pin() string {
	p.t.Helper()
	out, err := run(p.dir, p.programs.vouch, "pin", "--config", "collector.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	lines := strings.Fields(out)
	return lines[len(lines)-1] // warnings stand before it
}

// collect starts the collector and waits until it answers commands.
func (p *plant) collect(namespace string) {
	p.t.Helper()
	p.collector = launch(p.t, p.dir, "collector", namespace, p.programs.vouch, "collector", "--config", "collector.yaml")
	p.wait("the collector answers", func() bool {
		if !p.collector.running() {
			p.t.Fatalf("the collector ended: %v", p.collector.err)
		}
		_, err := p.ask(admin.PathStatus, nil, new(admin.Status))
		return err == nil
	})
}

// measure starts an agent.
func (p *plant) measure(id vouch.AgentID, namespace string) {
	p.t.Helper()
	p.agents[id] = launch(p.t, p.dir, string(id), namespace, p.programs.agent, "run", "--config", string(id)+".yaml")
}

// ask asks the collector, decodes its answer into out if that is not nil, and returns
// it as it came.
func (p *plant) ask(path string, query url.Values, out any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	raw, err := admin.Dial(p.path("data")).Bytes(ctx, path, query)
	if err != nil || out == nil {
		return raw, err
	}
	return raw, json.Unmarshal(raw, out)
}

func (p *plant) status() admin.Status {
	p.t.Helper()
	var s admin.Status
	if _, err := p.ask(admin.PathStatus, nil, &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *plant) live() admin.Live {
	p.t.Helper()
	var l admin.Live
	if _, err := p.ask(admin.PathLive, nil, &l); err != nil {
		p.t.Fatal(err)
	}
	return l
}

func (p *plant) incidents(c vouch.CustomerID) []admin.Incident {
	p.t.Helper()
	var list []admin.Incident
	if _, err := p.ask(admin.PathIncidents, url.Values{"customer": {string(c)}}, &list); err != nil {
		p.t.Fatal(err)
	}
	return list
}

// account is what a test reads of a statement.
type account struct {
	Agreed  int64 `json:"agreed_s"`
	Up      int64 `json:"up_s"`
	Down    int64 `json:"down_s"`
	Unknown int64 `json:"unknown_s"`
	Pending int64 `json:"pending_s"`
	Devices []struct {
		ID      vouch.DeviceID `json:"id"`
		Agreed  int64          `json:"agreed_s"`
		Up      int64          `json:"up_s"`
		Down    int64          `json:"down_s"`
		Unknown int64          `json:"unknown_s"`
	} `json:"devices"`
	Incidents []struct {
		Single bool `json:"single_witness"`
	} `json:"incidents"`
	Unknowns []struct {
		From   time.Time    `json:"from"`
		To     time.Time    `json:"to"`
		Reason vouch.Reason `json:"reason"`
	} `json:"unknown_times"`
}

// statement returns a customer's statement over [from, to), in whole seconds.
func (p *plant) statement(c vouch.CustomerID, from, to time.Time) (a account, raw []byte) {
	p.t.Helper()
	q := url.Values{"customer": {string(c)}, "from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}, "format": {"json"}}
	raw, err := p.ask(admin.PathStatement, q, &a)
	if err != nil {
		p.t.Fatalf("statement of %s: %v\n%s", c, err, raw)
	}
	return a, raw
}

// wait waits until ok holds, or ends the test.
func (p *plant) wait(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(waitLimit)
	for !ok() {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %v: %s\n%s", waitLimit, what, p.picture())
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// picture is what the collector shows, for the message of a test that failed.
func (p *plant) picture() string {
	live, err := p.ask(admin.PathLive, nil, nil)
	if err != nil {
		return err.Error()
	}
	status, _ := p.ask(admin.PathStatus, nil, nil)
	return string(live) + string(status)
}

// freeAddr returns an address on loopback that nothing listens on at present.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
