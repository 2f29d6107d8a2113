// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// save writes a file under a name of its own until it is whole, so that half of it is
// never taken for all. It returns how many bytes were written.
func save(name string, write func(io.Writer) (int64, error)) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".vouch-*")
	if err != nil {
		return 0, fmt.Errorf("save %s: %w", name, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where all went well
	n, err := write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return n, err
}
