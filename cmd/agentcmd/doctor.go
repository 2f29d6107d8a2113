// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes/icmp"
)

// finding is one thing that an agent needs, and whether it is there.
type finding struct {
	What  string `json:"what"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Cure  string `json:"cure,omitempty"` // where it is not ok
}

// doctor gathers findings.
type doctor struct {
	now      func() time.Time
	findings []finding
}

func (d *doctor) ok(what, found string, args ...any) {
	d.findings = append(d.findings, finding{What: what, OK: true, Found: fmt.Sprintf(found, args...)})
}

func (d *doctor) problem(what, cure, found string, args ...any) {
	d.findings = append(d.findings, finding{What: what, Found: oneLine(fmt.Sprintf(found, args...)), Cure: cure})
}

// oneLine joins the lines of an error.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func newDoctorCmd() *cobra.Command {
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [--config FILE] [--json]",
		Short: "Look for what keeps an agent from working, and say the cure of each",
		Long: "doctor looks at what an agent needs on this machine: its configuration, keys and data directory, disk,\n" +
			"clock, the right to send ICMP, and the way to the collector. It changes nothing, and asks the collector\n" +
			"once, where this agent's chains stand. Run it as root or as the account of the agent.\n" +
			"Exit code 0: all is well, 1: there are problems, 2: misused.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d := doctor{now: time.Now}
			d.examine(c.Context(), file)
			return d.print(c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().StringVar(&file, "config", defaultFile, "the agent's `FILE`")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// print prints the findings and returns exit code 1 where one is a problem.
func (d *doctor) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(d.findings); err != nil {
			return err
		}
	}
	well := true
	for _, f := range d.findings {
		well = well && f.OK
		var err error
		switch {
		case asJSON:
		case f.OK:
			_, err = fmt.Fprintf(out, "ok       %s: %s\n", f.What, f.Found)
		default:
			_, err = fmt.Fprintf(out, "problem  %s: %s\n         cure: %s\n", f.What, f.Found, f.Cure)
		}
		if err != nil {
			return err
		}
	}
	if !well {
		return exit.Error{Code: exit.Failed} // the findings are the message
	}
	return nil
}

// examine looks at everything, as far as the configuration says where.
func (d *doctor) examine(ctx context.Context, file string) {
	d.icmp(ctx)
	d.clock()
	config, problems := configs.LoadAgent(source(ctx), file)
	if problems.Err() != nil {
		for _, p := range problems.Mistakes() {
			d.problem("configuration", "change the file, then: vouch-agent check "+file+" (everything else is looked at once it is right)", "%v", p)
		}
		return
	}
	d.ok("configuration", "%s: agent %s, %d credentials, their secrets are readable", file, config.ID, len(config.Credentials))
	d.timeServers(ctx, config)
	d.traps(ctx, config)
	key := d.state(ctx, config) && d.key(config, file)
	if key {
		d.certificate(config)
	}
	d.reach(ctx, config, key)
}

func (d *doctor) icmp(ctx context.Context) {
	mode, err := icmp.Access(ctx)
	switch {
	case err != nil:
		d.problem("ICMP", `allow ping sockets: sysctl -w net.ipv4.ping_group_range="0 2147483647"; or give the service CAP_NET_RAW `+
			"(AmbientCapabilities in its unit: reinstalling the package does it where it is needed)", "%v", err)
	case mode == icmp.RawSocket && os.Getuid() == 0:
		d.ok("ICMP", "raw socket, as root; ping sockets are not allowed here, so the service needs CAP_NET_RAW")
	default:
		d.ok("ICMP", "%s", mode)
	}
}

// written is when this was written: no clock can be right that shows an earlier day.
var written = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *doctor) clock() {
	now := d.now()
	if now.Before(written) {
		d.problem("clock", "let it be set by NTP: timedatectl set-ntp true, or start ntpd or chronyd", "it shows %s: it was never set", now.UTC().Format(time.DateOnly))
		return
	}
	d.ok("clock", "%s", now.UTC().Format(time.RFC3339))
}

// timeServers asks each time server once.
func (d *doctor) timeServers(ctx context.Context, config configs.Agent) {
	if len(config.TimeServers) == 0 {
		d.ok("time servers", "none under ntp in %s: the collector alone tells how far this clock is off", config.File)
	}
	for _, server := range config.TimeServers {
		offset, bound, err := agent.AskTime(ctx, server)
		what := "time server " + server
		switch {
		case err != nil:
			d.problem(what, "let a firewall pass UDP port 123 to it, or take it out of ntp in "+config.File, "%v", err)
		case offset.Abs() > bound+most:
			d.problem(what, "let NTP set this clock: timedatectl set-ntp true, or start ntpd or chronyd; where the other servers say that it is right, "+
				"take this one out of ntp in "+config.File, "this clock is %v from it", offset.Round(time.Second))
		default:
			d.ok(what, "this clock is %+.1f ms from it, known to %.1f ms", offset.Seconds()*1000, bound.Seconds()*1000)
		}
	}
}

// What an agent needs of a disk beside its queue.
const (
	leastFree   = 16 << 20 // bytes
	leastInodes = 100
)

// state looks at the data directory and the disk below it, and reports whether there
// is one.
func (d *doctor) state(ctx context.Context, config configs.Agent) bool {
	dir := config.Data
	install := "install -d -m 0700 -o vouch-agent -g vouch-agent " + dir
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		d.problem("data directory", install, "%v", err)
		return false
	case !info.IsDir():
		d.problem("data directory", "name another under data, or move the file away", "%s is no directory", dir)
		return false
	case info.Mode().Perm()&0o077 != 0:
		d.problem("data directory", "chmod 700 "+dir, "%s is open to others (mode %04o)", dir, info.Mode().Perm())
	default:
		d.writable(dir, install)
	}
	use, err := disk.UsageWithContext(ctx, dir)
	switch need := uint64(config.Queue) + leastFree; {
	case err != nil:
		d.problem("disk", "look at the file system of "+dir, "%v", err)
	case use.Free < need:
		d.problem("disk", "make room, or lower queue in "+config.File, "%d MB are free at %s, %d MB are needed", use.Free>>20, dir, need>>20)
	case use.InodesTotal > 0 && use.InodesFree < leastInodes:
		d.problem("disk", "remove files", "%d inodes are free at %s, %d are needed", use.InodesFree, dir, leastInodes)
	default:
		d.ok("disk", "%d MB are free at %s", use.Free>>20, dir)
	}
	return true
}

// writable finds out by a file that it removes again: a file system may be read-only,
// full or broken whatever the modes say.
func (d *doctor) writable(dir, install string) {
	f, err := os.CreateTemp(dir, "doctor-*.tmp")
	if err == nil {
		_, err = f.WriteString("written by vouch-agent doctor\n")
		for _, do := range []func() error{f.Sync, f.Close, func() error { return os.Remove(f.Name()) }} {
			if e := do(); err == nil {
				err = e
			}
		}
	}
	if err != nil {
		d.problem("data directory", "be root or the account of the agent; where it belongs to another account: "+install+"; where the file system is read-only: mount -o remount,rw", "%v", err)
		return
	}
	d.ok("data directory", "%s is the agent's alone, and can be written to", dir)
}

// key looks at the signing key and reports whether there is one that can be used.
func (d *doctor) key(config configs.Agent, file string) bool {
	path := filepath.Join(config.Data, "key")
	// Looked for first: VerifierKey makes it.
	if _, err := os.Stat(path); err != nil {
		d.problem("key", "enrol this agent: `vouch agents token --agent "+string(config.ID)+"` at the collector, `vouch-agent enrol` with the line that it prints here", "%v", err)
		return false
	}
	public, err := agent.VerifierKey(config.Data, config.ID)
	if err != nil {
		d.problem("key", "chmod 600 "+path+"; be root or the account of the agent; the id in "+file+" must be the key's", "%v", err)
		return false
	}
	if err := agent.CheckSealKey(config.Data); err != nil {
		d.problem("key", "remove the file: the agent makes another, and the collector seals its secrets to that", "%v", err)
		return true
	}
	d.ok("key", "%s", public)
	return true
}
