// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/probes"
)

// credentialFlags say who asks over SNMP. Passwords come from files alone, because
// every user of the host sees a command line; a community is accepted there for
// convenience, since most of those that a technician tries are no secret.
type credentialFlags struct {
	version       string
	community     string
	communityFile string
	user          string
	context       string
	auth          string
	authFile      string
	priv          string
	privFile      string
}

func (f *credentialFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.version, "version", "", "SNMP version: 1, 2c or 3 (default 2c, or 3 with --user)")
	c.Flags().StringVar(&f.community, "community", "", "community, seen by every user of this host (default public)")
	c.Flags().StringVar(&f.communityFile, "community-file", "", "`FILE` with the community")
	c.Flags().StringVar(&f.user, "user", "", "SNMPv3 user")
	c.Flags().StringVar(&f.context, "context", "", "SNMPv3 context name")
	c.Flags().StringVar(&f.auth, "auth", "", "SNMPv3 authentication `PROTOCOL`: "+names(probes.AuthProtocols()))
	c.Flags().StringVar(&f.authFile, "auth-file", "", "`FILE` with the authentication password")
	c.Flags().StringVar(&f.priv, "priv", "", "SNMPv3 privacy `PROTOCOL`: "+names(probes.PrivProtocols()))
	c.Flags().StringVar(&f.privFile, "priv-file", "", "`FILE` with the privacy password")
}

func names[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

// parse returns the credential and the version to ask with.
func (f credentialFlags) parse() (c probes.Credential, version string, err error) {
	version = f.version
	if version == "" {
		version = probes.SNMPv2c
		if f.user != "" {
			version = probes.SNMPv3
		}
	}
	usm := f.user != "" || f.auth != "" || f.authFile != "" || f.priv != "" || f.privFile != "" || f.context != ""
	switch {
	case version == probes.SNMPv3 && (f.community != "" || f.communityFile != ""):
		return c, "", exit.Misused("a community does not belong to SNMP version 3: use --user")
	case version != probes.SNMPv3 && usm:
		return c, "", exit.Misused("--user and what belongs to it need SNMP version 3")
	case f.community != "" && f.communityFile != "":
		return c, "", exit.Misused("give --community or --community-file, not both")
	}
	c = probes.Credential{
		Version: version, User: f.user, Context: f.context,
		Auth: probes.AuthProtocol(strings.ToUpper(f.auth)), Priv: probes.PrivProtocol(strings.ToUpper(f.priv)),
	}
	if version != probes.SNMPv3 {
		c.Community = vouch.Secret(cmp.Or(f.community, "public"))
	}
	for _, s := range []struct {
		file string
		into *vouch.Secret
	}{{f.communityFile, &c.Community}, {f.authFile, &c.AuthPassword}, {f.privFile, &c.PrivPassword}} {
		if s.file == "" {
			continue
		}
		raw, err := durable.ReadSecret(s.file)
		if err != nil {
			return probes.Credential{}, "", exit.Misused("%v", err)
		}
		*s.into = vouch.Secret(strings.TrimRight(string(raw), "\r\n"))
	}
	if err := c.Validate(version); err != nil {
		return probes.Credential{}, "", exit.Misused("%v", err)
	}
	return c, version, nil
}
