// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// tileID names a tile of a ledger.
type tileID struct {
	level int
	n     int64
}

// tiles reads the nodes of a ledger's tree from its tiles, each of which is read once.
// A proof touches the leaf's own tile on each level and the last, partial ones: two
// reads a level at most.
func (s *Store) tiles(ctx context.Context, ledger int64) tlog.HashReader {
	tiles := make(map[tileID][]tlog.Hash)
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			// A tree node is a complete subtree over some hashes of one tile.
			level, n := tlog.SplitStoredHashIndex(index)
			height := level % tileHeight
			first := n << height
			id := tileID{level / tileHeight, first / tileWidth}
			if tiles[id] == nil {
				tile, err := s.tile(ctx, ledger, id)
				if err != nil {
					return nil, err
				}
				tiles[id] = tile
			}
			lo := int(first % tileWidth)
			hi := lo + 1<<height
			if hi > len(tiles[id]) {
				return nil, fmt.Errorf("tile %d of level %d is damaged: it has %d hashes, hash %d is needed", id.n, id.level, len(tiles[id]), hi)
			}
			hashes[i] = subtree(tiles[id][lo:hi])
		}
		return hashes, nil
	})
}

// tile reads a tile. One of level 0 is cut off where a leaf is missing.
func (s *Store) tile(ctx context.Context, ledger int64, id tileID) ([]tlog.Hash, error) {
	if id.level > 0 {
		var data []byte
		err := s.reader.QueryRowContext(ctx, "SELECT data FROM tile WHERE ledger = ? AND level = ? AND n = ?",
			ledger, id.level, id.n).Scan(&data)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		return splitHashes(data), nil
	}
	from := rowID(ledger, id.n*tileWidth)
	rows, err := s.reader.QueryContext(ctx, "SELECT id, leafhash FROM entry WHERE id >= ? AND id < ? ORDER BY id", from, from+tileWidth)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tile := make([]tlog.Hash, 0, tileWidth)
	for rows.Next() {
		var row int64
		var hash sql.RawBytes
		if err := rows.Scan(&row, &hash); err != nil {
			return nil, err
		}
		if row != from+int64(len(tile)) || len(hash) != tlog.HashSize {
			break
		}
		tile = append(tile, tlog.Hash(hash))
	}
	return tile, rows.Err()
}
