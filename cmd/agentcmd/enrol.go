// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// defaultData is the data directory in a file that enrol writes itself.
const defaultData = "/var/lib/vouch-agent"

// enrolment is what the command is told.
type enrolment struct {
	file, data      string
	newKey, noStart bool
	out, err        io.Writer
}

func newEnrolCmd() *cobra.Command {
	var e enrolment
	c := &cobra.Command{
		Use:   "enrol [--config FILE] [--new-key] JOIN",
		Short: "Let this agent in at its collector, with a join string of `vouch agents token`",
		Long: "enrol makes the agent's keys where there are none, has them enrolled at the collector, writes id and\n" +
			"collector into the agent's file, and starts the packaged service. JOIN is the line that `vouch agents token`\n" +
			"prints at the collector; with - it is read from standard input, and stands in no history and no process list.\n" +
			"Interrupted, it can be run again with the same line. The secret keys never leave this machine.\n" +
			"Exit code 0: enrolled, 1: refused or failed, 2: misused.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Misused("give one join string, as `vouch agents token` prints it at the collector: vouch-agent enrol JOIN")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			text := args[0]
			if text == "-" {
				raw, err := io.ReadAll(io.LimitReader(c.InOrStdin(), enrol.MaxJoin+1))
				if err != nil {
					return fmt.Errorf("read the join string: %w", err)
				}
				text = string(raw)
			}
			j, err := enrol.ParseJoin(text)
			if err != nil {
				return exit.Misused("%v", err)
			}
			e.out, e.err = c.OutOrStdout(), c.ErrOrStderr()
			return e.run(c.Context(), j)
		},
	}
	c.Flags().StringVar(&e.file, "config", defaultFile, "the agent's `FILE`; written where there is none")
	c.Flags().StringVar(&e.data, "data", defaultData, "data `DIR` for a file that is written anew")
	c.Flags().BoolVar(&e.newKey, "new-key", false, "take a new signing key; what the old one sealed and the collector has not yet is lost")
	c.Flags().BoolVar(&e.noStart, "no-start", false, "do not start the service")
	return c
}

// run looks whether the file can be written, enrols, and then writes it.
func (e enrolment) run(ctx context.Context, j enrol.Join) error {
	draft, config, err := e.draft(j)
	if err != nil {
		return err
	}
	defer os.Remove(draft) // gone already where all went well
	var out agent.Enrolled
	err = asOwner(config.Data, func() (err error) {
		out, err = agent.Enrol(ctx, agent.EnrolOptions{Join: j, StateDir: config.Data, NewKey: e.newKey})
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(os.Rename(draft, e.file), durable.SyncDir(filepath.Dir(e.file))); err != nil {
		return fmt.Errorf("write the agent's file: %w; enrol again with the same line", err)
	}
	fmt.Fprintf(e.out, "enrolled     agent %s at %s\n", j.Agent, out.Location)
	fmt.Fprintf(e.out, "key          %s\n", out.Key)
	fmt.Fprintf(e.out, "certificate  until %s, renewed by itself\n", out.Until.Format(time.RFC3339))
	fmt.Fprintf(e.out, "collector    https://%s, pin sha256:%x\n", j.Address, j.Pin)
	fmt.Fprintf(e.out, "written      %s, keys in %s\n", e.file, config.Data)
	return e.start()
}

// draft writes the agent's file as it will be beside it, and reads it back: what is
// wrong with it shows before the join string is used.
func (e enrolment) draft(j enrol.Join) (path string, config configs.Agent, err error) {
	body, err := os.ReadFile(e.file)
	var mode os.FileMode = 0o644
	var owner *syscall.Stat_t // nil: whoever writes it
	switch {
	case errors.Is(err, os.ErrNotExist):
		body = []byte("# Written by vouch-agent enrol. `vouch init` writes an example of all that can stand here.\nid:\ndata: " + e.data + "\ncollector:\n  url:\n  pin:\n")
		if err := os.MkdirAll(filepath.Dir(e.file), 0o755); err != nil {
			return "", config, fmt.Errorf("make the directory of the agent's file: %w", err)
		}
	case err != nil:
		return "", config, fmt.Errorf("read the agent's file: %w", err)
	default:
		if info, err := os.Stat(e.file); err == nil {
			mode = info.Mode().Perm()
			owner, _ = info.Sys().(*syscall.Stat_t)
		}
	}
	path = e.file + ".enrol"
	err = durable.WriteFile(path, fill(body, j), mode)
	if err == nil && owner != nil {
		err = os.Chown(path, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		_ = os.Remove(path)
		return "", config, fmt.Errorf("write beside the agent's file: %w; be root, or name another with --config", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	config, problems := configs.LoadAgent(configs.OS(), path)
	for _, p := range problems.Warnings() {
		fmt.Fprintln(e.err, p)
	}
	switch {
	case problems.Err() != nil:
		return "", config, exit.Misused("%s would have mistakes with what the join string says; mend them, then enrol with the same line:\n%v", e.file, problems.Err())
	case config.ID != j.Agent || config.Collector.Pin != j.Pin || config.Collector.URL.Host != j.Address:
		return "", config, exit.Misused("%s cannot be filled in; write id: %s, and under collector url: https://%s and pin: sha256:%s there, then enrol with the same line",
			e.file, j.Agent, j.Address, hex.EncodeToString(j.Pin[:]))
	}
	return path, config, nil
}

// fill sets id, url and pin in the agent's file, line by line, commented out or not. The
// rest stays as it is.
func fill(body []byte, j enrol.Join) []byte {
	lines := strings.SplitAfter(string(body), "\n")
	for _, x := range []struct{ key, value string }{
		{"id:", string(j.Agent)}, {"  url:", "https://" + j.Address}, {"  pin:", "sha256:" + hex.EncodeToString(j.Pin[:])},
	} {
		at := -1
		for i, line := range lines {
			if strings.HasPrefix(line, x.key) || at < 0 && strings.HasPrefix(line, "#"+x.key) {
				at = i
			}
		}
		if at >= 0 {
			lines[at] = x.key + " " + x.value + "\n"
		}
	}
	return []byte(strings.Join(lines, ""))
}

// asOwner calls do so that what it makes in dir belongs to the account that dir belongs to,
// the one that the service runs as, and so that it can do nothing that that account could
// not: what lies there may have been put there to lead root astray. Only files are touched
// with that account's rights (setfsuid(2)), and only where this is root.
func asOwner(dir string, do func() error) error {
	info, err := os.Stat(dir)
	if err != nil || os.Getuid() != 0 {
		return do()
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return do()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := errors.Join(syscall.Setfsgid(int(owner.Gid)), syscall.Setfsuid(int(owner.Uid))); err != nil {
		return fmt.Errorf("act as the owner of %s: %w", dir, err)
	}
	err = do()
	return errors.Join(err, syscall.Setfsuid(0), syscall.Setfsgid(0))
}

// start starts the service of the package, as far as this is its file, or says what to do.
// This process becomes the command that starts it.
func (e enrolment) start() error {
	var command []string
	if e.file == defaultFile && !e.noStart {
		for _, c := range [][]string{
			{"/run/systemd/system", "/usr/bin/systemctl", "restart", "vouch-agent.service"},
			{"/etc/init.d/vouch-agent", "/etc/init.d/vouch-agent", "restart"},
		} {
			if _, err := os.Stat(c[0]); err == nil {
				command = c[1:]
				break
			}
		}
	}
	if command == nil {
		_, err := fmt.Fprintf(e.out, "next         vouch-agent run --config %s\n", e.file)
		return err
	}
	text := strings.Join(command, " ")
	if _, err := fmt.Fprintf(e.out, "starting     %s; then see `vouch-agent status`\n", text); err != nil {
		return err
	}
	return fmt.Errorf("the agent is enrolled, but its service cannot be started: %s: %w; start it yourself", text, syscall.Exec(command[0], command, os.Environ()))
}
