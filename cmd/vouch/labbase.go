// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// labPosition is a simulated device as it stands in the installed base.
type labPosition struct {
	ID, Class, Profile, Serial, About string
	Address                           string
}

// recogniser says what the device at an address is: what stands in the installed base
// for it. Only the answers decide, as with a device that is not simulated.
type recogniser func(ctx context.Context, t probes.Target) (class vouch.Class, profile, serial, about string)

// writeLabBase asks every device of a running lab what it is, and writes the installed
// base to file and, beside it, a contract, a collector's file and those of two agents.
// It writes over nothing. It returns the files.
func writeLabBase(ctx context.Context, file string, l *lab.Lab, c lab.Config, ln net.Listener) ([]string, error) {
	if ext := filepath.Ext(file); ext != ".yaml" && ext != ".yml" {
		file = filepath.Join(file, "base.yaml")
	}
	dir := filepath.Dir(file)
	p := snmp.New()
	defer p.Close()
	positions, err := positionsOf(ctx, l, c, recogniseBy(p))
	if err != nil {
		return nil, err
	}
	files, err := labFiles(filepath.Base(file), positions, c, ln, time.Now())
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if _, err := os.Lstat(path); err == nil {
			return nil, exit.Misused("--base writes over nothing, and %s exists already: name another file, or move it away", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for %s: %w", path, err)
		}
		out = append(out, path)
	}
	for i, f := range files {
		if err := writeExample(out[i], f); err != nil {
			return nil, fmt.Errorf("write %s: %w", out[i], err)
		}
	}
	return out, nil
}

// recogniseBy asks with the prober of the agents, and looks for one of the product's
// profiles.
func recogniseBy(p *snmp.Prober) recogniser {
	var profiles []vouch.Profile
	for _, own := range configs.Profiles() {
		profiles = append(profiles, own.Profile)
	}
	return func(ctx context.Context, t probes.Target) (vouch.Class, string, string, string) {
		d, r := p.Recognise(ctx, t, profiles)
		switch {
		case r.Outcome != vouch.Up:
			return vouch.ClassOther, snmp.Generic().Name, "", "did not answer: " + string(r.Reason)
		case d.Profile == nil:
			return vouch.ClassOther, snmp.Generic().Name, "", oneLineOf(d.SysDescr, 70)
		}
		about := strings.TrimSpace(d.Vendor + " " + d.Model)
		if about == "" {
			about = d.SysDescr
		}
		class := d.Profile.Class
		if class == "" {
			class = vouch.ClassOther
		}
		return class, d.Profile.Name, oneLineOf(d.Serial, 60), oneLineOf(about, 70)
	}
}

// positionsOf asks all devices, a few at a time.
func positionsOf(ctx context.Context, l *lab.Lab, c lab.Config, recognise recogniser) ([]labPosition, error) {
	const timeout = 20 * time.Second // for a device on this machine, however busy it is
	out := make([]labPosition, len(l.Devices()))
	taken := map[string]bool{}
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, d := range l.Devices() {
		out[i] = labPosition{ID: labID(d.Name(), taken), Address: d.Addr().Addr().String()}
		g.Go(func() error {
			t := probes.Target{Credential: labCredential(c), Check: vouch.Check{
				Kind: vouch.KindSNMP, Addr: d.Addr().Addr(), Port: d.Addr().Port(), Version: labVersion(c), Interval: 2 * timeout, Timeout: timeout,
			}}
			class, profile, serial, about := recognise(asking, t)
			out[i].Class, out[i].Profile, out[i].Serial, out[i].About = string(class), profile, serial, about
			return asking.Err()
		})
	}
	return out, g.Wait()
}

func labVersion(c lab.Config) string {
	if c.User != nil {
		return probes.SNMPv3
	}
	return probes.SNMPv2c
}

func labCredential(c lab.Config) probes.Credential {
	u := c.User
	if u == nil {
		return probes.Credential{Version: labVersion(c), Community: vouch.Secret(c.Options.Community)}
	}
	return probes.Credential{
		Version: labVersion(c), User: u.Name, Auth: probes.AuthProtocol(u.Auth), AuthPassword: vouch.Secret(u.AuthPassword),
		Priv: probes.PrivProtocol(u.Privacy), PrivPassword: vouch.Secret(u.PrivacyPassword),
	}
}

// labID makes an identifier of a device's name.
func labID(name string, taken map[string]bool) string {
	id := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, name), ".-_")
	if id == "" {
		id = "device"
	}
	id = id[:min(len(id), vouch.MaxIDLen-8)]
	free := id
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	taken[free] = true
	return free
}

// labFiles makes the files, of which base is the installed base. ln is where the lab
// takes commands; nil for nowhere.
func labFiles(base string, positions []labPosition, c lab.Config, ln net.Listener, now time.Time) ([]configs.Example, error) {
	// Every device is asked within a tenth of the interval even where there are many.
	interval := 10 * time.Second
	if len(positions) > 500 {
		interval = time.Minute
	}
	data := map[string]any{
		"Base": base, "Positions": positions, "Port": c.Listen.Port(), "Since": now.UTC().Truncate(time.Hour).Add(-time.Hour).Format(time.RFC3339),
		"Interval": interval, "Confirm": 3 * interval, "Carry": 3 * interval, "Lag": 4*interval + 30*time.Second,
		"User": c.User, "Loopback": c.Listen.Addr().IsLoopback(),
	}
	if ln != nil {
		data["Control"] = ln.Addr().(*net.TCPAddr).AddrPort()
	}
	var out []configs.Example
	add := func(name, text string, more map[string]any) error {
		for k, v := range more {
			data[k] = v
		}
		t, err := template.New(name).Funcs(template.FuncMap{"quote": quoteYAML}).Parse(text)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return err
		}
		out = append(out, configs.Example{Name: name, Body: b.Bytes(), Mode: 0o644})
		return nil
	}
	secret := func(name, value string) {
		out = append(out, configs.Example{Name: "secrets/" + name, Body: []byte(value + "\n"), Mode: 0o600})
	}
	err := errors.Join(add(base, labBase, nil), add("contract.yaml", labContract, nil), add("collector.yaml", labCollector, nil),
		add("agent-a.yaml", labAgent, map[string]any{"Agent": "lab-a", "Source": "127.0.0.2", "Metrics": 7481}),
		add("agent-b.yaml", labAgent, map[string]any{"Agent": "lab-b", "Source": "127.0.0.3", "Metrics": 7482}))
	switch u := c.User; {
	case u == nil:
		secret("lab-community", c.Options.Community)
	case u.Privacy != "":
		secret("lab-privacy", u.PrivacyPassword)
		fallthrough
	case u.Auth != "":
		secret("lab-auth", u.AuthPassword)
	}
	return out, err
}

// labNext says what to do with the files.
func labNext(files []string) string {
	dir := filepath.Dir(files[0])
	return fmt.Sprintf("\nWritten: %s\n"+
		"Next, in other terminals:\n"+
		"  1. vouch check %[2]s && vouch collector --config %[2]s/collector.yaml\n"+
		"  2. for a in a b; do vouch-agent enrol --config %[2]s/agent-$a.yaml \"$(vouch agents token --agent lab-$a --data %[2]s/data)\"; done\n"+
		"  3. vouch-agent run --config %[2]s/agent-a.yaml       and in one more: vouch-agent run --config %[2]s/agent-b.yaml\n"+
		"Then look at http://127.0.0.1:7480/, and let something happen. What was agreed stands in %[2]s/contract.yaml: put yours there.\n",
		strings.Join(files, " "), dir)
}
