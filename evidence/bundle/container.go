// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

var errNotBundle = errors.New("this is not a bundle of evidence")

// Sizes of the parts of a zip file (APPNOTE 6.3.10 sections 4.3.7, 4.3.9, 4.3.12 and
// 4.3.16), without names.
const (
	zipLocal      = 30
	zipDescriptor = 16
	zipEntry      = 46
	zipEnd        = 22
)

// maxName is the length of the longest name of a file, in bytes.
const maxName = 64

// maxFiles bounds the files of a bundle: five for each anchor, one for each day.
const maxFiles = 60_000

// member is a file as the directory of the zip names it.
type member struct {
	name          string
	flags, method uint16
	crc           uint32
	packed, plain int64
	at            int64 // of its own header
}

// openZip opens a zip file. Everything in it is bounded before it is read.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, []member, error) {
	list, err := directory(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	z, err := zip.NewReader(r, size)
	if err == nil && len(z.File) != len(list) {
		err = errors.New("its directory can be read in two ways")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: it cannot be read as a zip file: %v", errNotBundle, err)
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	return z, list, nil
}

// directory reads the directory at the end of a zip file.
func directory(r io.ReaderAt, size int64) ([]member, error) {
	tail := make([]byte, min(size, zipEnd+1<<16))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < zipEnd {
		return nil, errors.New("its directory is missing: the end of the file was cut off, or never was there")
	}
	end := tail[at:]
	files, length, begin := int(binary.LittleEndian.Uint16(end[10:])), int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	switch {
	case binary.LittleEndian.Uint32(end[4:]) != 0 || int(binary.LittleEndian.Uint16(end[8:])) != files:
		return nil, errors.New("it is one of several parts")
	case files > maxFiles || length > maxFiles*(zipEntry+maxName):
		return nil, fmt.Errorf("it names %d files in %d bytes: at most %d files are allowed", files, length, maxFiles)
	case begin+length != size-int64(len(tail)-at):
		return nil, errors.New("its directory is not where it should be: it is larger than 4 GB, or bytes were added or taken away")
	}
	raw := make([]byte, length)
	if err := readAt(r, raw, begin); err != nil {
		return nil, err
	}
	out := make([]member, 0, min(files, len(raw)/zipEntry))
	for len(raw) > 0 {
		if len(raw) < zipEntry || string(raw[:4]) != "PK\x01\x02" {
			return nil, errors.New("its directory cannot be read")
		}
		u16 := func(i int) int { return int(binary.LittleEndian.Uint16(raw[i:])) }
		u32 := func(i int) int64 { return int64(binary.LittleEndian.Uint32(raw[i:])) }
		name, all := u16(28), zipEntry+u16(28)+u16(30)+u16(32)
		if len(raw) < all {
			return nil, errors.New("its directory ends within a file")
		}
		out = append(out, member{string(raw[zipEntry : zipEntry+name]), uint16(u16(8)), uint16(u16(10)), uint32(u32(16)), u32(20), u32(24), u32(42)})
		raw = raw[all:]
	}
	if len(out) != files {
		return nil, fmt.Errorf("its directory names %d files and holds %d", files, len(out))
	}
	return out, nil
}

// readAt fills b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}

// ownHeader compares the header that stands before a file with the directory, which is
// what is believed here; other programs may believe the other. It returns the bytes that
// the file takes in all, and how many of them nothing here reads.
func ownHeader(r io.ReaderAt, m member) (all, extra int64, err error) {
	raw := make([]byte, zipLocal+len(m.name))
	if err := readAt(r, raw, m.at); err != nil || string(raw[:4]) != "PK\x03\x04" {
		return 0, 0, errors.New("no file begins where the directory says that it does")
	}
	u16 := func(i int) int { return int(binary.LittleEndian.Uint16(raw[i:])) }
	u32 := func(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }
	if u16(26) != len(m.name) || string(raw[zipLocal:]) != m.name || u16(6) != int(m.flags) || u16(8) != int(m.method) {
		return 0, 0, fmt.Errorf("the header before it names the file %.80q: other programs may show something else", raw[zipLocal:])
	}
	said, extra := raw[14:26], int64(u16(28))
	all = zipLocal + int64(len(m.name)) + extra + m.packed
	if m.flags&8 != 0 {
		if !bytes.Equal(said, make([]byte, 12)) {
			return 0, 0, errors.New("the header before it states sizes that it should leave open")
		}
		after := make([]byte, zipDescriptor)
		if err := readAt(r, after, m.at+all); err != nil || string(after[:4]) != "PK\x07\x08" {
			return 0, 0, errors.New("its sizes do not follow on it")
		}
		said, all = after[4:], all+zipDescriptor
	}
	if u32(said) != int64(m.crc) || u32(said[4:]) != m.packed || u32(said[8:]) != m.plain {
		return 0, 0, errors.New("its checksum and sizes are stated in two ways")
	}
	return all, extra, nil
}

// container looks at the zip file itself: that it can be read in one way only, and that
// nothing is hidden in it.
func (v *verifier) container(r io.ReaderAt, size int64, list []member) {
	seen := map[string]bool{}
	counted := int64(zipEnd)
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.at, b.at) })
	end := int64(0)
	for _, m := range list {
		counted += zipEntry + int64(len(m.name))
		if seen[m.name] {
			v.rep.wrong(TopicFile, m.name, "the file is there twice")
			continue
		}
		seen[m.name] = true
		switch all, extra, err := ownHeader(r, m); {
		case err != nil:
			v.rep.wrong(TopicFile, m.name, "%v", err)
		case m.at < end:
			v.rep.wrong(TopicFile, m.name, "it begins within another file")
		case m.flags&^0x0808 != 0 || m.method != zip.Deflate && m.method != zip.Store:
			v.rep.wrong(TopicFile, m.name, "it is packed in a way that no bundle is (flags %04x, method %d)", m.flags, m.method)
		case !known(m.name):
			v.rep.open(TopicFile, m.name, "it is a file that is no part of a bundle: nothing in it was checked")
			fallthrough
		default:
			counted, end = counted+all-extra, m.at+all
		}
	}
	if counted != size && len(v.rep.Disproved) == 0 {
		v.rep.open(TopicFile, "", "%d bytes of the zip file belong to no file in it: it was packed anew by another program, or something is hidden there", size-counted)
	}
	for _, name := range append([]string{FileReadme, FileEdition}, renderings...) {
		if !seen[name] {
			v.rep.open(TopicFile, name, "the file is missing; it holds no evidence")
		}
	}
}

var anchorFile = regexp.MustCompile(`^anchors/[0-9]{6}/(anchored\.txt|leaf\.txt|proof\.txt|checkpoint\.txt|token\.tsr|grown\.txt)$`)

// known reports whether a bundle has a file of that name.
func known(name string) bool {
	switch name {
	case FileReadme, FileEdition, FileManifest, FileCheckpoint, FileFrontier, FileLeaves, FileRecords, FileProofs, FileKeys, FileStatement, FileExcerpt:
		return true
	}
	_, item := dayOf(name, dirItems)
	_, telemetry := dayOf(name, dirTelemetry)
	return item || telemetry || slices.Contains(renderings, name) || strings.HasPrefix(name, dirAnchors) && anchorFile.MatchString(name)
}
