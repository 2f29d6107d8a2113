// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// fillDisk runs in a child with mounts of its own: it fills a small file system,
// wants a clear error, makes room and goes on.
func fillDisk(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		return err
	}
	l, stored := newLink("acme", 1), 0
	var refused store.Entry
	for refused.Note == nil {
		e := l.next(20_000)
		switch r, err := s.Append(ctx, []store.Entry{e}); {
		case err == nil && r[0].Status == store.Stored:
			stored++
		case err == nil:
			return fmt.Errorf("number %d has status %d", e.Seq, r[0].Status)
		case !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "make room"):
			return fmt.Errorf("a full disk is reported as: %v", err)
		default:
			refused = e
		}
	}
	if err := s.Derive(ctx, store.Derivation{Items: []store.Item{{Customer: "acme", Kind: "k", ID: "i", Data: make([]byte, 1<<20)}}}); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("Derive on a full disk = %v, want ENOSPC", err)
	}
	if n, err := s.Pack(ctx, time.Now()); !errors.Is(err, syscall.ENOSPC) || n != 0 {
		return fmt.Errorf("Pack on a full disk = %d, %v, want ENOSPC", n, err)
	}
	if e, err := s.Erase(ctx, "acme", vouch.Availability, far, 10); !errors.Is(err, syscall.ENOSPC) || e.Count != 0 {
		return fmt.Errorf("Erase on a full disk = %+v, %v, want ENOSPC", e, err)
	}
	if err := sound(ctx, s, stored); err != nil {
		return fmt.Errorf("while the disk is full: %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		return fmt.Errorf("make room: %w", err)
	}
	r, err := s.Append(ctx, []store.Entry{refused, l.next(20_000)})
	if err != nil || r[0].Status != store.Stored || r[1].Status != store.Stored {
		return fmt.Errorf("after room was made: Append = %v, %v, want both stored", r, err)
	}
	if n, err := s.Pack(ctx, time.Now()); err != nil || n < 60 {
		return fmt.Errorf("after room was made: Pack = %d, %v, want at least 60", n, err)
	}
	if err := sound(ctx, s, stored+2); err != nil {
		return fmt.Errorf("after room was made: %v", err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = sqlite.Open(ctx, dir, sqlite.Options{}); err != nil {
		return err
	}
	if err := sound(ctx, s, stored+2); err != nil {
		return fmt.Errorf("after opening again: %v", err)
	}
	fmt.Println("sound", stored)
	return s.Close()
}

// sound reports whether a ledger is whole and has that many entries.
func sound(ctx context.Context, s *sqlite.Store, size int) error {
	head, err := s.Head(ctx, "acme")
	if err != nil || head.Size != int64(size) {
		return fmt.Errorf("Head = %v, %v, want size %d", head, err, size)
	}
	if damage, err := s.Check(ctx, "acme"); err != nil || len(damage) != 0 {
		return fmt.Errorf("Check = %q, %v", damage, err)
	}
	return nil
}

// TestDiskFull: nothing acknowledged is lost on a full disk, and it goes on by itself.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system needs root: run the tests as root")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+t.TempDir(), childTask+"=full")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // mounts go with the process
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM), strings.Contains(string(out), "error mount: operation not permitted"):
		t.Skip("this root may not mount (a container?): run the tests with CAP_SYS_ADMIN")
	case err != nil || !strings.HasPrefix(string(out), "sound"):
		t.Fatalf("child = %v:\n%s", err, out)
	}
	t.Logf("%s entries before the disk was full", strings.TrimSpace(strings.TrimPrefix(string(out), "sound")))
}
