// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newProfileCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "Show, test and find the profiles by which devices are measured",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return exit.Misused("say what to do: vouch-agent profile list, show NAME, match ADDR or test NAME")
		},
	}
	c.AddCommand(newProfileListCmd(), newProfileShowCmd(), newProfileMatchCmd(), newProfileTestCmd())
	return c
}

// findProfile reads a file with one profile, or takes one of the product.
func findProfile(name string) (configs.Profile, error) {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return ownProfile(name)
	}
	p, err := configs.FindProfile(configs.Profiles(), name)
	if err != nil {
		return p, exit.Misused("%v; or a file that ends in .yaml", err)
	}
	return p, nil
}

// ownProfile reads a file with one profile.
func ownProfile(path string) (configs.Profile, error) {
	p, problems := configs.LoadProfile(configs.OS(), path)
	if err := problems.Err(); err != nil {
		return configs.Profile{}, exit.Misused("%v", err)
	}
	return p, nil
}

// profileLine is one profile in a list.
type profileLine struct {
	Name    string      `json:"name"`
	Class   vouch.Class `json:"class"`
	Kind    string      `json:"kind,omitempty"`
	Match   []string    `json:"match,omitempty"`
	About   string      `json:"about,omitempty"`
	Scalars int         `json:"scalars"`
	Tables  int         `json:"tables"`
}

func newProfileListCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the profiles of the product",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var lines []profileLine
			for _, p := range configs.Profiles() {
				lines = append(lines, profileLine{p.Name, p.Class, p.Kind, rules(p.Match), p.About, len(p.Scalars), len(p.Tables)})
			}
			if asJSON {
				return encodeJSON(c.OutOrStdout(), lines)
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tCLASS\tKIND\tRECOGNISED BY")
			for _, l := range lines {
				by := "not by itself: others extend it, or the installed base names it"
				if len(l.Match) > 0 {
					by = l.Match[0]
				}
				if n := len(l.Match); n > 1 {
					by += fmt.Sprintf(" (and %d more)", n-1)
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.Name, l.Class, l.Kind, by)
			}
			return t.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// rules tells for people how a device is recognised.
func rules(match []vouch.Match) []string {
	var out []string
	for _, m := range match {
		var parts []string
		if len(m.SysObjectID) > 0 {
			parts = append(parts, "object id "+strings.Join(m.SysObjectID, " or "))
		}
		if m.SysDescr != "" {
			parts = append(parts, "description "+m.SysDescr)
		}
		if len(m.Exists) > 0 {
			parts = append(parts, "has "+strings.Join(m.Exists, " and "))
		}
		out = append(out, strings.Join(parts, ", "))
	}
	return out
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func newProfileShowCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME|FILE.yaml",
		Short: "Show what a profile reads, with all that it takes over from others",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Misused("give one profile; vouch-agent profile list shows them")
			}
			p, err := findProfile(args[0])
			if err != nil {
				return err
			}
			return showProfile(c.OutOrStdout(), p)
		},
	}
}

func showProfile(w io.Writer, p configs.Profile) error {
	fmt.Fprintf(w, "%s: %s\n", p.Name, strings.TrimSpace(string(p.Class)+" "+p.Kind))
	if p.About != "" {
		fmt.Fprintf(w, "  %s\n", p.About)
	}
	for _, r := range rules(p.Match) {
		fmt.Fprintf(w, "  recognised by %s\n", r)
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\n  METRIC\tTYPE\tUNIT\tOID\tFINE")
	line := func(name string, s vouch.Symbol) {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", name, s.Type, s.Unit, s.OID, strings.Join(s.OK, ", "))
	}
	for _, s := range p.Scalars {
		line(s.Name, s)
	}
	for _, table := range p.Tables {
		for _, s := range table.Columns {
			line(table.Name+"."+s.Name, s)
		}
		for _, s := range table.Tags {
			from := s.OID
			switch {
			case s.Index == vouch.IndexText:
				from = "the row's index as a text"
			case s.Index > 0:
				from = fmt.Sprintf("number %d of the row's index", s.Index)
			}
			fmt.Fprintf(t, "  %s\ttag %s\t\t%s\t\n", table.Name, s.Name, from)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, trap := range p.Traps {
		fmt.Fprintf(w, "  trap %s %s\n", trap.Name, trap.OID)
	}
	return nil
}
