// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strconv"
	"strings"
)

// TileWidth is the number of hashes in a full tile: 256, as C2SP tlog-tiles demands.
const TileWidth = 256

// Tile names a tile of a ledger, or a bundle of its entries. (The path of
// tlog.Tile is another one, that of the Go checksum database.)
type Tile struct {
	Level   int   // 0 to 5; of no meaning for entries
	N       int64 // index within the level, from 0
	Width   int   // hashes or entries, 1 to 256
	Entries bool
}

// Path returns the path by C2SP tlog-tiles, such as "tile/0/x001/x234/067" or
// "tile/entries/000.p/5".
func (t Tile) Path() string {
	level := "entries"
	if !t.Entries {
		level = strconv.Itoa(t.Level)
	}
	n := fmt.Sprintf("%03d", t.N%1000)
	for rest := t.N / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	path := "tile/" + level + "/" + n
	if t.Width != TileWidth {
		path += ".p/" + strconv.Itoa(t.Width)
	}
	return path
}

// ParseTile is the inverse of [Tile.Path]. It accepts that one spelling only.
func ParseTile(path string) (Tile, error) {
	bad := fmt.Errorf("%.60q is not the path of a tile", path)
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || len(path) > 80 {
		return Tile{}, bad
	}
	t := Tile{Width: TileWidth, Entries: level == "entries"}
	var err error
	if !t.Entries {
		if t.Level, err = strconv.Atoi(level); err != nil || t.Level < 0 || t.Level > 5 {
			return Tile{}, bad
		}
	}
	number, width, partial := strings.Cut(rest, ".p/")
	if partial {
		if t.Width, err = strconv.Atoi(width); err != nil || t.Width < 1 || t.Width >= TileWidth {
			return Tile{}, bad
		}
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(number, "x", ""), "/", "")
	if t.N, err = strconv.ParseInt(digits, 10, 64); err != nil || t.N < 0 || t.Path() != path {
		return Tile{}, bad
	}
	return t, nil
}
