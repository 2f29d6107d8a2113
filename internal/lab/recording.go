// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path"
	"slices"
	"strings"
)

// Recording is a walk made ready to be answered from. It never changes, and any
// number of devices share it.
type Recording struct {
	Name  string // the file's, without .snmprec
	walk  Walk
	names [][]byte // content octets of each OID
	kinds []kind   // how each object moves, by index in the walk
	rates []uint64 // of counters: how fast each grows, in 10^-9 a second; by index in the walk
	up    uint64   // how long the device had been up, in hundredths of a second
}

// maxRecordings bounds how many recordings one directory may hold.
const maxRecordings = 10_000

// NewRecording makes a walk ready. The walk is kept and must not be changed.
func NewRecording(name string, w Walk) *Recording {
	r := &Recording{Name: name, walk: w, names: make([][]byte, len(w)), kinds: make([]kind, len(w))}
	for i, v := range w {
		r.names[i] = appendOID(nil, v.OID)
		r.kinds[i] = kindOf(v)
	}
	r.up = r.recordedUptime()
	r.setRates()
	return r
}

// ReadRecordings reads every .snmprec file at the top of a directory, in the order of
// their names. It reports every unreadable line of every file, each with file and line.
func ReadRecordings(dir fs.FS) ([]*Recording, error) {
	files, err := fs.Glob(dir, "*.snmprec")
	switch {
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, errors.New("there is no .snmprec file")
	case len(files) > maxRecordings:
		return nil, fmt.Errorf("there are %d recordings, at most %d are allowed", len(files), maxRecordings)
	}
	slices.Sort(files)
	out := make([]*Recording, 0, len(files))
	var problems []error
	for _, file := range files {
		r, err := readRecording(dir, file)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		out = append(out, r)
	}
	return out, errors.Join(problems...)
}

func readRecording(dir fs.FS, file string) (*Recording, error) {
	f, err := dir.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w, err := parseSnmprec(f, file+":")
	if err != nil {
		return nil, err
	}
	if len(w) == 0 {
		return nil, fmt.Errorf("%s: no object in it", file)
	}
	return NewRecording(strings.TrimSuffix(path.Base(file), ".snmprec"), w), nil
}

// Objects returns how many objects the recording has.
func (r *Recording) Objects() int { return len(r.walk) }

// Description returns the recorded sysDescr, or else sysObjectID, as it stands there:
// it may hold anything. It is empty where the recording has neither.
func (r *Recording) Description() string {
	if at, found := r.find(OID{1, 3, 6, 1, 2, 1, 1, 1, 0}); found && len(r.walk[at].Value) > 0 {
		return string(r.walk[at].Value)
	}
	at, found := r.find(OID{1, 3, 6, 1, 2, 1, 1, 2, 0})
	if !found {
		return ""
	}
	oid, err := decodeOID(r.walk[at].Value, nil)
	if err != nil {
		return ""
	}
	return oid.String()
}

// number returns the recorded value of an object as a number; 0 where there is none.
func (r *Recording) number(oid ...uint32) uint64 {
	if at, found := r.find(oid); found && r.walk[at].Tag != tagOctetString {
		return decodeUint(r.walk[at].Value)
	}
	return 0
}

// find returns the index of the object, or of the one that would follow it.
func (r *Recording) find(name OID) (int, bool) {
	return slices.BinarySearchFunc(r.walk, name, func(v Var, o OID) int { return slices.Compare(v.OID, o) })
}

// A day is what an uptime is taken for that the recording does not say, or that is
// shorter: counters of years would race if they were taken for those of seconds.
const day = 24 * 3600 * 100 // hundredths of a second

// recordedUptime returns the longest uptime that the recording knows: sysUpTime
// begins again after 497 days.
func (r *Recording) recordedUptime() uint64 {
	return max(day, r.number(1, 3, 6, 1, 2, 1, 1, 3, 0), r.number(1, 3, 6, 1, 2, 1, 25, 1, 1, 0),
		min(100*r.number(1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0), 1<<40))
}

// setRates lets every counter grow at the mean rate that its value and the uptime
// imply, so that busy interfaces are busy and those without errors stay without; and
// none faster than its interface.
func (r *Recording) setRates() {
	r.rates = make([]uint64, len(r.walk))
	for at, v := range r.walk {
		if r.kinds[at] == counter32 || r.kinds[at] == counter64 {
			r.rates[at] = min(perSecond(decodeUint(v.Value), r.up), r.fastest(v.OID)*giga)
		}
	}
	// A 32-bit counter of octets or packets has wrapped who knows how often: it goes
	// with the 64-bit one beside it.
	for at, v := range r.walk {
		if wide, ok := wideOf(v.OID); ok && r.kinds[at] == counter32 {
			if other, found := r.find(wide); found {
				r.rates[at] = r.rates[other]
			}
		}
	}
}

const giga = 1_000_000_000

// perSecond returns value/up, up being in hundredths of a second, in 10^-9 a second; at
// most the largest number.
func perSecond(value, up uint64) uint64 {
	hi, lo := bits.Mul64(value, 100*giga)
	if hi >= up {
		return 1<<64 - 1
	}
	v, _ := bits.Div64(hi, lo, up)
	return v
}

// Columns of ifTable and ifXTable (RFC 2863).
var (
	ifEntry  = OID{1, 3, 6, 1, 2, 1, 2, 2, 1}
	ifXEntry = OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
)

// fastest returns how fast a counter may grow in a second: octets of an interface at 70 %
// of its speed, all else by a million.
func (r *Recording) fastest(name OID) uint64 {
	const (
		most    = 1_000_000
		fastest = 10_000_000_000 // octets: 80 Gbit/s
	)
	octets := name.HasPrefix(ifEntry) && len(name) == len(ifEntry)+2 && (name[9] == 10 || name[9] == 16) ||
		name.HasPrefix(ifXEntry) && len(name) == len(ifXEntry)+2 && (name[10] == 6 || name[10] == 10)
	if !octets {
		return most
	}
	index := name[len(name)-1]
	speed := r.number(append(slices.Clone(ifXEntry), 15, index)...) * 1_000_000
	if speed == 0 {
		speed = r.number(append(slices.Clone(ifEntry), 5, index)...)
	}
	if speed == 0 {
		speed = giga
	}
	return min(speed/100*70/8, fastest)
}

// wideOf returns the 64-bit counter of the same thing.
func wideOf(name OID) (OID, bool) {
	column := uint32(0)
	switch {
	case name.HasPrefix(ifEntry) && len(name) == len(ifEntry)+2:
		column = map[uint32]uint32{10: 6, 11: 7, 16: 10, 17: 11}[name[9]]
	case name.HasPrefix(ifXEntry) && len(name) == len(ifXEntry)+2:
		column = map[uint32]uint32{2: 8, 3: 9, 4: 12, 5: 13}[name[10]]
	}
	return append(slices.Clone(ifXEntry), column, name[len(name)-1]), column != 0
}
