// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/configs"
)

func newReloadCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "reload",
		Short: "Put the changed installed base, contracts and profiles in force; agents get it within seconds",
		Long: "reload makes the running collector read its files again. What stays as it was goes on undisturbed, what changed\n" +
			"is recorded and handed to the agents. With a mistake anywhere nothing changes, and every mistake is printed.\n" +
			"SIGHUP does the same, and says it in the log. Exit code 0: in force, 1: refused.",
		Args: noArgs,
	}
	client := dataFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var r admin.Reloaded
		if err := client().Post(c.Context(), admin.PathReload, struct{}{}, &r); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(os.Stdout, r)
		}
		fmt.Printf("in force: %d customers, %d devices, %d agents\n", r.Customers, r.Devices, r.Agents)
		switch {
		case r.Pending != "":
			fmt.Printf("not handed out yet, tried again: %s\n", r.Pending)
		case len(r.Assigned) == 0:
			fmt.Println("nothing changes for any agent")
		default:
			fmt.Printf("new assignment for: %s\n", join(r.Assigned))
		}
		if len(r.Restart) > 0 {
			fmt.Printf("changed, and in force only after a restart: %s\n", strings.Join(r.Restart, ", "))
		}
		return nil
	}
	return c
}

// reloader returns the function that reads the files of a running collector again.
func reloader(began configs.Collector) func() (collector.Installed, []string, error) {
	return func() (collector.Installed, []string, error) {
		conf, problems := configs.LoadCollector(configs.OS(), began.File)
		if err := problems.Err(); err != nil {
			return collector.Installed{}, nil, err
		}
		return installed(conf), restartFor(began, conf), nil
	}
}

// restartFor names the keys that differ and cannot change while the collector runs.
func restartFor(a, b configs.Collector) []string {
	differs := map[string]bool{
		"data": a.Data != b.Data, "origin": a.Origin != b.Origin, "listen": a.Listen != b.Listen, "web": a.Web != b.Web,
		"limits": a.Limits != b.Limits, "influxdb": !reflect.DeepEqual(a.Influx, b.Influx), "notify": !reflect.DeepEqual(a.Notify, b.Notify),
		"anchor": !reflect.DeepEqual(a.Anchor, b.Anchor), "log_level": a.LogLevel != b.LogLevel,
		"provider": a.Base.Provider != b.Base.Provider,
	}
	var out []string
	for key, is := range differs {
		if is {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
