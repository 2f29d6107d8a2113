// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// addCollectd adds collectd with its snmp plugin to the peers, unpacked at a
// directory as scripts/test-deps does.
func (t *targets) addCollectd(ctx context.Context, dir, unpacked string) error {
	p := &peer{name: peerCollect, program: peerCollect, dir: unpacked}
	t.peers = append(t.peers, p)
	return p.count(ctx, dir, t.tools)
}

// columns are what collectd asks of each interface: as the others, eleven numbers and
// two texts.
const columns = `".1.3.6.1.2.1.2.2.1.7" ".1.3.6.1.2.1.2.2.1.8" ".1.3.6.1.2.1.2.2.1.13" ".1.3.6.1.2.1.2.2.1.14" ` +
	`".1.3.6.1.2.1.2.2.1.19" ".1.3.6.1.2.1.2.2.1.20" ".1.3.6.1.2.1.31.1.1.1.6" ".1.3.6.1.2.1.31.1.1.1.7" ` +
	`".1.3.6.1.2.1.31.1.1.1.10" ".1.3.6.1.2.1.31.1.1.1.11" ".1.3.6.1.2.1.31.1.1.1.15"`

// startCollectd writes a configuration for n devices and runs collectd under it.
func (p *peer) startCollectd(ctx context.Context, dir string, n int) error {
	var c strings.Builder
	types := filepath.Join(dir, "types.db")
	fmt.Fprintf(&c, "Hostname \"gw\"\nFQDNLookup false\nBaseDir %q\nPIDFile %q\nPluginDir %q\nTypesDB %q %q\nInterval %d\n",
		dir, filepath.Join(dir, "collectd.pid"), filepath.Join(p.dir, "usr/lib/collectd"), filepath.Join(p.dir, "usr/share/collectd/types.db"), types, int(interval.Seconds()))
	fmt.Fprint(&c, "LoadPlugin logfile\n<Plugin logfile>\n LogLevel warning\n File stderr\n</Plugin>\n")
	fmt.Fprintf(&c, "LoadPlugin write_http\n<Plugin write_http>\n <Node \"sink\">\n  URL \"http://%s/collectd\"\n  Format \"JSON\"\n  StoreRates false\n </Node>\n</Plugin>\n", p.sink)
	fmt.Fprintf(&c, "LoadPlugin snmp\n<Plugin snmp>\n <Data \"if\">\n  Table true\n  Type \"gwif\"\n"+
		"  TypeInstanceOID \".1.3.6.1.2.1.31.1.1.1.1\"\n  PluginInstanceOID \".1.3.6.1.2.1.31.1.1.1.18\"\n  Values %s\n </Data>\n", columns)
	for _, s := range [][2]string{{"up", ".1.3.6.1.2.1.1.3.0"}, {"cpu", ".1.3.6.1.2.1.25.3.3.1.2.1"}, {"mem", ".1.3.6.1.2.1.25.2.3.1.6.1"}} {
		fmt.Fprintf(&c, " <Data %q>\n  Type \"gauge\"\n  TypeInstance %q\n  Values %q\n </Data>\n", s[0], s[0], s[1])
	}
	for i := range n {
		a := deviceAddr(i)
		fmt.Fprintf(&c, " <Host %q>\n  Address \"%s:%d\"\n  Version 2\n  Community %q\n  Collect \"if\" \"up\" \"cpu\" \"mem\"\n </Host>\n", a, a, devicePort, community)
	}
	fmt.Fprint(&c, "</Plugin>\n")
	file := filepath.Join(dir, "collectd.conf")
	if err := os.WriteFile(file, []byte(c.String()), 0o600); err != nil {
		return err
	}
	const gwif = "gwif admin:GAUGE:U:U, oper:GAUGE:U:U, indis:GAUGE:U:U, inerr:GAUGE:U:U, outdis:GAUGE:U:U, outerr:GAUGE:U:U, " +
		"inoct:GAUGE:U:U, inpkt:GAUGE:U:U, outoct:GAUGE:U:U, outpkt:GAUGE:U:U, speed:GAUGE:U:U\n"
	if err := os.WriteFile(types, []byte(gwif), 0o600); err != nil {
		return err
	}
	libraries, err := filepath.Glob(filepath.Join(p.dir, "usr/lib/*-linux-gnu*"))
	if err != nil {
		return err
	}
	env := "LD_LIBRARY_PATH=" + strings.Join(libraries, ":")
	p.process, err = start(ctx, dir, p.program, "/usr/bin/env", env, "MIBS=", filepath.Join(p.dir, "usr/sbin/collectd"), "-f", "-C", file)
	return err
}

// alone returns how many requests each peer sends for a poll: it lets one after the
// other ask ten devices for one interval.
func alone(ctx context.Context, o pollOptions) (map[string]float64, error) {
	const n = 10
	requests := map[string]float64{}
	if o.tools == "" {
		return requests, nil
	}
	dir, err := os.MkdirTemp("", "vouch-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t, err := startPeers(ctx, dir, o, n)
	if err != nil {
		return nil, err
	}
	defer t.end()
	for _, p := range t.peers {
		begin := time.Now().Truncate(interval).Add(interval)
		if err := p.start(ctx, dir, o.tools, n); err != nil {
			return nil, err
		}
		// In the middle of an interval, between two polls of those that do not spread them.
		if err := pause(ctx, time.Until(begin.Add(interval*3/2))); err != nil {
			return nil, err
		}
		before, err := t.asked(ctx)
		if err != nil {
			return nil, err
		}
		if err := pause(ctx, time.Until(begin.Add(interval*5/2))); err != nil {
			return nil, err
		}
		after, err := t.asked(ctx)
		if err != nil {
			return nil, err
		}
		requests[p.name] = float64(after-before) / n
		p.process.end()
		p.process = nil
	}
	return requests, nil
}

// asked returns how many requests the devices were sent.
func (t *targets) asked(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+control+"/stats", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var stats struct{ Requests int }
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		return 0, fmt.Errorf("what the devices say of their requests: %w", err)
	}
	return stats.Requests, nil
}

// startPeers starts n devices and the sinks of all peers.
func startPeers(ctx context.Context, dir string, o pollOptions, n int) (*targets, error) {
	t, err := startTargets(ctx, dir, o.tools, n)
	if err != nil || o.tools == "" || o.collectd == "" {
		return t, err
	}
	if err := t.addCollectd(ctx, dir, o.collectd); err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}
