// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch/evidence/bundle"
)

// paperRows are about what people read, and what it is made of.
func paperRows() []tampering {
	rows := []tampering{
		{name: "the statement is changed", files: swapped("statement.json", `"up_s": `, `"up_s": 1`), wrong: f(bundle.TopicStatement, "statement.json", "line 87 is")},
		{name: "the statement is longer", files: func(_ *outsider, f map[string][]byte) { f["statement.json"] = append(f["statement.json"], '\n') }, wrong: f(bundle.TopicStatement, "statement.json", "it is not what the samples make it")},
		{name: "the statement is much longer", files: func(_ *outsider, f map[string][]byte) {
			f["statement.json"] = append(f["statement.json"], bytes.Repeat([]byte("\n"), 6<<20)...)
		}, wrong: f(bundle.TopicStatement, "statement.json", "it is not what the samples make it")},
		{name: "the statement is another customer's", files: func(x *outsider, f map[string][]byte) {
			f["statement.json"] = unzip(x.t, x.other.bundle(choice{}))["statement.json"]
		},
			wrong: f(bundle.TopicStatement, "statement.json", "line 6 is")},
		{name: "an older version of the statement", day: true, files: func(x *outsider, f map[string][]byte) {
			maps.Copy(f, keep(unzip(x.t, x.day.bundle(choice{version: 1})), "statement."))
		}, wrong: f(bundle.TopicStatement, "statement.json", "line 4 is")},
		{name: "an older manifest", day: true, files: func(x *outsider, f map[string][]byte) {
			maps.Copy(f, keep(unzip(x.t, x.day.bundle(choice{version: 1})), "manifest."))
		}, wrong: f(bundle.TopicComplete, "manifest.txt", "line 3 is")},
		{name: "the statement is missing", files: func(_ *outsider, f map[string][]byte) { delete(f, "statement.json") }, err: "it has no statement.json"},
		{name: "the manifest is changed", files: swapped("manifest.txt", "size: 21", "size: 20"), wrong: f(bundle.TopicComplete, "manifest.txt", `line 3 is "size: 20"; it should be "size: 21"`)},
		{name: "the manifest names less of a chain", files: swapped("manifest.txt", " 1 4 4 ", " 1 3 3 "), wrong: f(bundle.TopicComplete, "manifest.txt", "line 9 is")},
		{name: "the manifest leaves a chain out", files: func(_ *outsider, f map[string][]byte) {
			l := strings.SplitAfter(string(f["manifest.txt"]), "\n")
			f["manifest.txt"] = []byte(strings.Join(slices.Delete(l, 8, 9), ""))
		}, wrong: f(bundle.TopicComplete, "manifest.txt", "its SHA-256 is")},
		{name: "the manifest names a chain more", files: func(_ *outsider, f map[string][]byte) {
			f["manifest.txt"] = append(f["manifest.txt"], "chain: x 00000001 1 1 1 1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"...)
		}, wrong: f(bundle.TopicComplete, "manifest.txt", "line 11 is")},
		{name: "the manifest is missing", files: func(_ *outsider, f map[string][]byte) { delete(f, "manifest.txt") }, err: "it has no manifest.txt"},
		{name: "the keys name another agent's key", files: swapped("keys.txt", "\nams-a+", "\nxms-a+"), wrong: f(bundle.TopicSigner, "keys.txt", "line 2 is")},
		{name: "the keys name one more", files: func(x *outsider, f map[string][]byte) { f["keys.txt"] = append(f["keys.txt"], x.foe.own.key+"\n"...) }, wrong: f(bundle.TopicSigner, "keys.txt", "line 4 is")},
		{name: "the keys are missing", files: func(_ *outsider, f map[string][]byte) { delete(f, "keys.txt") }, wrong: f(bundle.TopicFile, "keys.txt", "it is missing")},
		{name: "the read-me is changed", files: swapped("README.txt", "without asking the provider", "by asking the provider    "), listed: f(bundle.TopicFile, "README.txt", "nothing rests on it")},
		{name: "the read-me is missing", files: func(_ *outsider, f map[string][]byte) { delete(f, "README.txt") }, listed: f(bundle.TopicFile, "README.txt", "is missing")},
	}
	for _, name := range []string{"statement.en.txt", "statement.nl.txt", "statement.en.html", "statement.nl.html", "statement.csv"} {
		for what, c := range map[string]choice{"": {}, " of an excerpt": {around: span(day(3), day(4))}} {
			rows = append(rows, tampering{name: name + what + " is changed", day: true, c: c, files: swapped(name, "rt2", "rt3"), wrong: f(bundle.TopicStatement, name, "it is not what the samples make it")})
		}
		rows = append(rows, tampering{name: name + " is missing", files: func(_ *outsider, f map[string][]byte) { delete(f, name) }, listed: f(bundle.TopicFile, name, "is missing")})
	}
	return rows
}

func keep(files map[string][]byte, prefix string) map[string][]byte {
	maps.DeleteFunc(files, func(name string, _ []byte) bool { return !strings.HasPrefix(name, prefix) })
	return files
}

// sideRows are about anchors, proofs, excerpts and keys that are pinned.
func sideRows() []tampering {
	const a1, a9 = "anchors/000001/", "anchors/000009/"
	anchors := choice{anchors: true}
	days := choice{around: span(day(3), day(4))}
	row := func(name, file string, change func([]byte) []byte, wrong bundle.Finding) tampering {
		return tampering{name: name, day: true, c: anchors, files: func(_ *outsider, f map[string][]byte) { f[a9+file] = change(f[a9+file]) }, wrong: wrong}
	}
	return []tampering{
		row("an anchor is changed", "anchored.txt", func(b []byte) []byte { return flip(b, `"size":`) }, f(bundle.TopicTime, a9[:14], "anchored.txt: record: wrong signature")),
		row("an anchor's leaf is changed", "leaf.txt", func(b []byte) []byte { return flip(b, "T06:00") }, f(bundle.TopicTime, a9[:14], "leaf.txt")),
		row("an anchor's time is moved", "leaf.txt", func(b []byte) []byte { return replace(b, "T06:00", "T05:00") }, f(bundle.TopicTime, a9[:14], "proof.txt: the proof does not lead")),
		row("an anchor's proof is of another leaf", "proof.txt", func(b []byte) []byte { return replace(b, "index 17", "index 15") }, f(bundle.TopicTime, a9[:14], "proof.txt")),
		row("an anchor's stamp is changed", "token.tsr", func(b []byte) []byte { b[len(b)-5] ^= 1; return b }, f(bundle.TopicTime, a9[:14], "token.tsr")),
		row("an anchor's stamp is cut off", "token.tsr", func(b []byte) []byte { return b[:len(b)-5] }, f(bundle.TopicTime, a9[:14], "token.tsr")),
		row("an anchor's checkpoint is changed", "checkpoint.txt", func(b []byte) []byte { return replace(b, "\n18\n", "\n19\n") }, f(bundle.TopicTime, a9[:14], "checkpoint.txt: it is not the checkpoint of proof.txt")),
		row("a stamp is of another checkpoint", "checkpoint.txt", func(b []byte) []byte { return append(b, '\n') }, f(bundle.TopicTime, a9[:14], "token.tsr: time stamp: it stamps something else")),
		{name: "two anchors change their stamps", day: true, c: anchors, files: func(_ *outsider, f map[string][]byte) {
			f[a1+"token.tsr"], f[a9+"token.tsr"] = f[a9+"token.tsr"], f[a1+"token.tsr"]
		}, wrong: f(bundle.TopicTime, a1[:14], "it stamps something else")},
		{name: "two anchors change their records", day: true, c: anchors, files: func(_ *outsider, f map[string][]byte) {
			f[a1+"anchored.txt"], f[a9+"anchored.txt"] = f[a9+"anchored.txt"], f[a1+"anchored.txt"]
		}, wrong: f(bundle.TopicTime, a1[:14], "leaf.txt: it is another record's")},
		{name: "an anchor is another customer's", day: true, c: anchors, files: func(x *outsider, f map[string][]byte) {
			for n, b := range keep(unzip(x.t, x.other.bundle(anchors)), a1) {
				f[n] = b
			}
		}, wrong: f(bundle.TopicTime, a1[:14], "it is of ledger vouch.example.net/globex")},
		{name: "an anchor by other keys", day: true, c: anchors, files: func(x *outsider, f map[string][]byte) {
			for n, b := range keep(unzip(x.t, x.foe.bundle(anchors)), a1) {
				f[n] = b
			}
		}, wrong: f(bundle.TopicTime, a1[:14], "unknown key")},
		{name: "an anchor is the customer's own record", c: anchors, files: func(_ *outsider, f map[string][]byte) {
			f[a1+"anchored.txt"] = splitNotes(f["records.notes"])[3]
		}, wrong: f(bundle.TopicTime, a1[:14], "it is no record of the ledger of anchors")},
		{name: "a stamp without its checkpoint", c: anchors, files: func(_ *outsider, f map[string][]byte) { delete(f, a1+"checkpoint.txt") }, wrong: f(bundle.TopicTime, a1[:14], "checkpoint.txt: it is missing")},
		{name: "a checkpoint without its stamp", c: anchors, files: func(_ *outsider, f map[string][]byte) { delete(f, a1+"token.tsr") }, wrong: f(bundle.TopicTime, a1[:14], "there is no token.tsr for it")},
		{name: "an anchor without its proof", c: anchors, files: func(_ *outsider, f map[string][]byte) { delete(f, a1+"proof.txt") }, wrong: f(bundle.TopicTime, a1[:14], "proof.txt: it is missing")},
		{name: "the anchors are left out", day: true, c: anchors, files: func(_ *outsider, f map[string][]byte) {
			maps.DeleteFunc(f, func(n string, _ []byte) bool { return strings.HasPrefix(n, "anchors/") })
		}, listed: f(bundle.TopicTime, "", "the bundle carries no anchor")},
		{name: "the later anchors are left out", day: true, c: anchors, files: func(_ *outsider, f map[string][]byte) {
			maps.DeleteFunc(f, func(n string, _ []byte) bool { return strings.HasPrefix(n, "anchors/") && n > "anchors/000014" })
		}, listed: f(bundle.TopicTime, "agent", "nobody outside has vouched for them yet")},

		{name: "a proof is changed", day: true, c: choice{first: 20}, files: swapped("proofs.txt", "leaf 3\n", "leaf 4\n"), wrong: f(bundle.TopicLedger, "proofs.txt", "does not lead to the root")},
		{name: "a proof is left out", day: true, c: choice{first: 20}, files: blocksOf("proofs.txt", func(b []string) []string { return b[1:] }), wrong: f(bundle.TopicLedger, "records.notes", "it is not among the leaves")},
		{name: "a proof stands twice", day: true, c: choice{first: 20}, files: blocksOf("proofs.txt", func(b []string) []string { return append(b, b[0]) }), wrong: f(bundle.TopicLedger, "proofs.txt", "leaf 0 is out of place")},
		{name: "a proof of a leaf that is carried", day: true, c: choice{first: 20}, files: func(x *outsider, f map[string][]byte) {
			f["proofs.txt"] = append(f["proofs.txt"], splitBlocks(unzip(x.t, x.day.bundle(choice{first: 236}))["proofs.txt"])[22]...)
		}, wrong: f(bundle.TopicLedger, "proofs.txt", "is out of place")},
		{name: "proofs are spaced otherwise", day: true, c: choice{first: 20}, files: swapped("proofs.txt", "\nproof ", "\nproof  "), wrong: f(bundle.TopicLedger, "proofs.txt", "has not the form")},
		{name: "proofs are cut off", day: true, c: choice{first: 20}, files: func(_ *outsider, f map[string][]byte) { f["proofs.txt"] = f["proofs.txt"][:len(f["proofs.txt"])-1] }, wrong: f(bundle.TopicLedger, "proofs.txt", "the file ends within it")},
		{name: "there are no proofs", day: true, c: choice{first: 20}, files: func(_ *outsider, f map[string][]byte) { delete(f, "proofs.txt") }, wrong: f(bundle.TopicLedger, "records.notes", "it is not among the leaves")},

		{name: "the excerpt is changed", day: true, c: days, files: swapped("excerpt.json", `"state": "down"`, `"state": "up"`), wrong: f(bundle.TopicStatement, "excerpt.json", "it is not what the samples make it")},
		{name: "the excerpt is of another day", day: true, c: days, files: swapped("excerpt.json", `"from": "2026-03-02T00:00:00Z"`, `"from": "2026-03-01T00:00:00Z"`), wrong: f(bundle.TopicComplete, "agent", "is left out, and may speak of the period")},
		{name: "the excerpt is of a day long before", day: true, c: days, files: swapped("excerpt.json", `"from": "2026-03-02T00:00:00Z"`, `"from": "2016-03-01T00:00:00Z"`), wrong: f(bundle.TopicFile, "excerpt.json", "not days that the statement rests on")},
		{name: "the excerpt is of half a day", day: true, c: days, files: swapped("excerpt.json", `"from": "2026-03-02T00:00:00Z"`, `"from": "2026-03-02T12:00:00Z"`), wrong: f(bundle.TopicFile, "excerpt.json", "not days that the statement rests on")},
		{name: "a batch of the excerpt is left out", day: true, c: days, files: notesOf("availability/2026-03-02.columns", func(n [][]byte) [][]byte { return slices.Delete(n, 20, 21) }), wrong: f(bundle.TopicComplete, "agent", "is left out")},
		{name: "the edge of the excerpt is left out", day: true, c: days, files: notesOf("availability/2026-03-01.columns", func(n [][]byte) [][]byte { return n[4:] }), wrong: f(bundle.TopicComplete, "agent", "is left out, and may speak of the period")},
		{name: "the statement of an excerpt is changed", day: true, c: days, files: swapped("statement.json", `"up_s": `, `"up_s": 1`), wrong: f(bundle.TopicStatement, "statement.json", "its SHA-256 is")},
		{name: "an excerpt passes for the whole", day: true, c: days, files: func(_ *outsider, f map[string][]byte) { delete(f, "excerpt.json") }, wrong: f(bundle.TopicComplete, "agent", "is left out, and may speak of the period")},

		{name: "another key of the ledger is pinned", keys: func(x *outsider, w *world) []string { return []string{x.foe.own.key} }, wrong: f(bundle.TopicSigner, "checkpoint.txt", "signed by an unknown key")},
		{name: "two keys of the ledger are pinned", keys: func(x *outsider, w *world) []string { return []string{x.foe.own.key, w.ledger.key} }, wrong: f(bundle.TopicSigner, "", "two different keys of vouch.example.net are named")},
		{name: "another key of an agent is pinned", keys: func(x *outsider, w *world) []string { return []string{w.own.key, x.foe.agents["ams-a"].key} }, wrong: f(bundle.TopicSigner, "records.notes", "agent ams-a speaks with the key")},
		{name: "the key of somebody else is pinned", keys: func(x *outsider, w *world) []string { return append(w.annex(), newParty(x.t, "other.example", 77).key) }, listed: f(bundle.TopicSigner, "", "the key other.example+")},
		{name: "nothing is pinned", keys: func(*outsider, *world) []string { return nil }, listed: f(bundle.TopicSigner, "checkpoint.txt", "nobody vouches for the ledger's key")},
		{name: "another witness is pinned", day: true, c: anchors, keys: func(x *outsider, w *world) []string { return append(w.annex(), x.foe.anchor.key) }},
	}
}

// zipRows are about the zip file itself.
func zipRows() []tampering {
	rows := []tampering{
		{name: "no zip", zip: func(*outsider, []byte) []byte { return []byte("hello") }, err: "it cannot be read as a zip file"},
		{name: "nothing at all", zip: func(*outsider, []byte) []byte { return nil }, err: "it cannot be read as a zip file"},
		{name: "an empty zip", zip: func(x *outsider, _ []byte) []byte { return rezip(x.t, nil) }, err: "it has no checkpoint.txt"},
		{name: "the zip is cut off", zip: func(_ *outsider, b []byte) []byte { return b[:len(b)/2] }, err: "it cannot be read as a zip file"},
		{name: "bytes before the zip", zip: func(_ *outsider, b []byte) []byte { return append([]byte("#!/bin/sh\n"), b...) }, err: "its directory is not where it should be"},
		{name: "bytes after the zip", zip: func(_ *outsider, b []byte) []byte { return append(b, "more"...) }, listed: f(bundle.TopicFile, "", "4 bytes of the zip file belong to no file")},
		{name: "a comment", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, func(z *zip.Writer) { _ = z.SetComment("availability was 100 %") }, nil)
		}, listed: f(bundle.TopicFile, "", "22 bytes of the zip file belong to no file")},
		{name: "a comment on a file", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, nil, func(h *zip.FileHeader) { h.Comment = "true" })
		}, listed: f(bundle.TopicFile, "", "belong to no file")},
		{name: "an extra field", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, nil, func(h *zip.FileHeader) { h.Extra = []byte("up\x01\x00x") })
		}, listed: f(bundle.TopicFile, "", "belong to no file")},
		{name: "stored instead of deflated", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, nil, func(h *zip.FileHeader) { h.Method = zip.Store })
		}},
		{name: "a file stands twice", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, func(z *zip.Writer) { add(x, z, "statement.en.txt", "availability was 100 %") }, nil)
		}, wrong: f(bundle.TopicFile, "statement.en.txt", "the file is there twice")},
		{name: "10,000 files", zip: func(x *outsider, b []byte) []byte {
			return pack(x, b, func(z *zip.Writer) {
				for i := range 10_000 {
					add(x, z, fmt.Sprint("x", i), "x")
				}
			}, nil)
		}, listed: f(bundle.TopicFile, "", "more findings of this topic are not listed")},
		{name: "too many files", zip: func(x *outsider, b []byte) []byte {
			binary.LittleEndian.PutUint16(b[len(b)-12:], 0xfff0)
			binary.LittleEndian.PutUint16(b[len(b)-14:], 0xfff0)
			return b
		}, err: "it names 65520 files"},
		{name: "the directory names more than it holds", zip: func(x *outsider, b []byte) []byte { b[len(b)-12]++; b[len(b)-14]++; return b }, err: "it cannot be read as a zip file"},
		{name: "one of several parts", zip: func(x *outsider, b []byte) []byte { b[len(b)-18]++; return b }, err: "it is one of several parts"},
		{name: "a file has another name before it", zip: func(_ *outsider, b []byte) []byte { return replace(b, "statement.en.txt", "statement.xx.txt") }, wrong: f(bundle.TopicFile, "statement.en.txt", `the header before it names the file "statement.xx.txt"`)},
		{name: "a wrong checksum", zip: func(x *outsider, b []byte) []byte { return directory(x, b, day0, 16, 0x12345678) }, wrong: f(bundle.TopicFile, day0, "its checksum and sizes are stated in two ways")},
		{name: "a wrong checksum, twice", zip: func(x *outsider, b []byte) []byte { return both(x, b, day0, 4, 16, 0x12345678) }, wrong: f(bundle.TopicFile, day0, "checksum error")},
		{name: "a huge claimed size", zip: func(x *outsider, b []byte) []byte { return both(x, b, day0, 12, 24, 0xfffffff0) }, wrong: f(bundle.TopicFile, day0, "unexpected EOF")},
		{name: "a claimed size of nothing", zip: func(x *outsider, b []byte) []byte { return both(x, b, "statement.json", 12, 24, 0) }, wrong: f(bundle.TopicFile, "statement.json", "")},
		{name: "a file within another", zip: func(x *outsider, b []byte) []byte { return directory(x, b, day1, 42, uint32(at0(x, b, day0))) }, wrong: f(bundle.TopicFile, day1, "the header before it names the file")},
		{name: "a file that is encrypted", zip: func(x *outsider, b []byte) []byte { return flags(x, b, day0, 9) }, wrong: f(bundle.TopicFile, day0, "packed in a way that no bundle is")},
		{name: "a deflate bomb of notes", files: bomb(day0, 6<<20), wrong: f(bundle.TopicFile, day0, "block 1: its last note does not end")},
		{name: "a deflate bomb of leaves", files: bomb("leaves.txt", 6<<20), wrong: f(bundle.TopicLedger, "leaves.txt", "longer than 2048 bytes")},
		{name: "a deflate bomb of a statement", files: bomb("statement.json", 6<<20), wrong: f(bundle.TopicStatement, "statement.json", "it is not what the samples make it")},
		{name: "a deflate bomb of a rendering", files: bomb("statement.csv", 6<<20), wrong: f(bundle.TopicStatement, "statement.csv", "it is not what the samples make it")},
		{name: "a deflate bomb of a manifest", files: bomb("manifest.txt", 6<<20), wrong: f(bundle.TopicFile, "manifest.txt", "it is larger than 4194304 bytes")},
		{name: "a deflate bomb of a read-me", files: bomb("README.txt", 6<<20), listed: f(bundle.TopicFile, "README.txt", "nothing rests on it")},
		{name: "a deflate bomb of nothing known", files: bomb("x", 6<<20), listed: f(bundle.TopicFile, "x", "no part of a bundle")},
	}
	for _, name := range []string{"statement-corrected.pdf", "../../etc/passwd", "/etc/passwd", "availability/x/2026-02-27.columns", "availability/2026-02-30.columns", "availability/", "Statement.json", "statement.json/", "anchors/1/token.tsr", "__MACOSX/._statement.json", "x\x1b[2Jy"} {
		rows = append(rows, tampering{name: fmt.Sprintf("a file %q more", name), files: func(_ *outsider, f map[string][]byte) { f[name] = nil },
			listed: f(bundle.TopicFile, strings.ReplaceAll(name, "\x1b", "\ufffd"), "no part of a bundle")})
	}
	return rows
}

func bomb(name string, size int) func(*outsider, map[string][]byte) {
	return func(_ *outsider, f map[string][]byte) { f[name] = append(f[name], make([]byte, size)...) }
}

func add(x *outsider, z *zip.Writer, name, text string) {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// pack packs a bundle anew, with other headers.
func pack(x *outsider, b []byte, more func(*zip.Writer), change func(*zip.FileHeader)) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	files := unzip(x.t, b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if change != nil {
			change(h)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			x.t.Fatal(err)
		}
	}
	if more != nil {
		more(z)
	}
	if err := z.Close(); err != nil {
		x.t.Fatal(err)
	}
	return out.Bytes()
}

// at0 returns where the header before a file stands.
func at0(x *outsider, b []byte, name string) int {
	return bytes.Index(b, []byte(name)) - 30
}

// at1 returns where the directory names a file.
func at1(x *outsider, b []byte, name string) int {
	return bytes.LastIndex(b, []byte(name)) - 46
}

// directory changes four bytes of what the directory says of a file.
func directory(x *outsider, b []byte, name string, offset int, to uint32) []byte {
	binary.LittleEndian.PutUint32(b[at1(x, b, name)+offset:], to)
	return b
}

// both changes four bytes of what follows on a file and of what the directory says of it.
func both(x *outsider, b []byte, name string, after, offset int, to uint32) []byte {
	i := at1(x, b, name)
	end := at0(x, b, name) + 30 + len(name) + int(binary.LittleEndian.Uint32(b[i+20:]))
	binary.LittleEndian.PutUint32(b[end+after:], to)
	return directory(x, b, name, offset, to)
}

func flags(x *outsider, b []byte, name string, to uint16) []byte {
	binary.LittleEndian.PutUint16(b[at0(x, b, name)+6:], to)
	binary.LittleEndian.PutUint16(b[at1(x, b, name)+8:], to)
	return b
}
