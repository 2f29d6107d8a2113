// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is the directory of a run: the one that keeps everything, or a temporary one
// that goes with the run.
type folder struct {
	path string // absolute
	kept string // as the user wrote it; empty for a temporary one

	door *os.File // the collector's data directory, held open; see dataDir
}

// openFolder makes the directory, which must be empty, and those in it. An empty name
// makes a temporary one.
func openFolder(name string) (*folder, error) {
	f := &folder{kept: name}
	var err error
	if name == "" {
		f.path, err = os.MkdirTemp("", "vouch-demo-")
	} else if err = claimDir(name); err == nil {
		f.path, err = filepath.Abs(name)
	}
	if err != nil {
		var m *Misuse
		if errors.As(err, &m) {
			return nil, err
		}
		return nil, fmt.Errorf("make a directory for the run: %w", err)
	}
	for _, dir := range []string{"config", "data", "agents", "logs"} {
		if err := os.Mkdir(filepath.Join(f.path, dir), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make a directory for the run: %w", err), f.close())
		}
	}
	return f, nil
}

// claimDir makes a directory, or accepts one that is empty.
func claimDir(name string) error {
	err := os.MkdirAll(name, 0o755)
	if errors.Is(err, fs.ErrPermission) {
		return misuse("--out %s: this account may not write there (%v); name another directory", name, err)
	}
	if info, e := os.Stat(name); e == nil && !info.IsDir() {
		return misuse("--out %s: it is a file; name a new directory", name)
	}
	if err != nil {
		return misuse("--out %s: %v", name, err)
	}
	list, err := os.ReadDir(name)
	if err != nil {
		return misuse("--out %s: %v", name, err)
	}
	if len(list) > 0 {
		return misuse("--out %s: it holds %s and more already; name a new or empty directory, nothing is written over", name, list[0].Name())
	}
	probe, err := os.MkdirTemp(name, "probe-")
	if err != nil {
		return misuse("--out %s: %v; name a directory that this account may write to", name, err)
	}
	return os.Remove(probe)
}

func (f *folder) join(name string) string { return filepath.Join(f.path, name) }

// maxSocketPath is the longest path of a Unix socket (sun_path, unix(7)), less the
// name of the socket itself.
const maxSocketPath = 107 - len("/vouch.sock")

// dataDir returns a path of the collector's data directory that is short enough for
// the socket in it. The collector itself runs in the directory of the run and calls
// it by a relative path; we go by our open directory where the usual way is too long.
func (f *folder) dataDir() (string, error) {
	dir := f.join("data")
	if len(dir) <= maxSocketPath {
		return dir, nil
	}
	if f.door == nil {
		d, err := os.Open(dir)
		if err != nil {
			return "", err
		}
		f.door = d
	}
	return fmt.Sprintf("/proc/self/fd/%d", f.door.Fd()), nil
}

// write writes one file of the result.
func (f *folder) write(name string, body []byte) error {
	if err := os.WriteFile(f.join(name), body, 0o644); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	return nil
}

// writeJSON writes v as JSON for people.
func (f *folder) writeJSON(name string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %v", name, err)
	}
	return f.write(name, append(raw, '\n'))
}

// close removes a temporary directory.
func (f *folder) close() error {
	if f.door != nil {
		_ = f.door.Close() // it was only read
	}
	if f.kept != "" || f.path == "" {
		return nil
	}
	if err := os.RemoveAll(f.path); err != nil {
		return fmt.Errorf("remove the directory of the run: %w", err)
	}
	return nil
}
