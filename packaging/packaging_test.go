// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package packaging_test makes the packages and uses them as who installs them does.
package packaging_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// soak reports whether long rounds are wanted.
func soak() bool { return os.Getenv("VOUCH_SOAK") != "" }

// need skips the test where a program is missing.
func need(t *testing.T, program, cure string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: %s", program, cure)
	}
	return path
}

// needPacker skips the test where packages cannot be made.
func needPacker(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("packages are tested on linux/amd64 alone: their programs run there")
	}
	need(t, "bash", "install bash")
	if _, err := os.Stat("../bin/nfpm"); err != nil {
		need(t, "nfpm", "scripts/test-deps builds it")
	}
}

// output runs a command and returns what it printed.
func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s = %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

// made is what one call of scripts/package made of this tree; every test shares it.
var made = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vouch-packages-")
	if err != nil {
		return "", err
	}
	out, err := makePackages(context.Background(), "..", dir, "v1.0.0", nil, "022", targets()...)
	if err != nil {
		return dir, errors.New(err.Error() + "\n" + string(out))
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := made(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// targets are the packages to make: a few, or all of them in a long round.
func targets() []string {
	if soak() {
		return nil
	}
	return []string{"vouch-agent/amd64", "vouch-agent/mips", "vouch/amd64", "vouch-verify/amd64"}
}

// makePackages runs the script of the tree into out. What the script would ask git
// for is said, so that a copy without .git gives the same.
func makePackages(ctx context.Context, tree, out, version string, env []string, umask string, targets ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "bash", append([]string{"-c", `umask "$1"; shift; exec scripts/package --out "$@"`, "bash", umask, out}, targets...)...)
	c.Dir = tree
	c.Env = append(os.Environ(), "VERSION="+version, "COMMIT=0123456789ab", "SOURCE_DATE_EPOCH=1790000000",
		"LDFLAGS=-s -w -X main.version="+version+" -X main.commit=0123456789ab")
	c.Env = append(c.Env, env...)
	return c.CombinedOutput()
}

// packages returns the directory of the packages of this tree.
func packages(t *testing.T) string {
	t.Helper()
	needPacker(t)
	dir, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// find returns the one file of dir that the pattern names.
func find(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("files like %s = %q, %v, want one", pattern, found, err)
	}
	return found[0]
}

// TestTwoBuildsAreEqual makes every package twice: the second time from a copy at
// another place, with other times, modes and zone, by an account with another umask.
func TestTwoBuildsAreEqual(t *testing.T) {
	one := packages(t)
	tree := filepath.Join(t.TempDir(), "elsewhere", "copy")
	copyTree(t, "..", tree)
	two := t.TempDir()
	if out, err := makePackages(t.Context(), tree, two, "v1.0.0", []string{"TZ=Asia/Tokyo", "LC_ALL=C"}, "077", targets()...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names := func(dir string) (list []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				list = append(list, e.Name())
			}
		}
		return list
	}
	list := names(one)
	if again := names(two); !slices.Equal(list, again) {
		t.Fatalf("second build made %q, want %q", again, list)
	}
	kinds := map[string]int{}
	for _, name := range list {
		a, err := os.ReadFile(filepath.Join(one, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(two, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs between two builds", name)
		}
		kinds[filepath.Ext(name)]++
	}
	for _, kind := range []string{".deb", ".rpm", ".apk", ".ipk"} {
		if kinds[kind] < 2 {
			t.Errorf("packages compared = %v, want two and more of each kind", kinds)
		}
	}
}

// TestProgramsAreStatic looks for what a container from scratch, or a router with
// another C library, does not have.
func TestProgramsAreStatic(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(packages(t), "vouch*-linux-*"))
	if err != nil || len(found) < 4 {
		t.Fatalf("programs = %q, %v, want four and more", found, err)
	}
	for _, name := range found {
		f, err := elf.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s needs a loader: %v", filepath.Base(name), p.Type)
			}
		}
		f.Close()
	}
}

// copyTree copies the source, the program that makes packages beside it.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel == ".git" || rel == "dist" || rel == "bin" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !d.Type().IsRegular() {
			return nil // .git of a worktree is a file; sockets and the like are nobody's source
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), body, info.Mode().Perm()&0o700)
	})
	if err != nil {
		t.Fatal(err)
	}
	if nfpm, err := filepath.Abs(filepath.Join(from, "bin", "nfpm")); err == nil {
		if err := os.MkdirAll(filepath.Join(to, "bin"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(nfpm, filepath.Join(to, "bin", "nfpm")); err != nil {
			t.Fatal(err)
		}
	}
}

// untar unpacks one gzipped tar file below dir: the two layers of an ipk.
func untar(t *testing.T, body []byte, dir string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(filepath.Clean("/"+h.Name)))
		if h.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b, h.FileInfo().Mode().Perm()))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestIPKRunsOnARouter unpacks the package of a big-endian router and runs what lies
// in it on an emulated processor.
func TestIPKRunsOnARouter(t *testing.T) {
	qemu := need(t, "qemu-mips", "install qemu-user")
	dir := packages(t)
	raw, err := os.ReadFile(find(t, dir, "vouch-agent_*_mips_24kc.ipk"))
	if err != nil {
		t.Fatal(err)
	}
	outer, control, root := t.TempDir(), t.TempDir(), t.TempDir()
	untar(t, raw, outer)
	for name, into := range map[string]string{"control.tar.gz": control, "data.tar.gz": root} {
		body, err := os.ReadFile(filepath.Join(outer, name))
		if err != nil {
			t.Fatal(err)
		}
		untar(t, body, into)
	}
	if text, err := os.ReadFile(filepath.Join(control, "control")); err != nil || !strings.Contains(string(text), "Architecture: mips_24kc\n") {
		t.Errorf("control = %q, %v, want the architecture mips_24kc", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(control, "conffiles")); err != nil || strings.TrimSpace(string(text)) != "/etc/vouch-agent/agent.yaml" {
		t.Errorf("conffiles = %q, %v, want the agent's file", text, err)
	}
	for _, script := range []string{filepath.Join(control, "postinst"), filepath.Join(control, "prerm"), filepath.Join(root, "etc/init.d/vouch-agent")} {
		output(t, exec.Command("sh", "-n", script))
	}
	if os.Getuid() == 0 { // as a firmware is built with the package in it
		for _, name := range []string{"etc/group", "etc/passwd"} {
			if err := os.WriteFile(filepath.Join(root, name), []byte("root:x:0:\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // an upgrade runs it again
			c := exec.Command("sh", filepath.Join(control, "postinst"), "configure")
			c.Env = append(os.Environ(), "IPKG_INSTROOT="+root)
			output(t, c)
		}
		if text, err := os.ReadFile(filepath.Join(root, "etc/passwd")); err != nil || strings.Count(string(text), "vouch-agent:x:7443:7443:") != 1 {
			t.Errorf("accounts = %q, %v, want the agent's once", text, err)
		}
		if info, err := os.Stat(filepath.Join(root, "etc/vouch-agent/data")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("state directory = %v, %v, want mode 0700", info, err)
		}
	}

	program := filepath.Join(root, "usr/bin/vouch-agent")
	if got := output(t, exec.Command(qemu, program, "version")); !strings.Contains(got, "v1.0.0") || !strings.Contains(got, "linux/mips)") {
		t.Errorf("version = %q, want v1.0.0 for linux/mips", got)
	}
	notYetConfigured(t, filepath.Join(root, "etc/vouch-agent/agent.yaml"), "/etc/vouch-agent/data", qemu, program)
	state := t.TempDir()
	first := output(t, exec.Command(qemu, program, "key", "--id", "ams1-a", "--data", state))
	if again := output(t, exec.Command(qemu, program, "key", "--id", "ams1-a", "--data", state)); !strings.HasPrefix(first, "ams1-a+") || again != first {
		t.Errorf("key = %q, then %q, want one key", first, again)
	}
}

// notYetConfigured checks a packaged file: it lacks what only its owner knows, says
// so, and is right once that is filled in.
func notYetConfigured(t *testing.T, file, data string, program ...string) {
	t.Helper()
	call := func(file string) (string, error) {
		out, err := exec.Command(program[0], append(program[1:], "check", file)...).CombinedOutput()
		return string(out), err
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := call(file)
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 1 || strings.Count(out, "\n") != 2 {
		t.Errorf("check of the packaged file = %v\n%s, want exit code 1 and two mistakes", err, out)
	}
	for _, lacks := range []string{"lacks the key id", "collector has no value"} {
		if !strings.Contains(out, lacks) {
			t.Errorf("check of the packaged file = %s, want in it: %s", out, lacks)
		}
	}
	if !strings.Contains(string(body), "\ndata: "+data+"\n") || !strings.Contains(string(body), "\n#  lab:\n") {
		t.Errorf("packaged file:\n%s\nwant data %s and credentials as a comment", body, data)
	}
	done := strings.NewReplacer("\n#id:", "\nid:", "\n#  url:", "\n  url:", "\n#  pin:", "\n  pin:").Replace(string(body))
	filled := filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(filled, []byte(done), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := call(filled); err != nil {
		t.Errorf("check of the file filled in = %v\n%s", err, out)
	}
}
