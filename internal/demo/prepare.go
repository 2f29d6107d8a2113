// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/probes/icmp"
)

// prepare puts the devices on the wire, writes the configuration and starts the
// collector and the agents.
func (r *run) prepare(ctx context.Context, g *errgroup.Group) error {
	r.setPhase("preparing")
	r.view.note("All times are those of " + zoneName + ", the contract's zone.")
	page, err := findPage(r.opts.Listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, page.close)
	s := setting{Pace: r.pace, Page: page.addr, Now: time.Now()}
	if _, err := icmp.Access(ctx); err == nil {
		s.ICMP = true
	} else if ctx.Err() == nil {
		r.view.note("This account may not send ICMP, so that the demo runs over SNMP alone. To show ICMP as well: sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"")
	}
	if s.Block, r.cast, err = claim(byte(os.Getpid())); err != nil {
		return err
	}
	g.Go(func() error { return r.cast.run(ctx) })
	if err := r.configure(ctx, &s); err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	r.page = page.url()
	if !page.loopback() {
		if err := r.token(ctx); err != nil {
			return err
		}
	}
	if page.moved {
		r.view.note(fmt.Sprintf("%s is in use, so that the page is elsewhere.", defaultPage))
	}
	r.view.note("The page is at " + r.page + " while the demo runs.")
	for _, p := range places() {
		if _, err := r.crew.launch(string(p.Agent), "agent", "run", "--config", "config/"+agentFile(p)); err != nil {
			return err
		}
	}
	return nil
}

// configure writes the files. Keys and pin come from the commands that an operator
// would use.
func (r *run) configure(ctx context.Context, s *setting) error {
	keys := make([]string, len(places()))
	g, asking := errgroup.WithContext(ctx)
	for i, p := range places() {
		g.Go(func() (err error) {
			keys[i], err = r.crew.ask(asking, "agent", "key", "--id", string(p.Agent), "--data", "agents/"+string(p.Agent))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	s.Keys = keyring(keys)
	dir := r.folder.join("config")
	if err := s.collectorFiles(dir); err != nil {
		return err
	}
	var err error
	if s.Pin, err = r.crew.ask(ctx, "pin", "--config", "config/collector.yaml"); err != nil {
		return err
	}
	if err := s.agentFiles(dir); err != nil {
		return err
	}
	_, err = r.crew.ask(ctx, "check", "config")
	return err
}

// Waiting for a process that answers within a second on an idle machine.
const (
	patience = 30 * time.Second
	lookEach = 250 * time.Millisecond
)

// open starts the collector and waits until it answers.
func (r *run) open(ctx context.Context) error {
	m, err := r.crew.launch("collector", "collector", "--config", "config/collector.yaml")
	if err != nil {
		return err
	}
	dir, err := r.folder.dataDir()
	if err != nil {
		return err
	}
	r.client = admin.Dial(dir)
	for end := time.Now().Add(patience); ; {
		var s admin.Status
		err := r.client.Get(ctx, admin.PathStatus, nil, &s)
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the collector does not answer after %v: %w; the end of its log:\n%s", patience, err, tail(m.log))
		}
		if err := sleep(ctx, lookEach); err != nil {
			return err
		}
	}
}

// token makes a token for a page that others can reach, and says it.
func (r *run) token(ctx context.Context) error {
	var t admin.Token
	if err := r.client.Post(ctx, admin.PathTokens, admin.NewToken{Role: "noc"}, &t); err != nil {
		return fmt.Errorf("make a token for the page: %w", err)
	}
	r.view.note("Beyond this machine the page asks for a password: " + t.Secret)
	return nil
}

// gather waits until every location sees every device up, and every agent has
// delivered.
func (r *run) gather(ctx context.Context) error {
	r.setPhase("waiting until every location sees every device")
	for end := time.Now().Add(2 * patience); ; {
		missing, err := r.missing(ctx)
		if err == nil && missing == "" {
			return nil
		}
		if time.Now().After(end) {
			if err == nil {
				err = errors.New(missing)
			}
			return fmt.Errorf("the agents did not get going within %v: %w; logs are in %s (keep them with --out DIR)", 2*patience, err, r.folder.join("logs"))
		}
		if err := sleep(ctx, lookEach); err != nil {
			return err
		}
	}
}

// missing says what is not there yet, empty when all is.
func (r *run) missing(ctx context.Context) (string, error) {
	var live admin.Live
	if err := r.client.Get(ctx, admin.PathLive, nil, &live); err != nil {
		return "", err
	}
	for _, d := range live.Devices {
		for _, s := range d.Seen {
			if s.State != "up" {
				return fmt.Sprintf("%s is %s at %s", d.Device, cmp.Or(s.State, "unknown"), s.Location), nil
			}
		}
	}
	var status admin.Status
	if err := r.client.Get(ctx, admin.PathStatus, nil, &status); err != nil {
		return "", err
	}
	for _, a := range status.Agents {
		if a.Through == nil {
			return fmt.Sprintf("agent %s has delivered no batch", a.Agent), nil
		}
	}
	return "", nil
}
