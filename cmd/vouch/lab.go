// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/lab/control"
)

// labOptions is what `vouch lab` is asked to do.
type labOptions struct {
	recordings string
	listen     string
	devices    int
	community  string
	still      bool
	traps      string
	control    string
	script     string
	base       string
	json       bool
	user       lab.User
	authFile   string
	privFile   string
}

func newLabCmd() *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use: "lab [--recordings DIR] [--devices N]", Args: noArgs,
		Short: "Simulate devices from recordings, to try a contract before hardware exists",
		Long: "lab plays devices that answer over SNMP from recordings of real ones (.snmprec, as snmpsim has them) or, without\n" +
			"--recordings, from walks that the product brings along. Counters and uptime run. On command, while it runs, devices\n" +
			"lose requests, answer late or wrongly, fall silent, start again, are swapped for another box, or lose a link.\n\n" +
			"Without --devices there is one device for each recording, all at one address, and the community tells them apart:\n" +
			"it is the file's name without .snmprec. With --devices N each has an address of its own, 127.1.0.1 and those that\n" +
			"follow, 250 to a /24, and the recordings take turns; copies of one recording differ in name, serial number,\n" +
			"hardware addresses and engine. On loopback nobody outside this machine can ask them; ping is answered by the kernel.\n\n" +
			"Commands are typed where lab runs, come from a --script, or from another terminal by `vouch lab do`.\n\n" + lab.Help,
		Example: "  vouch lab                                           # the product's own devices, at 127.0.0.1:1161\n" +
			"  vouch lab --recordings ~/recordings --devices 500   # 127.1.0.1 to 127.1.1.250, port 1161, community public\n" +
			"  vouch lab --devices 10 --base try/base.yaml         # and the files to try a contract with them\n" +
			"  vouch lab do dead 127.1.0.7 for 30s\n" +
			"  vouch lab do interface 'cisco*' GigabitEthernet0/0/0 down for 5m",
		RunE: func(c *cobra.Command, _ []string) error { return runLab(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.recordings, "recordings", "", "`DIR` with .snmprec files (default: the product's own)")
	f.StringVar(&o.listen, "listen", "", "`ADDR[:PORT]` of the devices; with --devices of the first one (default 127.0.0.1:1161, or 127.1.0.1:1161)")
	f.IntVar(&o.devices, "devices", 0, "how many devices, each with an address of its own")
	f.StringVar(&o.community, "community", "public", "community of devices that have an address of their own")
	f.BoolVar(&o.still, "still", false, "answer exactly what stands in the files: nothing moves by itself")
	f.StringVar(&o.traps, "traps", "", "`ADDR:PORT` to which coldStart, linkDown and linkUp are sent (default nowhere)")
	f.StringVar(&o.control, "control", control.Default, "loopback `ADDR:PORT` where `vouch lab do` is heard, off for none")
	f.StringVar(&o.script, "script", "", "`FILE` with commands, one a line, and lines as \"wait 30s\"; the last may be quit; - for standard input")
	f.StringVar(&o.base, "base", "", "write the installed base of these devices to `FILE`, and beside it what a collector and two agents need")
	f.BoolVar(&o.json, "json", false, "print JSON, one object a line")
	f.StringVar(&o.user.Name, "user", "", "SNMPv3 user of devices that have an address of their own")
	f.StringVar(&o.user.Auth, "auth", "", "its authentication `PROTOCOL`: MD5, SHA, SHA224, SHA256, SHA384, SHA512")
	f.StringVar(&o.authFile, "auth-file", "", "`FILE` with its authentication password")
	f.StringVar(&o.user.Privacy, "priv", "", "its privacy `PROTOCOL`: DES, AES, AES192, AES256, AES192C, AES256C")
	f.StringVar(&o.privFile, "priv-file", "", "`FILE` with its privacy password")
	c.AddCommand(newLabDoCmd(), newLabListCmd())
	return c
}

// runLab serves until it is interrupted, or a script ends it.
func runLab(c *cobra.Command, o labOptions) error {
	recordings, err := o.read()
	if err != nil {
		return err
	}
	config, err := o.config(len(recordings))
	if err != nil {
		return err
	}
	input, err := o.commands(c.InOrStdin())
	if err != nil {
		return err
	}
	defer input.close()
	l, err := lab.Open(config, recordings)
	if err != nil {
		return labOpenError(err, o)
	}
	config.Listen = netip.AddrPortFrom(config.Listen.Addr(), l.Addr().Port()) // port 0 takes a free one
	ln, err := o.listenControl()
	if err != nil {
		_ = l.Close()
		return err
	}
	out := &labPrinter{w: c.OutOrStdout(), json: o.json}
	ctx, quit := context.WithCancel(c.Context())
	defer quit()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.Run(ctx) })
	if ln != nil {
		g.Go(func() error { return control.Serve(ctx, ln, l, out.effect) })
	}
	g.Go(func() error {
		var files []string
		if o.base != "" {
			var err error
			if files, err = writeLabBase(ctx, o.base, l, config, ln); err != nil {
				return err
			}
		}
		out.start(l, ln, config, files, input.typed())
		ended, err := input.run(ctx, l, out)
		if ended {
			quit()
		}
		return err
	})
	return g.Wait()
}

func (o labOptions) read() ([]*lab.Recording, error) {
	if o.recordings == "" {
		return lab.Synthetic(), nil
	}
	r, err := lab.ReadRecordings(os.DirFS(o.recordings))
	if err != nil {
		return nil, exit.Misused("recordings in %s: %v", o.recordings, err)
	}
	return r, nil
}

// config turns flags into what a lab is.
func (o labOptions) config(recordings int) (c lab.Config, err error) {
	if o.base != "" && o.devices == 0 {
		o.devices = recordings // one address each, as devices have
	}
	c = lab.Config{Devices: o.devices, Options: lab.Options{Community: o.community, Still: o.still}}
	if o.listen == "" {
		o.listen = "127.0.0.1:1161"
		if o.devices > 0 {
			o.listen = "127.1.0.1:1161"
		}
	}
	if a, err := netip.ParseAddr(o.listen); err == nil { // without a port
		o.listen = netip.AddrPortFrom(a, 1161).String()
	}
	if c.Listen, err = netip.ParseAddrPort(o.listen); err != nil {
		return c, exit.Misused("--listen %q: write an address and a port, as 127.0.0.1:1161", o.listen)
	}
	if o.traps != "" {
		if c.Traps, err = netip.ParseAddrPort(o.traps); err != nil {
			return c, exit.Misused("--traps %q: write an address and a port, as 127.0.0.1:162", o.traps)
		}
	}
	if o.user == (lab.User{}) && o.authFile == "" && o.privFile == "" {
		return c, nil
	}
	if o.devices == 0 {
		return c, exit.Misused("--user needs --devices: an SNMPv3 engine is one device, and has an address of its own")
	}
	u := o.user
	u.Auth, u.Privacy = strings.ToUpper(u.Auth), strings.ToUpper(u.Privacy)
	for _, s := range []struct {
		file string
		into *string
	}{{o.authFile, &u.AuthPassword}, {o.privFile, &u.PrivacyPassword}} {
		if s.file == "" {
			continue
		}
		raw, err := durable.ReadSecret(s.file)
		if err != nil {
			return c, exit.Misused("%v", err)
		}
		*s.into = strings.TrimRight(string(raw), "\r\n")
	}
	c.User = &u
	return c, nil
}

// labOpenError adds the cure to what kept a lab from starting.
func labOpenError(err error, o labOptions) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return exit.Misused("%v; another lab may have it: name another port with --listen", err)
	case errors.Is(err, syscall.EACCES):
		return exit.Misused("%v; ports below 1024 need root: name another with --listen", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return exit.Misused("%v; --listen takes addresses that this machine has, and all of 127.0.0.0/8", err)
	}
	return exit.Misused("%v", err)
}

func (o labOptions) listenControl() (net.Listener, error) {
	if o.control == "off" {
		return nil, nil
	}
	ln, err := control.Listen(o.control)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, exit.Misused("control: %v; another lab may have it: name another port with --control, or off", err)
	case err != nil:
		return nil, exit.Misused("%v", err)
	}
	return ln, nil
}

// newLabDoCmd is the client.
func newLabDoCmd() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:     "do COMMAND...",
		Short:   "Give a running lab a command",
		Long:    "do carries out one command in the lab that runs on this machine, and prints what it did.\n\n" + lab.Help,
		Example: "  vouch lab do dead 127.1.0.7 for 30s\n  vouch lab do loss 10% 20%\n  vouch lab do \"set edge-3 '1.3.6.1.2.1.1.5.0|4|a new name'\"",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Misused("say what to do, as: vouch lab do dead 127.1.0.7 for 30s")
			}
			return nil
		},
	}
	asJSON := jsonFlag(c)
	c.Flags().StringVar(&addr, "control", control.Default, "`ADDR:PORT` of the lab's --control")
	c.RunE = func(c *cobra.Command, args []string) error {
		e, err := control.Do(c.Context(), addr, commandLine(args))
		if err != nil {
			return labRefused(err)
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), e)
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), e)
		return err
	}
	return c
}

// newLabListCmd shows the devices of a running lab.
func newLabListCmd() *cobra.Command {
	var addr string
	c := &cobra.Command{Use: "list", Short: "List the devices of a running lab, and how often they were asked", Args: noArgs}
	asJSON := jsonFlag(c)
	c.Flags().StringVar(&addr, "control", control.Default, "`ADDR:PORT` of the lab's --control")
	c.RunE = func(c *cobra.Command, _ []string) error {
		devices, err := control.List(c.Context(), addr)
		if err != nil {
			return labRefused(err)
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), devices)
		}
		return labTable(c.OutOrStdout(), devices, true)
	}
	return c
}

func labRefused(err error) error {
	var refused control.Refused
	if errors.As(err, &refused) {
		return exit.Misused("%v", err)
	}
	return err
}

// commandLine makes one line of words: one that has spaces, and came from a shell that
// took the quotes off, gets them again, unless it is the whole command.
func commandLine(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	out := make([]string, len(words))
	for i, w := range words {
		switch {
		case !strings.ContainsAny(w, " \t'\""):
			out[i] = w
		case strings.Contains(w, `"`):
			out[i] = "'" + w + "'"
		default:
			out[i] = `"` + w + `"`
		}
	}
	return strings.Join(out, " ")
}
