// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/vouch-sla/vouch"
)

//go:embed templates/*.yaml
var templates embed.FS

// setting is what the configuration files of a run are made from.
type setting struct {
	Pace  Pace
	Block block
	Page  string // HOST:PORT
	ICMP  bool   // this account may send ICMP
	Now   time.Time
	Keys  map[vouch.AgentID]string // public keys of the agents
	Pin   string                   // of the collector's key
}

// collectorFiles writes what the collector reads, into dir.
func (s setting) collectorFiles(dir string) error {
	for name, data := range map[string]any{"collector.yaml": s.collector(), "base.yaml": s.base(), "contract.yaml": s.contract()} {
		if err := writeTemplate(filepath.Join(dir, name), name, data); err != nil {
			return err
		}
	}
	return nil
}

// agentFiles writes what the agents read, into dir, and the secret that they share.
func (s setting) agentFiles(dir string) error {
	secrets := filepath.Join(dir, "secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(secrets, "community"), []byte(community+"\n"), 0o600); err != nil {
		return err
	}
	for i, p := range places() {
		err := writeTemplate(filepath.Join(dir, agentFile(p)), "agent.yaml", map[string]any{
			"Name": p.Name, "Agent": p.Agent, "Collector": s.Block.collector(), "Pin": s.Pin,
			"Source": s.Block.source(i), "Metrics": s.Block.metrics(i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// agentFile is the name of an agent's file.
func agentFile(p place) string { return "agent-" + string(p.Agent) + ".yaml" }

func writeTemplate(path, name string, data any) error {
	t, err := template.New(name).Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(templates, "templates/"+name)
	if err != nil {
		return fmt.Errorf("write %s: %v", path, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("write %s: %v", path, err)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func (s setting) collector() any {
	return map[string]any{"Collector": s.Block.collector(), "Page": s.Page, "Beat": beat}
}

func (s setting) base() any {
	type deviceRow struct {
		device
		Address string
	}
	type siteRow struct {
		site
		Devices []deviceRow
	}
	type placeRow struct {
		place
		Votes        bool
		Gateway, Key string
	}
	var rows []siteRow
	for _, st := range sites() {
		row := siteRow{site: st}
		for i, d := range devices() {
			if d.Site == st.ID {
				row.Devices = append(row.Devices, deviceRow{d, s.Block.device(i).String()})
			}
		}
		rows = append(rows, row)
	}
	var from []placeRow
	for i, p := range places() {
		from = append(from, placeRow{p, p.votes(), s.Block.gateway(i).String(), s.Keys[p.Agent]})
	}
	return map[string]any{
		"Provider": providerName, "Customer": customerID, "CustomerName": customerName, "Port": snmpPort,
		"Places": from, "Sites": rows, "LeaseFrom": s.since(),
	}
}

func (s setting) contract() any {
	type referenceRow struct{ Name, Address string }
	var refs []referenceRow
	for i, name := range references() {
		refs = append(refs, referenceRow{name, s.Block.reference(i).String()})
	}
	var voters []string
	for _, p := range places() {
		if p.votes() {
			voters = append(voters, string(p.ID))
		}
	}
	p := s.Pace
	return map[string]any{
		"InForce": s.since(), "Zone": zoneName, "Voters": strings.Join(voters, ", "), "References": refs, "Port": snmpPort,
		"ICMP": s.ICMP, "Interval": p.Interval, "Timeout": p.Timeout, "Limit": p.Limit, "Confirm": p.Confirm, "Clear": p.Clear,
		"CarryForward": p.CarryForward, "Lag": p.Lag,
	}
}

// since is when the contract came into force and the leases began: the hour before
// the last full one, so that all of the run lies behind it.
func (s setting) since() string {
	return s.Now.UTC().Truncate(time.Hour).Add(-time.Hour).Format(time.RFC3339)
}

// keyring sorts public keys that stand in the order of the places.
func keyring(keys []string) map[vouch.AgentID]string {
	out := map[vouch.AgentID]string{}
	for i, p := range places() {
		out[p.Agent] = keys[i]
	}
	return out
}
