// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/vouch-sla/vouch/internal/lab"
)

// Names of the peers, as the table shows them.
const (
	peerLoop    = "gosnmp loop"
	peerMinimum = "minimum"
	peerCollect = "collectd"
)

// peer is another program that does the same work, and what counts its values.
type peer struct {
	name    string
	program string
	flags   []string
	dir     string // collectd: where it is unpacked
	sink    string // HOST:PORT
	process *process
	counter *process
}

// targets is everything beside the agent: the devices and the peers that ask them.
type targets struct {
	tools   string
	devices *process
	peers   []*peer

	stop    context.CancelFunc // ends devices that are simulated in this process
	running sync.WaitGroup
}

// control is where the program that plays the devices answers HTTP.
const control = "127.0.0.1:1160"

// startTargets starts n devices and the sinks of the peers. Without tools the devices
// are simulated here, and there are no peers. More flags go to the program that plays
// the devices.
func startTargets(ctx context.Context, dir, tools string, n int, flags ...string) (*targets, error) {
	t := &targets{tools: tools, stop: func() {}}
	if tools == "" {
		return t, t.simulate(ctx, n)
	}
	var err error
	t.devices, err = start(ctx, dir, "target", filepath.Join(tools, "target"), append(flags, "-n", strconv.Itoa(n))...)
	if err == nil {
		err = answers(ctx, t.devices, "http://"+control+"/stats")
	}
	t.peers = []*peer{
		{name: peerLoop, program: "gosnmploop", flags: []string{"-mode", "multi"}},
		{name: peerMinimum, program: "minpoll"},
	}
	for _, p := range t.peers {
		if err == nil {
			err = p.count(ctx, dir, tools)
		}
	}
	if err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

// count starts the sink of a peer.
func (p *peer) count(ctx context.Context, dir, tools string) error {
	var err error
	if p.sink, err = freePort(); err != nil {
		return err
	}
	p.counter, err = start(ctx, dir, "sink-"+p.program, filepath.Join(tools, "sink"), "-listen", p.sink)
	if err != nil {
		return err
	}
	return answers(ctx, p.counter, "http://"+p.sink+"/ping")
}

// start starts the peers.
func (t *targets) start(ctx context.Context, dir string, n int) error {
	for _, p := range t.peers {
		if err := p.start(ctx, dir, t.tools, n); err != nil {
			return err
		}
	}
	return nil
}

func (p *peer) start(ctx context.Context, dir, tools string, n int) error {
	if p.dir != "" {
		return p.startCollectd(ctx, dir, n)
	}
	flags := append([]string{"-n", strconv.Itoa(n), "-sink", "http://" + p.sink + "/api/v2/write?precision=ns"}, p.flags...)
	var err error
	p.process, err = start(ctx, dir, p.program, filepath.Join(tools, p.program), flags...)
	return err
}

func (t *targets) processes() []*process {
	var ps []*process
	for _, p := range t.peers {
		ps = append(ps, p.process)
	}
	return ps
}

// end stops everything.
func (t *targets) end() {
	for _, p := range t.peers {
		for _, q := range []*process{p.process, p.counter} {
			if q != nil {
				q.end()
			}
		}
	}
	if t.devices != nil {
		t.devices.end()
	}
	t.stop()
	t.running.Wait()
}

// measured is what the sink of a peer says of one measurement.
type measured struct {
	Fields, Polls int
	Gap99         float64 `json:"gap_p99"` // seconds
}

// delivered returns how many values of polls in [from, to) a peer has delivered. It
// looks a second back, for what is still on its way.
func (p *peer) delivered(ctx context.Context, from, to time.Time) (int, error) {
	report, err := p.report(ctx, from, to)
	return report["snmp"].Fields + report["interface"].Fields, err
}

// report asks the sink of a peer about polls in [from, to), a second earlier.
func (p *peer) report(ctx context.Context, from, to time.Time) (map[string]measured, error) {
	second := func(t time.Time) string {
		return strconv.FormatFloat(float64(t.Add(-time.Second).UnixMilli())/1000, 'f', 3, 64)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.sink+"/report?from="+second(from)+"&to="+second(to), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		return nil, fmt.Errorf("report of the sink of %s: %w", p.name, err)
	}
	report := map[string]measured{}
	for _, measurement := range []string{"snmp", "interface"} {
		var m measured
		if r, ok := raw[measurement]; ok {
			if err := json.Unmarshal(r, &m); err != nil {
				return nil, fmt.Errorf("report of the sink of %s: %w", p.name, err)
			}
		}
		report[measurement] = m
	}
	return report, nil
}

// simulate plays n devices in this process.
func (t *targets) simulate(ctx context.Context, n int) error {
	ctx, t.stop = context.WithCancel(ctx)
	walk := lab.Gateway(interfacesARow)
	for i := range n {
		d, err := lab.Listen(netip.AddrPortFrom(deviceAddr(i), devicePort), walk, lab.Options{Community: community})
		if err != nil {
			t.end()
			return err
		}
		t.running.Go(func() { _ = d.Run(ctx) }) // its only error is a socket that closed by itself
	}
	return nil
}
