// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

func newInitCmd() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Write a first configuration: commented files that are valid as they stand",
		Long: "init writes a collector's file, an installed base, a contract and an agent's file into DIR,\n" +
			"commented so that they are their own documentation, and a secret beside them.\n" +
			"It never overwrites a file: where one exists, it writes none.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Misused("say where to write: vouch init DIR")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return writeExamples(c.OutOrStdout(), args[0], data)
		},
	}
	c.Flags().StringVar(&data, "data", "", "the collector's data `DIR`, as its file shall name it (default data, beside the file)")
	return c
}

// writeExamples writes the example files into dir, which it makes where it is
// missing, and says what to do next. The collector's file names data as the data
// directory unless that is empty.
func writeExamples(w io.Writer, dir, data string) error {
	if strings.ContainsAny(data, "\n\r\"\\") {
		return exit.Misused("--data %q: it must be a path without quotes, backslashes and line breaks", data)
	}
	files := configs.Examples()
	var taken []string
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if _, err := os.Lstat(path); err == nil {
			taken = append(taken, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for %s: %w", path, err)
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("init writes over nothing: %s exists already; name a new directory, or move it away", strings.Join(taken, ", "))
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if f.Name == "collector.yaml" && data != "" {
			f.Body = bytes.Replace(f.Body, []byte("\ndata: data\n"), []byte("\ndata: \""+data+"\"\n"), 1)
		}
		if err := writeExample(path, f); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintln(w, path)
	}
	_, err := fmt.Fprintf(w, "\nNext: 1. Put your locations, customers and devices into base.yaml, what was agreed into contract.yaml; then vouch check %s\n"+
		"      2. vouch collector --config %s\n"+
		"      3. For each agent: vouch agents token --agent ID, and on its machine vouch-agent enrol with the line that it prints; then vouch-agent run\n",
		dir, filepath.Join(dir, "collector.yaml"))
	return err
}

// writeExample makes one file, which must not exist. What holds a secret lies in a
// directory that only its owner may enter.
func writeExample(path string, f configs.Example) error {
	mode := fs.FileMode(0o755)
	if f.Mode.Perm()&0o077 == 0 {
		mode = 0o700
	}
	if err := os.MkdirAll(filepath.Dir(path), mode); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return err
	}
	_, err = file.Write(f.Body)
	return errors.Join(err, file.Close())
}
