// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newAlarmCmd() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "alarm [--config FILE]",
		Short: "Send a test message to whom the agent tells that it does not reach its collector",
		Long: "alarm sends one message with the event test to the webhook or by the mail server that the agent's file\n" +
			"names under alarm. It works while the agent runs, and changes nothing.\n" +
			"Exit code 0: it was taken, 1: it was not, 2: misused, or the file has no alarm.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, problems := configs.LoadAgent(configs.OS(), file)
			if err := problems.Err(); err != nil {
				return exit.Misused("%s:\n%v", file, err)
			}
			if config.Alarm == nil {
				return exit.Misused("%s has no alarm: add one, as the example shows that vouch init writes", file)
			}
			a, err := alarm(config.Alarm)
			if err != nil {
				return exit.Misused("%v", err)
			}
			if err := a.Test(c.Context(), config.ID, config.Collector.URL.String()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "the test message was taken")
			return err
		},
	}
	c.Flags().StringVar(&file, "config", defaultFile, "the agent's `FILE`")
	return c
}

// alarm builds what the file says, or nil.
func alarm(c *configs.Alarm) (*agent.Alarm, error) {
	if c == nil {
		return nil, nil
	}
	a := agent.Alarm{After: c.After, Repeat: c.Repeat, Roots: c.Roots}
	if w := c.Webhook; w != nil {
		u, err := url.Parse(w.URL.Reveal())
		if err != nil {
			return nil, fmt.Errorf("alarm: the webhook's URL cannot be used (not shown)")
		}
		a.Webhook = &agent.AlarmWebhook{URL: u, Secret: vouch.Secret(w.Secret.Reveal())}
	}
	if m := c.Mail; m != nil {
		a.Mail = &agent.AlarmMail{Server: m.Server, From: m.From, To: m.To, User: m.User, Password: vouch.Secret(m.Password.Reveal())}
	}
	return &a, nil
}
