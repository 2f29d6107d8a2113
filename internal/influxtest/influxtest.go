// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package influxtest runs a real InfluxDB 1.8 server on loopback for tests: it
// finds the program, starts it on free ports with its data in a temporary folder,
// stops it, kills it and starts it again on the same data and port, and counts
// what it holds. It is for tests only and knows nothing of ledgers or sinks.
//
// A test that needs the server skips, with the reason and the cure, where the
// program is not installed.
package influxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// What a server is made with. The token is in the form that InfluxDB 1.8 takes on
// its 2.x API: user, colon, password.
const (
	User     = "vouch"
	Password = "influxtest-password"
	Token    = User + ":" + Password
	Database = "vouch"
	Policy   = "autogen" // retention policy: keeps everything
	Bucket   = Database + "/" + Policy
	Org      = "vouch" // ignored by InfluxDB 1.8
)

// startLimit bounds one start. The server is ready in 2 to 10 s, on a busy machine in 30.
const startLimit = 3 * time.Minute

// Server is one InfluxDB server. Its methods are for the goroutine of the test.
type Server struct {
	program  string
	dir      string
	httpPort int
	rpcPort  int

	cmd    *exec.Cmd
	output *bytes.Buffer // of the current run; read only after the program has ended
	ended  chan struct{} // closed when the current run has ended
}

// Start runs a new, empty server until the test ends, or skips the test.
func Start(t testing.TB) *Server {
	t.Helper()
	program, err := Find()
	if err != nil {
		t.Skip(err)
	}
	s := &Server{program: program, dir: t.TempDir(), httpPort: freePort(t), rpcPort: freePort(t)}
	if err := os.WriteFile(s.configFile(), []byte(s.config()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Kill(t) })
	s.Restart(t)
	s.statement(t, "", fmt.Sprintf("CREATE USER %q WITH PASSWORD '%s' WITH ALL PRIVILEGES", User, Password))
	s.statement(t, Token, fmt.Sprintf("CREATE DATABASE %q", Database))
	return s
}

// Find returns the path of influxd: what VOUCH_INFLUXD names, or bin/influxd in the
// module's folder, or the one in PATH.
func Find() (string, error) {
	const cure = "`make test` installs it, or set VOUCH_INFLUXD to its path"
	if p := os.Getenv("VOUCH_INFLUXD"); p != "" {
		if _, err := os.Stat(p); err != nil {
			return "", fmt.Errorf("VOUCH_INFLUXD: %v", err)
		}
		return p, nil
	}
	if root, err := moduleRoot(); err == nil {
		if p := filepath.Join(root, "bin", "influxd"); executable(p) {
			return p, nil
		}
	}
	p, err := exec.LookPath("influxd")
	if err != nil {
		return "", errors.New("influxd 1.8.10 is not installed: " + cure)
	}
	return p, nil
}

// URL is the address of the HTTP API, the same after every restart.
func (s *Server) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.httpPort) }

// Restart starts the server on its data and ports, and returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.Running() {
		t.Fatal("influxtest: the server is running already")
	}
	s.output = &bytes.Buffer{}
	ended := make(chan struct{})
	// influxd reads INFLUXDB_* from its environment, so it gets an empty one.
	s.cmd = &exec.Cmd{Path: s.program, Args: []string{s.program, "-config", s.configFile()}, Dir: s.dir,
		Env: []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH")}, Stdout: s.output, Stderr: s.output,
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}}
	if err := launch(s.cmd, ended); err != nil {
		t.Fatalf("start influxd: %v", err)
	}
	s.ended = ended
	if err := s.ready(); err != nil {
		s.Kill(t)
		t.Fatalf("start influxd: %v\n%s", err, s.output)
	}
}

// launch starts cmd and closes ended when it has ended. The kernel sends the parent
// death signal when the thread that forked ends, so that thread is kept for as
// long as the server runs; should the test binary crash, the server goes with it.
func launch(cmd *exec.Cmd, ended chan<- struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended does not matter: the tests kill it
			close(ended)
		}
	}()
	return <-started
}

// ready waits until the server answers /ping.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/ping", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusNoContent {
				return nil
			}
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer after %v", startLimit)
		case <-tick.C:
		}
	}
}

// Running reports whether the server runs.
func (s *Server) Running() bool {
	if s.ended == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Stop ends the server in good order and waits for it.
func (s *Server) Stop(t testing.TB) { s.end(t, syscall.SIGTERM) }

// Kill ends the server with SIGKILL, as a crash does, and waits for it.
func (s *Server) Kill(t testing.TB) { s.end(t, syscall.SIGKILL) }

func (s *Server) end(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if !s.Running() {
		return
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("end influxd: %v", err)
	}
	select {
	case <-s.ended:
	case <-time.After(startLimit):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Errorf("influxd did not end within %v of %v", startLimit, sig)
	}
}

func (s *Server) configFile() string { return filepath.Join(s.dir, "influxdb.conf") }

// config turns off everything that is not needed, so that the server starts fast
// and writes nothing of its own into the counts.
func (s *Server) config() string {
	return fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:%d"
[meta]
  dir = %q
[data]
  dir = %q
  wal-dir = %q
  query-log-enabled = false
[http]
  enabled = true
  bind-address = "127.0.0.1:%d"
  auth-enabled = true
  flux-enabled = true
  log-enabled = false
[logging]
  level = "warn"
  suppress-logo = true
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
[subscriber]
  enabled = false
`, s.rpcPort, filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"), filepath.Join(s.dir, "wal"), s.httpPort)
}

// freePort asks the kernel for a port that nothing listens on at present.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// moduleRoot walks up from the working directory to the folder that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = up
	}
}

func executable(p string) bool {
	fi, err := os.Stat(p)
	return err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0
}
