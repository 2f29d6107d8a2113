// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/sink"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/internal/wire"
)

func newCollectorCmd() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "collector --config FILE", Short: "Run the collector", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runCollector(c.Context(), file) },
	}
	c.Flags().StringVar(&file, "config", "/etc/vouch/collector.yaml", "the collector's file")
	return c
}

func newPinCmd() *cobra.Command {
	var file, dir string
	c := &cobra.Command{
		Use:   "pin --data DIR | --config FILE",
		Short: "Print the pin of the collector's key, for the agents' files; makes the key where there is none",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case (dir == "") == (file == ""):
				return exit.Misused("say which collector: --data DIR or --config FILE")
			case dir == "":
				conf, err := loadCollector(file)
				if err != nil {
					return err
				}
				dir = conf.Data
			}
			pin, err := collector.Pin(dir)
			if err != nil {
				return err
			}
			fmt.Println(pin)
			return nil
		},
	}
	c.Flags().StringVar(&file, "config", "", "the collector's file")
	c.Flags().StringVar(&dir, "data", "", "its data directory; enough while its file still has gaps")
	return c
}

// loadCollector reads the collector's file and all that it names. Mistakes are
// printed, a line each, as `vouch check` prints them.
func loadCollector(file string) (configs.Collector, error) {
	conf, problems := configs.LoadCollector(configs.OS(), file)
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if n := len(problems.Mistakes()); n > 0 {
		return conf, exit.Error{Code: exit.MisusedCode, Err: fmt.Errorf("%s: %d mistakes; nothing was started", file, n)}
	}
	return conf, nil
}

func runCollector(ctx context.Context, file string) error {
	conf, err := loadCollector(file)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: conf.LogLevel}))
	s, err := sqlite.Open(ctx, conf.Data, sqlite.Options{Version: cmp.Or(version, "unreleased")})
	if err != nil {
		return err
	}
	defer s.Close()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	o := collectorOptions(conf, log)
	o.Reloads = hangups
	o.First = func(link string) {
		fmt.Fprintf(os.Stderr, "vouch: nobody has an account yet. This link makes the first one, once, within three days:\n\n    %s\n\n"+
			"A start makes another. People after that: `vouch people invite`.\n", link)
	}
	return collector.Run(ctx, s, o)
}

// collectorOptions turns configuration into what the collector is started with.
func collectorOptions(conf configs.Collector, log *slog.Logger) collector.Options {
	i := installed(conf)
	o := collector.Options{
		Dir: conf.Data, Origin: conf.Origin, Version: cmp.Or(version, "unreleased"), Listen: conf.Listen, Web: conf.Web, Address: conf.Address, Log: log,
		Base: i.Base, Contracts: i.Contracts, Plan: i.Plan, Retention: i.Retention, Reload: reloader(conf),
		Limits:  collector.Limits{InFlight: conf.Limits.InFlight, Timeout: conf.Limits.Timeout},
		Refresh: conf.Heartbeat,
	}
	if in := conf.Influx; in != nil {
		o.Influx = &sink.Influx{URL: in.URL.String(), Org: in.Org, Bucket: in.Bucket, Token: vouch.Secret(in.Token.Reveal())}
	}
	for _, ch := range conf.Notify {
		o.Channels = append(o.Channels, channelOf(ch))
	}
	o.Anchors.Every = conf.Anchor.Every
	for _, a := range conf.Anchor.Authorities {
		o.Anchors.Authorities = append(o.Anchors.Authorities, anchor.Authority{Name: a.Name, URL: a.URL.String(), Roots: a.Roots, Policy: a.Policy})
	}
	for _, w := range conf.Anchor.Witnesses {
		o.Anchors.Witnesses = append(o.Anchors.Witnesses, anchor.Witness{Name: w.Name, URL: w.URL.String(), Key: w.Key})
	}
	return o
}

// installed is what of the configuration can change while the collector runs.
func installed(conf configs.Collector) collector.Installed {
	i := collector.Installed{
		Contracts: map[vouch.CustomerID]collector.Contract{}, Plan: planner(conf), Retention: map[vouch.CustomerID]collector.Retention{},
		Base: collector.Base{
			Provider: conf.Base.Provider, Agents: conf.Base.Agents, Customers: configs.Customers(conf.Base, conf.Contracts, time.Now()),
		},
	}
	for _, p := range conf.Profiles {
		i.Profiles = append(i.Profiles, p.Profile)
	}
	for _, l := range conf.Base.Locations {
		i.Locations = append(i.Locations, l.Location)
	}
	for _, cu := range conf.Base.Customers {
		i.Retention[cu.ID] = collector.Retention(cu.Retention)
		for _, k := range conf.Contracts {
			if k.ID == cu.Contract {
				i.Contracts[cu.ID] = collector.Contract{ID: k.ID, Versions: versionsOf(k)}
			}
		}
	}
	return i
}

func versionsOf(k configs.Contract) []contract.Version {
	out := make([]contract.Version, len(k.Versions))
	for i, v := range k.Versions {
		out[i] = v.Version
	}
	return out
}

// planner returns the function that works out what every agent does at an instant.
func planner(conf configs.Collector) func(time.Time) ([]wire.Assignment, time.Time) {
	classes := classesOf(conf.Base)
	return func(at time.Time) ([]wire.Assignment, time.Time) {
		var out []wire.Assignment
		for _, p := range configs.Assignments(conf.Base, conf.Contracts, at) {
			out = append(out, planOf(conf, classes, p))
		}
		takeTurns(out)
		next, ok := configs.NextChange(conf.Base, conf.Contracts, at)
		if !ok {
			next = time.Time{}
		}
		return out, next
	}
}

// takeTurns gives the agents that measure a device their places, in the order of the
// installed base: one that is added at its end moves no other.
func takeTurns(plans []wire.Assignment) {
	measuring := map[position]int{}
	for _, p := range plans {
		for i := range p.Devices {
			d := &p.Devices[i]
			at := position{d.Customer, d.ID}
			d.Turn = measuring[at]
			measuring[at]++
		}
	}
}

// planOf groups an agent's assignments by device and adds the profiles that they name.
func planOf(conf configs.Collector, classes map[position]vouch.Class, p configs.Plan) wire.Assignment {
	out := wire.Assignment{Agent: p.Agent, Location: p.Location, Sealing: conf.Seal, Heartbeat: conf.Heartbeat}
	customers, profiles := map[vouch.CustomerID]bool{}, map[string]bool{}
	for _, a := range p.Assignments {
		if !customers[a.Customer] {
			customers[a.Customer] = true
			out.Customers = append(out.Customers, a.Customer)
		}
		n := len(out.Devices)
		if n == 0 || out.Devices[n-1].Customer != a.Customer || out.Devices[n-1].ID != a.Device {
			out.Devices = append(out.Devices, wire.Device{Customer: a.Customer, ID: a.Device, Class: classes[position{a.Customer, a.Device}]})
			n++
		}
		d := &out.Devices[n-1]
		d.Checks = append(d.Checks, a.Check)
		if name := a.Check.Profile; name != "" && !profiles[name] {
			if prof, err := configs.FindProfile(conf.Profiles, name); err == nil {
				profiles[name] = true
				out.Profiles = append(out.Profiles, prof.Profile)
			}
		}
	}
	for _, r := range p.References {
		out.References = append(out.References, wire.Reference(r))
	}
	return out
}

// position names a device across customers.
type position struct {
	customer vouch.CustomerID
	device   vouch.DeviceID
}

func classesOf(b configs.Base) map[position]vouch.Class {
	out := map[position]vouch.Class{}
	for _, cu := range b.Customers {
		for _, s := range cu.Sites {
			for _, d := range s.Devices {
				out[position{cu.ID, d.ID}] = d.Class
			}
		}
	}
	return out
}
