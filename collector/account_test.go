// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch/collector/admin"
)

// as sends a command from another account: the kernel tells the collector whose it is.
func (c *centre) as(uid int, path string, in, out any) {
	c.t.Helper()
	if os.Geteuid() != 0 {
		c.t.Skip("only root can be another account")
	}
	socket := filepath.Join(c.dir, admin.SocketName)
	if err := errors.Join(os.Chmod(c.dir, 0o755), os.Chmod(socket, 0o666)); err != nil {
		c.t.Fatal(err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { got <- ask(uid, socket, path, body, out) }()
	if err := <-got; err != nil {
		c.t.Fatal(err)
	}
}

// ask runs on a thread of its own, which ends with it and takes the other account along.
func ask(uid int, socket, path string, body []byte, out any) error {
	runtime.LockOSThread()
	keep := ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, keep, uintptr(uid), keep); errno != 0 {
		return errno
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	conn := os.NewFile(uintptr(fd), socket)
	defer conn.Close()
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: collector\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", path, len(body), body); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s as %d = %d %s", path, uid, resp.StatusCode, raw)
	}
	return json.Unmarshal(raw, out)
}

// stated is an exclusion on a statement.
type stated struct {
	ID       string   `json:"id"`
	Counted  bool     `json:"counted"`
	Why      string   `json:"why"`
	Notes    []string `json:"notes"`
	Excluded int64    `json:"excluded_s"`
	Claimed  int64    `json:"claimed_s"`
}

func statedOf(t *testing.T, raw []byte) map[string]stated {
	t.Helper()
	var s struct {
		Exclusions []stated `json:"exclusions"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("statement: %v\n%s", err, raw)
	}
	out := map[string]stated{}
	for _, x := range s.Exclusions {
		out[x.ID] = x
	}
	return out
}
