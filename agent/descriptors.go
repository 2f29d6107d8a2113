// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"os"
	"syscall"
)

// ownDescriptors is what the agent itself keeps open, at most: the spool, connections to the
// collector and of who reads status and metrics, and looking up names.
const ownDescriptors = 48

// descriptors returns how many files this process has open and may have open; zero for what
// the system does not tell.
func descriptors() (open, limit uint64) {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil {
		limit = uint64(r.Cur)
	}
	if d, err := os.Open("/proc/self/fd"); err == nil {
		names, err := d.Readdirnames(-1)
		if d.Close() == nil && err == nil {
			open = uint64(len(names)) - 1 // not the directory itself
		}
	}
	return open, limit
}

// within bounds the attempts at once by the limit on open files, because one that fails for
// want of a descriptor is lost, and one that waits for another may not be.
func within(attempts int, limit uint64) int {
	if limit == 0 || limit > 1<<20 {
		return attempts
	}
	return max(1, min(attempts, int(limit)-ownDescriptors))
}
