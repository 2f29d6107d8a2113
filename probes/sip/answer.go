// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a message. Answers to OPTIONS are about 1 KB; the largest seen held the
// whole SDP of a conference bridge, 6 KB.
const (
	maxMessage = 64 << 10
	maxLine    = 8 << 10 // a header with what was folded into further lines
	maxHeaders = 200
	maxText    = 128 // bytes of a text that is kept
)

var (
	errShort = errors.New("it is cut off")
	errLong  = fmt.Errorf("it is longer than %d bytes", maxMessage)
	errFlood = fmt.Errorf("more than %d messages or pieces came", maxReads)
)

// answer is what is looked at in a message.
type answer struct {
	request bool // it is none: somebody asks us
	status  int  // 100 to 699
	phrase  string
	vias    int
	branch  string // of the topmost Via
	callID  string
	cseq    uint32
	method  string
	server  string
	length  int // of the body
}

// parse reads the start line and the headers of the message that b begins with (RFC
// 3261 section 7) and returns how many bytes they take. It is strict where a mistake
// could make another message of it: lines end in CRLF, names are tokens, what stands
// once stands once, and an answer says whose it is. errShort means that b ends before
// the headers do. Blank lines before the message are skipped (section 7.5).
func parse(b []byte) (a answer, used int, err error) {
	for bytes.HasPrefix(b[used:], []byte("\r\n")) {
		used += 2
	}
	line, used, err := nextLine(b, used)
	if err != nil {
		return a, 0, err
	}
	if err := a.startLine(line); err != nil {
		return a, 0, err
	}
	var have seen
	for range maxHeaders {
		line, used, err = header(b, used)
		if err != nil {
			return a, 0, err
		}
		if line == "" {
			return a, used, a.complete(have)
		}
		if err := a.header(line, &have); err != nil {
			return a, 0, err
		}
	}
	return a, 0, fmt.Errorf("it has more than %d headers", maxHeaders)
}

// nextLine returns the line that begins at a place, and where the next one begins.
func nextLine(b []byte, at int) (string, int, error) {
	n := bytes.Index(b[at:], []byte("\r\n"))
	switch {
	case n > maxLine, n < 0 && len(b)-at > maxLine:
		return "", 0, fmt.Errorf("a line is longer than %d bytes", maxLine)
	case n < 0:
		return "", 0, errShort
	}
	line := string(b[at : at+n])
	if strings.ContainsAny(line, "\r\n\x00") {
		return "", 0, errors.New("a line holds half a line end or a zero byte")
	}
	return line, at + n + 2, nil
}

// header returns the header that begins at a place with the lines that are folded into
// it, and where the next one begins; an empty one ends the headers.
func header(b []byte, at int) (string, int, error) {
	line, at, err := nextLine(b, at)
	if err != nil || line == "" {
		return line, at, err
	}
	if blank(line[0]) {
		return "", 0, errors.New("the first header is a folded line")
	}
	for {
		// Whether it goes on shows in the byte after it, which must be there: even the
		// last header is followed by an empty line.
		if at >= len(b) {
			return "", 0, errShort
		}
		if !blank(b[at]) {
			return line, at, nil
		}
		var more string
		if more, at, err = nextLine(b, at); err != nil {
			return "", 0, err
		}
		if line += " " + strings.Trim(more, " \t"); len(line) > maxLine {
			return "", 0, fmt.Errorf("a header is longer than %d bytes", maxLine)
		}
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// startLine reads a status line, or sees that it is a request line.
func (a *answer) startLine(line string) error {
	const version = "SIP/2.0"
	if len(line) > len(version) && strings.EqualFold(line[len(line)-len(version):], version) && line[len(line)-len(version)-1] == ' ' {
		a.request = true
		return nil
	}
	rest := ""
	if len(line) > len(version) && strings.EqualFold(line[:len(version)], version) {
		rest = line[len(version):]
	}
	// One blank, three digits, and a blank before the phrase, which may be empty.
	if len(rest) < 4 || rest[0] != ' ' || len(rest) > 4 && rest[4] != ' ' {
		return fmt.Errorf("its first line %.40q is no status line of SIP/2.0", line)
	}
	n, err := strconv.ParseUint(rest[1:4], 10, 16)
	if err != nil || n < 100 || n > 699 {
		return fmt.Errorf("its status %.20q is none from 100 to 699", rest[1:4])
	}
	a.status = int(n)
	if len(rest) > 5 {
		a.phrase = text(rest[5:])
	}
	return nil
}

// seen is which of the headers that stand once stood.
type seen struct{ callID, cseq, length bool }

func once(have *bool, name string) error {
	if *have {
		return fmt.Errorf("%s stands twice", name)
	}
	*have = true
	return nil
}

// header reads one header, by its long or its compact name (section 7.3.3).
func (a *answer) header(line string, have *seen) error {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || !token(name) {
		return fmt.Errorf("header %.40q has no name", line)
	}
	value = strings.Trim(value, " \t")
	switch strings.ToLower(name) {
	case "via", "v":
		return a.via(value)
	case "call-id", "i":
		a.callID = value
		return once(&have.callID, "Call-ID")
	case "cseq":
		number, method, _ := strings.Cut(strings.ReplaceAll(value, "\t", " "), " ")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || !digits(number) {
			return fmt.Errorf("CSeq %.40q is no number and method", value)
		}
		a.cseq, a.method = uint32(n), strings.TrimLeft(method, " ")
		return once(&have.cseq, "CSeq")
	case "content-length", "l":
		if !digits(value) {
			return fmt.Errorf("Content-Length %.20q is no number", value)
		}
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n > maxMessage {
			return fmt.Errorf("Content-Length is %.20s, at most %d bytes are read", value, maxMessage)
		}
		a.length = int(n)
		return once(&have.length, "Content-Length")
	case "server":
		a.server = text(value)
	case "user-agent":
		if a.server == "" {
			a.server = text(value)
		}
	}
	return nil
}

// via counts the values of a Via, and takes the branch of the first of all.
func (a *answer) via(value string) error {
	first, n := value, 0
	quoted, escaped := false, false
	for i := range len(value) {
		switch c := value[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			if n++; n == 1 {
				first = value[:i]
			}
		}
	}
	if quoted {
		return errors.New("a Via has a quote without an end")
	}
	if a.vias == 0 {
		for _, p := range strings.Split(first, ";")[1:] {
			key, v, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.Trim(key, " \t"), "branch") {
				a.branch = strings.Trim(v, " \t")
				break
			}
		}
	}
	a.vias += 1 + n
	return nil
}

// complete reports what an answer lacks that would say whose it is (section 8.2.6.2).
func (a *answer) complete(have seen) error {
	switch {
	case a.request:
	case a.vias == 0:
		return errors.New("it has no Via")
	case !have.callID:
		return errors.New("it has no Call-ID")
	case !have.cseq:
		return errors.New("it has no CSeq")
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// token reports whether s is a token (section 25.1).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// text makes a text of the device safe and short: what does not print is a blank.
func text(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
