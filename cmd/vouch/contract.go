// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

func newContractCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "contract",
		Short: "Check contract files, say in plain words what they mean, or begin with a template",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newContractCheckCmd(), newContractExplainCmd(), newContractTemplateCmd())
	return c
}

func newContractCheckCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Report every mistake in contract files at once, with its place",
		Long: "check reads contract files by themselves and prints every mistake as file:line:column: what is\n" +
			"wrong, what is allowed. `vouch check DIR` also checks them against the installed base.\n" +
			"Exit code 0: no mistake, 1: mistakes, 2: misused.",
		Args: needFiles("say which: vouch contract check FILE..."),
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var lists []configs.Problems
		for _, name := range args {
			_, problems := configs.LoadContract(configs.OS(), name)
			lists = append(lists, problems)
		}
		return reportProblems(c.OutOrStdout(), c.ErrOrStderr(), args, configs.Merge(lists...), *asJSON)
	}
	return c
}

func needFiles(hint string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exit.Misused("%s", hint)
		}
		return nil
	}
}

func newContractExplainCmd() *cobra.Command {
	var lang, at string
	c := &cobra.Command{
		Use:   "explain FILE [--lang nl|en] [--at TIME]",
		Short: "Say in plain sentences what a contract file means",
		Long: "explain prints who votes and by which rule, the hours of the next four weeks in local time, what\n" +
			"counts and what does not and on which condition, every target, clock, credit and limit, and what\n" +
			"becomes of unknown time, for the version in force at a time (default: now).",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Misused("name one contract file: vouch contract explain FILE")
			}
			return nil
		},
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		language, err := statement.ParseLanguage(lang)
		if err != nil {
			return exit.Misused("--lang: %v", err)
		}
		return explainContract(c.OutOrStdout(), c.ErrOrStderr(), args[0], language, at)
	}
	c.Flags().StringVar(&lang, "lang", "en", "language: en or nl")
	c.Flags().StringVar(&at, "at", "now", "time to explain the contract at, in the contract's zone where it has no offset")
	return c
}

// explainContract prints a contract without mistakes; of another it prints those.
func explainContract(out, errs io.Writer, name string, lang statement.Language, at string) error {
	k, problems := configs.LoadContract(configs.OS(), name)
	for _, p := range problems {
		fmt.Fprintln(errs, p)
	}
	if problems.Err() != nil {
		return exit.Error{Code: exit.Failed} // the problems are the message
	}
	t, err := parseInstant("at", at, time.Now().In(k.Versions[0].Terms.Zone.Location()))
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, explainedContract(k, contract.Floor(t), lang))
	return err
}

func newContractTemplateCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "template [NAME]",
		Short: "Print a contract template to copy and fill in, or list the templates",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var names []string
			for _, t := range configs.Templates() {
				name := strings.TrimSuffix(path.Base(t.Name), path.Ext(t.Name))
				if len(args) == 1 && args[0] == name {
					_, err := c.OutOrStdout().Write(t.Body)
					return err
				}
				names = append(names, name)
			}
			if len(args) == 1 {
				return exit.Misused("there is no template %q; allowed are %s", args[0], strings.Join(names, ", "))
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), strings.Join(names, "\n"))
			return err
		},
	}
}
