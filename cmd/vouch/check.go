// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newCheckCmd() *cobra.Command {
	var asJSON *bool
	c := &cobra.Command{
		Use:   "check DIR|FILE...",
		Short: "Report every mistake in configuration files at once, with its place",
		Long: "check reads files of every kind (collector, installed base, contract, agent, profile), the files and\n" +
			"secrets that they name, and prints every mistake as file:line:column: what is wrong, what is allowed.\n" +
			"Of a DIR it takes every .yaml file in it and in the directories right below it.\n" +
			"Warnings are marked as such. Exit code 0: no mistake, 1: mistakes, 2: misused.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Misused("say what to check: vouch check DIR|FILE...")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return checkFiles(c.OutOrStdout(), c.ErrOrStderr(), args, *asJSON)
		},
	}
	asJSON = jsonFlag(c)
	return c
}

// checkReport is what --json prints.
type checkReport struct {
	Files    []string         `json:"files"`
	Mistakes int              `json:"mistakes"`
	Warnings int              `json:"warnings"`
	Problems configs.Problems `json:"problems"` // by file, line and column
}

// checkFiles prints the problems of files and directories to out and their number to
// summary.
func checkFiles(out, summary io.Writer, args []string, asJSON bool) error {
	files, err := yamlFiles(args)
	if err != nil {
		return err
	}
	return reportProblems(out, summary, files, configs.Check(configs.OS(), files...), asJSON)
}

// reportProblems prints the problems of files to out and their number to summary; a
// mistake among them is an error that has been told.
func reportProblems(out, summary io.Writer, files []string, problems configs.Problems, asJSON bool) error {
	var err error
	r := checkReport{Files: files, Mistakes: len(problems.Mistakes()), Warnings: len(problems.Warnings()), Problems: problems}
	if asJSON {
		if r.Problems == nil {
			r.Problems = configs.Problems{} // [] rather than null
		}
		err = printJSON(out, r)
	} else {
		for _, p := range problems {
			fmt.Fprintln(out, p)
		}
		_, err = fmt.Fprintf(summary, "vouch: %s checked, %s, %s\n", count(len(files), "file"), count(r.Mistakes, "mistake"), count(r.Warnings, "warning"))
	}
	if err == nil && r.Mistakes > 0 {
		return exit.Error{Code: exit.Failed} // the problems are the message
	}
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// yamlFiles replaces each directory by the files in it and right below it. A file
// that does not exist stays: it is a mistake like others.
func yamlFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			files = append(files, arg)
			continue
		}
		if _, err := os.ReadDir(arg); err != nil {
			return nil, exit.Misused("look into %s: %v", arg, err)
		}
		var found []string
		for _, pattern := range []string{"*.yaml", "*.yml", "*/*.yaml", "*/*.yml"} {
			names, err := fs.Glob(os.DirFS(arg), pattern)
			if err != nil {
				return nil, fmt.Errorf("look into %s: %w", arg, err)
			}
			found = append(found, names...)
		}
		if len(found) == 0 {
			return nil, exit.Misused("%s holds no .yaml file; `vouch init DIR` writes a first configuration", arg)
		}
		slices.Sort(found)
		for _, name := range found {
			files = append(files, filepath.Join(arg, filepath.FromSlash(name)))
		}
	}
	return slices.Compact(files), nil
}
