// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock keeps a second process out of a directory that only one may use. The lock is on
// the directory itself, so that it needs no room and works on a disk that is read-only.
// It ends with the process, in whatever way that ends, or with unlock.
func Lock(dir string) (unlock func() error, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("directory %s is in use by another process: stop it, or give this one a directory of its own (%v)", dir, err), f.Close())
	}
	return f.Close, nil
}
