// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/probes/sip"
	"github.com/vouch-sla/vouch/probes/snmp"
	"github.com/vouch-sla/vouch/probes/tcp"
)

func newRunCmd(version string) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run the agent",
		Long: "run measures what the collector assigned to this agent until it is interrupted (SIGINT, SIGTERM).\n" +
			"It logs to standard error: one line for each change of state, none for a sample.\n" +
			"SIGHUP makes it read credentials and log_level of its file again, and disturbs no check.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return exit.Misused("say which agent: vouch-agent run --config FILE")
			}
			return runAgent(c.Context(), c.ErrOrStderr(), file, version)
		},
	}
	c.Flags().StringVar(&file, "config", "", "the agent's `FILE`")
	return c
}

// runAgent reads the file, builds what it says and runs it.
func runAgent(ctx context.Context, stderr io.Writer, file, version string) error {
	config, problems := configs.LoadAgent(source(ctx), file)
	for _, p := range problems.Warnings() {
		fmt.Fprintln(stderr, p)
	}
	if err := problems.Err(); err != nil {
		return exit.Misused("the configuration has mistakes:\n%v", err)
	}
	told, err := alarm(config.Alarm)
	if err != nil {
		return exit.Misused("%v", err)
	}
	s := &settings{began: config}
	s.use(config)
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: &s.level}))
	s.log = log
	mode, err := icmp.Access(ctx)
	if err != nil {
		log.Warn("ICMP checks will be unknown", "err", err)
	}
	overICMP := icmp.New(mode)
	defer overICMP.Close()
	overSNMP := snmp.New()
	defer overSNMP.Close()

	var traps *agent.Traps
	if t := config.Traps; t != nil {
		traps = &agent.Traps{Credentials: t.Credentials}
		if heard, err := snmp.ListenTraps(t.Listen...); err != nil {
			traps.Problem = err.Error()
			log.Error("traps are not heard, all else goes on; restart the agent when that is mended", "err", err)
		} else {
			defer heard.Close()
			traps.Listener = heard
			log.Info("traps are heard", "on", strings.Join(t.Listen, ", "))
		}
	}

	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	reloading, stop := context.WithCancel(ctx)
	var reloads sync.WaitGroup
	reloads.Go(func() { s.run(reloading, hangups) })
	defer reloads.Wait()
	defer stop()
	// A file that may not grow is a full disk to the spool, and no reason to die.
	signal.Ignore(syscall.SIGXFSZ)
	return agent.Run(ctx, agent.Options{
		ID:           config.ID,
		StateDir:     config.Data,
		CollectorURL: config.Collector.URL.String(),
		Pin:          config.Collector.Pin,
		Source:       config.Source,
		TimeServers:  config.TimeServers,
		Credential:   s.credential,
		Probers: map[vouch.Kind]probes.Prober{
			vouch.KindICMP: overICMP,
			vouch.KindSNMP: overSNMP,
			vouch.KindTCP:  tcp.Prober{},
			vouch.KindSIP:  &sip.Prober{},
		},
		MetricsListen: config.Metrics,
		StatusSocket:  agent.StatusSocket(config.Data),
		Version:       version,
		QueueBytes:    int(min(config.Queue, 1<<31-1)),
		SpoolBytes:    config.Spool.Bytes,
		SpoolAge:      config.Spool.Age,
		Traps:         traps,
		Alarm:         told,
		Log:           log,
	})
}

func credential(c configs.Credential) probes.Credential {
	return probes.Credential{
		Version:      c.Version,
		Community:    vouch.Secret(c.Community.Reveal()),
		User:         c.User,
		Level:        probes.Level(c.Level),
		Auth:         probes.AuthProtocol(c.AuthProtocol),
		AuthPassword: vouch.Secret(c.AuthPassword.Reveal()),
		Priv:         probes.PrivProtocol(c.PrivacyProtocol),
		PrivPassword: vouch.Secret(c.PrivacyPassword.Reveal()),
		Context:      c.Context,
	}
}
