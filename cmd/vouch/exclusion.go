// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/contract"
)

func newExclusionCmd() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "exclusion",
		Short: "Claim that some time does not count, approve and reject such claims, and list what the contract makes of them",
	})
	client := dataFlag(c)
	c.AddCommand(newExclusionClaimCmd(client), newExclusionRuleCmd(client, "approve", admin.PathApprove),
		newExclusionRuleCmd(client, "reject", admin.PathReject), newExclusionListCmd(client))
	return c
}

func newExclusionClaimCmd(client func() *admin.Client) *cobra.Command {
	var in admin.NewClaim
	var customer, site, device, kind, from, to, announced, told string
	var proof []string
	c := &cobra.Command{
		Use:   "claim --customer ID [--site ID | --device ID] --kind KIND --from TIME --to TIME --reason TEXT",
		Short: "Claim that some time does not count; prints at once what the claim still lacks",
		Long: "claim records that some time should not count. It counts only as far as the contract says: what it\n" +
			"still lacks is printed. Nothing is edited: a claim that was wrong is corrected by another one.\n\n" +
			"A piece of evidence is NAME=FILE, of which the name and the SHA-256 are recorded and which stays where it\n" +
			"is, or a text, such as the address of a report. Keep the file: only its hash is in the ledger.",
		Args: noArgs,
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var err error
		if customer, device, err = ownerOf(customer, device); err != nil {
			return err
		}
		in.Customer, in.Site, in.Device, in.Kind = vouch.CustomerID(customer), vouch.SiteID(site), vouch.DeviceID(device), contract.ExclusionKind(kind)
		now := time.Now()
		for _, f := range []struct {
			name, text string
			into       *time.Time
		}{{"from", from, &in.From}, {"to", to, &in.To}, {"announced", announced, &in.Announced}, {"told", told, &in.Told}} {
			if f.text == "" {
				continue
			}
			if *f.into, err = parseInstant(f.name, f.text, now); err != nil {
				return err
			}
		}
		for _, p := range proof {
			e, err := evidenceOf(p)
			if err != nil {
				return err
			}
			in.Evidence = append(in.Evidence, e)
		}
		var x admin.Claim
		if err := client().Post(c.Context(), admin.PathExclusions, in, &x); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), x)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s claims %s for %s, from %s to %s (record %s)\n", x.ID, x.Kind, scopeOf(x.Customer, x.Site, x.Device), when(x.From), when(x.To), x.Record)
		fmt.Fprintln(c.OutOrStdout(), standing(x))
		warn(c.ErrOrStderr(), x.Warnings)
		return nil
	}
	f := c.Flags()
	f.StringVar(&customer, "customer", "", "customer; without --site and --device all of its devices")
	f.StringVar(&site, "site", "", "site whose devices are all concerned")
	f.StringVar(&device, "device", "", "device that is concerned, as ID, or CUSTOMER/ID")
	f.StringVar(&kind, "kind", "", "ground: "+kinds())
	f.StringVar(&from, "from", "", "when it began")
	f.StringVar(&to, "to", "", "when it ended")
	f.StringVar(&in.Reason, "reason", "", "what happened, in words the customer will read")
	f.StringVar(&announced, "announced", "", "when it was announced to the customer")
	f.StringVar(&told, "told", "", "when the claim was put to the customer, whose silence may accept it")
	f.StringArrayVar(&proof, "evidence", nil, "what proves it: NAME=FILE or a text; may be given several times")
	f.StringVar(&in.Corrects, "corrects", "", "claim, by its ID or its record, that this one takes the place of")
	for _, name := range []string{"kind", "from", "to", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func kinds() string {
	var words []string
	for _, k := range contract.ExclusionKinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// ownerOf splits CUSTOMER/ID of a --device.
func ownerOf(customer, device string) (string, string, error) {
	owner, id, ok := strings.Cut(device, "/")
	switch {
	case !ok:
		return customer, device, nil
	case customer != "" && customer != owner:
		return "", "", exit.Misused("--device %s is not of --customer %s", device, customer)
	}
	return owner, id, nil
}

// evidenceOf returns what is recorded of a piece of evidence: a text as it is, of
// NAME=FILE the name and the hash of what the file holds.
func evidenceOf(s string) (string, error) {
	name, file, ok := strings.Cut(s, "=")
	if !ok || vouch.ValidID(name) != nil {
		return s, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", exit.Misused("--evidence %s: %v; write NAME=FILE, or a text that does not begin with NAME=", s, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", exit.Misused("--evidence %s: %v; NAME=FILE names a file that can be read", s, err)
	}
	return name + " sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

func newExclusionRuleCmd(client func() *admin.Client, verb, path string) *cobra.Command {
	var in admin.Ruling
	var customer string
	c := &cobra.Command{
		Use: verb + " ID", Args: oneArg,
		Short: map[string]string{
			"approve": "Approve a claim; where the contract asks for a second person, under another account than its author's",
			"reject":  "Reject a claim; it stays listed and does not count",
		}[verb],
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		in.Customer, in.ID = vouch.CustomerID(customer), args[0]
		var x admin.Claim
		if err := client().Post(c.Context(), path, in, &x); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), x)
		}
		if verb == "reject" {
			fmt.Fprintf(c.OutOrStdout(), "%s rejected at %s by %s\n", x.ID, when(x.RejectedAt), x.RejectedBy)
			return nil
		}
		fmt.Fprintf(c.OutOrStdout(), "%s approved at %s by %s\n", x.ID, when(x.ApprovedAt), x.ApprovedBy)
		fmt.Fprintln(c.OutOrStdout(), standing(x))
		warn(c.ErrOrStderr(), x.Warnings)
		return nil
	}
	c.Flags().StringVar(&customer, "customer", "", "customer, where two have a claim of this number")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, in words the customer will read")
	return c
}

func warn(w io.Writer, warnings []string) {
	for _, x := range warnings {
		fmt.Fprintf(w, "vouch: warning: %s\n", x)
	}
}

func newExclusionListCmd(client func() *admin.Client) *cobra.Command {
	var customer string
	c := &cobra.Command{
		Use: "list [--customer ID]", Args: noArgs,
		Short: "List claims, who made and approved them, and what the contract makes of each",
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var xs []admin.Claim
		if err := client().Get(c.Context(), admin.PathExclusions, url.Values{"customer": {customer}}, &xs); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), xs)
		}
		if len(xs) == 0 {
			fmt.Fprintln(c.OutOrStdout(), "No claim was made.")
			return nil
		}
		for i, x := range xs {
			if i > 0 {
				fmt.Fprintln(c.OutOrStdout())
			}
			printClaim(c.OutOrStdout(), x)
		}
		return nil
	}
	c.Flags().StringVar(&customer, "customer", "", "only this customer's")
	return c
}

// printClaim prints everything about a claim.
func printClaim(w io.Writer, x admin.Claim) {
	fmt.Fprintf(w, "%s  %s, %s, %s to %s\n", x.ID, x.Kind, scopeOf(x.Customer, x.Site, x.Device), when(x.From), when(x.To))
	fmt.Fprintf(w, "  reason: %s\n", x.Reason)
	fmt.Fprintf(w, "  claimed by %s at %s (record %s)%s\n", x.Author, when(x.RecordedAt), x.Record, corrects(x.Corrects))
	for _, e := range x.Evidence {
		fmt.Fprintf(w, "  evidence: %s\n", e)
	}
	for _, f := range []struct {
		what, by string
		at       time.Time
	}{
		{"announced", "", x.Announced}, {"told", "", x.Told}, {"approved", x.ApprovedBy, x.ApprovedAt}, {"rejected", x.RejectedBy, x.RejectedAt},
		{"accepted for the customer", x.AcceptedBy, x.AcceptedAt}, {"objected to for the customer", x.ObjectedBy, x.ObjectedAt},
		{"corrected", x.CorrectedBy, x.CorrectedAt},
	} {
		switch {
		case f.at.IsZero():
		case f.by == "":
			fmt.Fprintf(w, "  %s at %s\n", f.what, when(f.at))
		default:
			fmt.Fprintf(w, "  %s by %s at %s\n", f.what, f.by, when(f.at))
		}
	}
	if x.RulingReason != "" {
		fmt.Fprintf(w, "  decided because: %s\n", x.RulingReason)
	}
	fmt.Fprintf(w, "  %s\n", standing(x))
	for _, warning := range x.Warnings {
		fmt.Fprintf(w, "  %s\n", warning)
	}
}

func corrects(id string) string {
	if id == "" {
		return ""
	}
	return ", in place of " + id
}

// standing says in a sentence what the contract makes of a claim.
func standing(x admin.Claim) string {
	if len(x.Effects) == 0 {
		return "does not count: it concerns no device of the installed base"
	}
	var parts []string
	for _, e := range x.Effects {
		s := effect(e)
		if len(x.Effects) > 1 {
			s = join(e.Devices) + ": " + s
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

func effect(e admin.Effect) string {
	s := "counts as excluded"
	switch {
	case len(e.Counts) == 0:
		s = "does not count: " + string(e.Why)
	case len(e.Refused) > 0:
		s = "is excluded in part; not"
		for i, r := range e.Refused {
			if i > 0 {
				s += ","
			}
			s += fmt.Sprintf(" %s to %s: %s", when(r.From), when(r.To), r.Why)
		}
	}
	for _, n := range e.Notes {
		s += " (" + string(n) + ")"
	}
	return s
}

// reading reads a small file that a flag names.
func reading(flag, name string, most int64) (string, error) {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return "", exit.Misused("--%s: %v", flag, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", exit.Misused("--%s: %v", flag, err)
	case int64(len(raw)) > most:
		return "", exit.Misused("--%s: %s is longer than %d bytes", flag, name, most)
	}
	return string(raw), nil
}
