// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package verifycmd

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// newKeygenCmd makes a customer a key of his own.
func newKeygenCmd() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "keygen NAME",
		Short: "Make a key of your own, to sign for what you accept",
		Long: "Makes a key of your own. The secret half stays in a file on this machine; the public half, which is\n" +
			"printed, belongs in the contract's annex. NAME says whose key it is, such as acme-legal.",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 || out == "" {
			return exit.Misused("name the key and the file: %s -o FILE", c.UseLine())
		}
		secret, public, err := evidence.GenerateKey(rand.Reader, args[0])
		if err != nil {
			return exit.Misused("%v", err)
		}
		f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return exit.Misused("%s exists already; a key is never written over", out)
		}
		if err != nil {
			return exit.Misused("%v", err)
		}
		_, err = f.WriteString(secret + "\n" + public + "\n")
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("store the key: %w", err)
		}
		fmt.Fprintln(c.OutOrStdout(), public)
		return nil
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file for the key")
	return c
}

// newAcceptCmd signs a customer's word on one record.
func newAcceptCmd() *cobra.Command {
	var keyFile, record string
	var objects bool
	c := &cobra.Command{
		Use:   "accept FILE --record ID --key-file FILE",
		Short: "Sign that you accept, or object to, one record of a bundle",
		Long: "Checks that the record stands in the bundle's ledger, and prints your signed word on it, which the\n" +
			"provider enters with `vouch accept --note FILE`. It is about this record and no other: it names its hash.",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 || keyFile == "" || record == "" {
			return exit.Misused("name the bundle, the record and your key: %s", c.UseLine())
		}
		f, size, err := open(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		origin, rec, err := bundle.Record(f, size, record)
		if err != nil {
			return exit.Misused("%s: %v", args[0], err)
		}
		raw, err := os.ReadFile(keyFile)
		if err != nil {
			return exit.Misused("--key-file: %v", err)
		}
		secret, _, _ := strings.Cut(string(raw), "\n")
		signer, err := evidence.NewSigner(secret)
		if err != nil {
			return exit.Misused("--key-file %s: %v", keyFile, err)
		}
		a, err := evidence.SealAcceptance(evidence.AcceptanceHeader{
			Origin: origin, Record: rec.ID, Note: rec.Hash, Objects: objects, At: time.Now().UTC().Truncate(time.Millisecond),
		}, signer)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.ErrOrStderr(), "you sign for record %s (%s), which says:\n  %s\n", rec.ID, rec.Kind, rec.Body[:min(len(rec.Body), 2000)])
		_, err = c.OutOrStdout().Write(a.Raw)
		return err
	}
	f := c.Flags()
	f.StringVar(&record, "record", "", "id of the record")
	f.StringVar(&keyFile, "key-file", "", "file that `vouch-verify keygen` wrote")
	f.BoolVar(&objects, "object", false, "object to it rather than accept it")
	return c
}
