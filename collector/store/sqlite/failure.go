// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// explain says what an error of the database means to who runs the collector. The
// result wraps what callers test for (sentinels, context errors, ENOSPC).
func explain(op, dir string, err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s in %s: %w", op, dir, err)
	}
	switch e.Code() & 0xff { // the extended code says more, the primary one suffices
	case lib.SQLITE_FULL:
		return fullDisk(op, dir)
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return fmt.Errorf("%s in %s: the database cannot be written: check owner, permissions and whether the file system is mounted read-only (%v)", op, dir, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%s in %s: the database file is damaged: restore it from a back-up (%v)", op, dir, err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%s in %s: the disk failed: see the kernel's log (%v)", op, dir, err)
	}
	return fmt.Errorf("%s in %s: %w", op, dir, err)
}

// fullDisk says that there is no room. It wraps ENOSPC.
func fullDisk(op, dir string) error {
	return fmt.Errorf("%s in %s: %w: nothing was kept; make room and it goes on by itself", op, dir, syscall.ENOSPC)
}
