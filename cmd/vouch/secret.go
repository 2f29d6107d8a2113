// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

func newSecretCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use: "secret", Short: "Store, list and remove the SNMP credentials that agents get from the collector",
		Long: "secret keeps SNMP credentials on the collector's machine, under the names that the installed base uses. Each is sent,\n" +
			"sealed to the agent's own key, to the agents whose checks need it, and to no other. It is never printed or logged.\n" +
			"An entry of the same name in an agent's own file wins.",
	})
	client := dataFlag(c)
	c.AddCommand(newSecretSetCmd(client), newSecretListCmd(client), newSecretRemoveCmd(client))
	return c
}

// secretFlags say where a credential comes from. No secret is a flag: every user of the
// machine sees a command line.
type secretFlags struct{ version, community, user, context, auth, authFile, priv, privFile string }

func newSecretSetCmd(client func() *admin.Client) *cobra.Command {
	var f secretFlags
	c := &cobra.Command{
		Use:   "set NAME [flags]",
		Short: "Store a credential, or replace it; agents have it within seconds",
		Long: "set reads a community from standard input, or from a file:\n\n" +
			"  vouch secret set branch < community\n" +
			"  vouch secret set branch --community-file community.txt\n" +
			"  vouch secret set core --user vouch --auth SHA256 --auth-file auth --priv AES --priv-file priv\n\n" +
			"A file holds one line and belongs to its owner alone (mode 0600). At a terminal it asks, and shows nothing.",
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			cred, err := f.credential(c.InOrStdin(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			raw, err := wire.EncodeCredential(cred)
			if err != nil {
				return exit.Misused("%v", err)
			}
			var s admin.Secret
			if err := client().Post(c.Context(), admin.PathSecrets, admin.NewSecret{Name: args[0], Credential: raw}, &s); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(os.Stdout, s)
			}
			fmt.Printf("secret %s is stored, for SNMP version %s\n", s.Name, s.Version)
			switch {
			case len(s.Sent)+len(s.Waiting) == 0:
				fmt.Println("no agent needs it: nothing in the installed base names it, or nothing of that is leased now")
			default:
				fmt.Printf("sent to: %s\n", orNone(s.Sent))
			}
			if len(s.Waiting) > 0 {
				fmt.Printf("sent as soon as they tell their key: %s\n", join(s.Waiting))
			}
			return nil
		},
	}
	c.Flags().StringVar(&f.version, "version", "", "SNMP version: 1, 2c or 3 (default 2c, or 3 with --user)")
	c.Flags().StringVar(&f.community, "community-file", "", "`FILE` with the community (default: standard input)")
	c.Flags().StringVar(&f.user, "user", "", "SNMPv3 user")
	c.Flags().StringVar(&f.context, "context", "", "SNMPv3 context name")
	c.Flags().StringVar(&f.auth, "auth", "", "SNMPv3 authentication `PROTOCOL`, as SHA256")
	c.Flags().StringVar(&f.authFile, "auth-file", "", "`FILE` with the authentication password")
	c.Flags().StringVar(&f.priv, "priv", "", "SNMPv3 privacy `PROTOCOL`, as AES")
	c.Flags().StringVar(&f.privFile, "priv-file", "", "`FILE` with the privacy password")
	jsonFlag(c)
	return c
}

// orNone prints a list of agents.
func orNone(ids []vouch.AgentID) string { return cmp.Or(join(ids), "none") }

// credential gathers what the flags name, and checks that it belongs together.
func (f secretFlags) credential(in io.Reader, prompt io.Writer) (c wire.Credential, err error) {
	usm := f.auth != "" || f.authFile != "" || f.priv != "" || f.privFile != "" || f.context != ""
	version := f.version
	if version == "" {
		version = probes.SNMPv2c
		if f.user != "" || usm {
			version = probes.SNMPv3
		}
	}
	c = wire.Credential{Version: version, User: f.user, Context: f.context, Auth: strings.ToUpper(f.auth), Priv: strings.ToUpper(f.priv)}
	switch {
	case version == probes.SNMPv3 && f.community != "":
		return c, exit.Misused("a community does not belong to SNMP version 3: use --user")
	case version != probes.SNMPv3 && (usm || f.user != ""):
		return c, exit.Misused("--user and what belongs to it need SNMP version 3")
	}
	for _, s := range []struct {
		file string
		into *vouch.Secret
	}{{f.community, &c.Community}, {f.authFile, &c.AuthPassword}, {f.privFile, &c.PrivPassword}} {
		if s.file == "" {
			continue
		}
		raw, err := durable.ReadSecret(s.file)
		if err != nil {
			return c, exit.Misused("%v", err)
		}
		*s.into = oneLine(raw)
	}
	if version != probes.SNMPv3 && f.community == "" {
		raw, err := readSecret(in, prompt)
		if err != nil {
			return c, err
		}
		c.Community = oneLine(raw)
	}
	own := probes.Credential{
		Version: c.Version, Community: c.Community, User: c.User, Auth: probes.AuthProtocol(c.Auth), AuthPassword: c.AuthPassword,
		Priv: probes.PrivProtocol(c.Priv), PrivPassword: c.PrivPassword, Context: c.Context,
	}
	if err := own.Validate(version); err != nil {
		return c, exit.Misused("%v", err)
	}
	return c, nil
}

func oneLine(raw []byte) vouch.Secret { return vouch.Secret(strings.TrimRight(string(raw), "\r\n")) }

// readSecret reads a secret from standard input; a person is asked for it, and sees
// nothing of what is typed.
func readSecret(in io.Reader, prompt io.Writer) ([]byte, error) {
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(prompt, "community (not shown): ")
		raw, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(prompt)
		if err != nil {
			return nil, fmt.Errorf("read the secret from the terminal: %v", err)
		}
		return raw, nil
	}
	raw, err := io.ReadAll(io.LimitReader(in, wire.MaxCredential+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the secret from standard input: %v", err)
	case len(raw) > wire.MaxCredential:
		return nil, exit.Misused("standard input is longer than the %d bytes that a secret may have", wire.MaxCredential)
	case len(strings.TrimRight(string(raw), "\r\n")) == 0:
		return nil, exit.Misused("standard input is empty: give the community there, or name its file with --community-file")
	}
	return raw, nil
}

func newSecretListCmd(client func() *admin.Client) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List what is stored and which agents get it; never a secret", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var list []admin.Secret
			if err := client().Get(c.Context(), admin.PathSecrets, nil, &list); err != nil {
				return err
			}
			if flag, _ := c.Flags().GetBool("json"); flag {
				return printJSON(os.Stdout, list)
			}
			if len(list) == 0 {
				fmt.Println("No secret is stored; agents use those of their own files.")
				return nil
			}
			w := table(os.Stdout)
			fmt.Fprintln(w, "NAME\tSNMP\tCHANGED\tSENT TO\tWAITING FOR A KEY OF")
			for _, s := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Version, when(s.Changed), orNone(s.Sent), orNone(s.Waiting))
			}
			return w.Flush()
		},
	}
	jsonFlag(c)
	return c
}

func newSecretRemoveCmd(client func() *admin.Client) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a credential; agents lose it within seconds", Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := client().Delete(c.Context(), admin.PathSecrets, url.Values{"name": args}, nil); err != nil {
				return err
			}
			fmt.Printf("secret %s is removed; change it on the devices if it may be known to others\n", args[0])
			return nil
		},
	}
}
