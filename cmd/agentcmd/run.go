// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/probes/snmp"
	"github.com/vouch-sla/vouch/probes/tcp"
)

func newRunCmd() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run the agent",
		Long: "run measures what the collector assigned to this agent until it is interrupted (SIGINT, SIGTERM).\n" +
			"It logs to standard error: one line for each change of state, none for a sample.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return exit.Misused("say which agent: vouch-agent run --config FILE")
			}
			return runAgent(c.Context(), c.ErrOrStderr(), file)
		},
	}
	c.Flags().StringVar(&file, "config", "", "the agent's `FILE`")
	return c
}

// runAgent reads the file, builds what it says and runs it.
func runAgent(ctx context.Context, stderr io.Writer, file string) error {
	config, problems := configs.LoadAgent(configs.OS(), file)
	for _, p := range problems.Warnings() {
		fmt.Fprintln(stderr, p)
	}
	if err := problems.Err(); err != nil {
		return exit.Misused("the configuration has mistakes:\n%v", err)
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: config.LogLevel}))
	mode, err := icmp.Access(ctx)
	if err != nil {
		log.Warn("ICMP checks will be unknown", "err", err)
	}
	overSNMP := snmp.New()
	defer overSNMP.Close()
	return agent.Run(ctx, agent.Options{
		ID:           config.ID,
		StateDir:     config.Data,
		CollectorURL: config.Collector.URL.String(),
		Pin:          config.Collector.Pin,
		Source:       config.Source,
		Credential:   credentials(config),
		Probers: map[vouch.Kind]probes.Prober{
			vouch.KindICMP: icmp.New(mode),
			vouch.KindSNMP: overSNMP,
			vouch.KindTCP:  tcp.Prober{},
		},
		MetricsListen: config.Metrics,
		QueueBytes:    int(min(config.Queue, 1<<31-1)),
		Log:           log,
	})
}

// credentials returns the agent's credentials by name.
func credentials(config configs.Agent) func(string) (probes.Credential, error) {
	return func(name string) (probes.Credential, error) {
		c, ok := config.Credentials[name]
		if !ok {
			return probes.Credential{}, fmt.Errorf("credential %q is not in %s: add it under credentials", name, config.File)
		}
		return credential(c), nil
	}
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
