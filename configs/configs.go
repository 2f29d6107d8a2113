// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package configs turns the files that an operator writes into plain, finished
// values: the collector's file, an agent's file, the installed base, contracts and
// device profiles. It embeds a commented example of each, which is its
// documentation.
//
// It is strict and it reports every mistake at once, each with its place: a key
// that nobody knows, a value of the wrong type or out of range, a name given twice,
// a name that nobody defines. A configuration with a mistake yields no value at
// all; nothing is half-loaded.
//
// It builds nothing: it opens no socket, starts nothing and keeps no state. It reads
// files and environment variables only through the [Source] that it is handed.
package configs

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Source is where files and environment variables come from.
type Source struct {
	// Open opens a file by a path of the operating system. The file's Stat tells
	// its permissions.
	Open func(name string) (fs.File, error)
	// LookupEnv returns an environment variable and whether it is set.
	LookupEnv func(name string) (string, bool)
	// Run runs a program without a shell and returns what it prints on standard output,
	// bounded in time and size; its error shows none of that. Nil: nothing is run, and a
	// secret that a program would print is taken unread.
	Run func(words []string) ([]byte, error)
}

// OS returns the source that a program uses: the file system and the environment
// of the process.
func OS() Source {
	return Source{
		Open:      func(name string) (fs.File, error) { return os.Open(name) },
		LookupEnv: os.LookupEnv,
	}
}

// beside resolves a path that stands in the file named from: a relative path is
// relative to that file's directory, so that a directory of configuration can be
// moved as a whole.
func beside(from, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(from), path)
}
