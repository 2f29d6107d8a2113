// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// maxDamage bounds the sentences that Check returns.
const maxDamage = 1000

// Check implements [store.Ledger]. It reads the ledger as it stands when it begins,
// a tile at a time, and holds no transaction open while it does. What it names is
// what is wrong; whatever it does not name agrees with the tree head.
func (s *Store) Check(ctx context.Context, customer vouch.CustomerID) ([]string, error) {
	id, head, err := s.ledger(ctx, customer)
	if err != nil || id == 0 {
		return nil, explain("check ledger", s.dir, err)
	}
	c := &checker{s: s, customer: customer, id: id, head: head, chains: make(map[store.ChainKey]store.Entry)}
	if err := c.run(ctx); err != nil {
		return nil, explain("check ledger of customer "+string(customer), s.dir, err)
	}
	if c.more > 0 {
		c.damage = append(c.damage, fmt.Sprintf("%d more", c.more))
	}
	return c.damage, nil
}

// checker is one run of Check.
type checker struct {
	s        *Store
	customer vouch.CustomerID
	id       int64
	head     store.TreeHead
	chains   map[store.ChainKey]store.Entry // the entry read last, without note
	due      int64                          // the leaf that comes next
	hole     bool                           // leaves were missing before it
	parent   tileID                         // the tile read last by expected
	hashes   []tlog.Hash                    // of parent
	damage   []string
	more     int
}

// report adds a sentence about what is damaged.
func (c *checker) report(format string, args ...any) {
	if len(c.damage) >= maxDamage {
		c.more++
		return
	}
	c.damage = append(c.damage, fmt.Sprintf(format, args...))
}

// run goes from the leaves to the root. Each tile is compared with its hash in the
// tile above, and the comparison goes on from what is stored there, so that one
// damaged leaf does not make everything above it look damaged.
func (c *checker) run(ctx context.Context) error {
	size := c.head.Size
	var last leafTile
	for n := int64(0); n*tileWidth < size; n++ {
		t, err := c.leaves(ctx, n, min(tileWidth, size-n*tileWidth))
		if err != nil {
			return err
		}
		if len(t.stored) < tileWidth {
			last = t
		} else if err := c.compare(ctx, tileID{0, n}, t.stored, t.derived); err != nil {
			return err
		}
	}
	edge, err := c.tiles(ctx)
	if err != nil {
		return err
	}
	stored := evidence.Hash(append(edge, subtrees(last.stored)...).root())
	derived := evidence.Hash(append(edge, subtrees(last.derived)...).root())
	if stored != c.head.Root && derived != c.head.Root {
		c.report("tree head: the root of the tree of size %d does not follow from leaves and tiles", size)
	}
	return c.frontier(ctx)
}

// frontier checks that the next leaf can be added to the tree.
func (c *checker) frontier(ctx context.Context) error {
	var size int64
	var root, front []byte
	if err := c.s.reader.QueryRowContext(ctx, "SELECT size, root, frontier FROM ledger WHERE id = ?", c.id).Scan(&size, &root, &front); err != nil {
		return err
	}
	if _, err := parseFrontier(front, size, root); err != nil {
		c.report("tree head: %v", err)
	}
	return nil
}

// tiles checks the tiles of level 1 and up. It returns the complete subtrees at the
// right edge of the tree, largest first, but for those within the last leaves.
func (c *checker) tiles(ctx context.Context) (frontier, error) {
	var edge frontier
	for level := 1; c.head.Size>>(level*tileHeight) > 0; level++ {
		var last []tlog.Hash
		count := c.head.Size >> (level * tileHeight)
		for n := int64(0); n*tileWidth < count; n++ {
			want := min(tileWidth, count-n*tileWidth)
			tile, err := c.s.tile(ctx, c.id, tileID{level, n})
			switch {
			case err != nil:
				return nil, err
			case int64(len(tile)) < want:
				c.report("tile %d of level %d: it has %d hashes, want %d", n, level, len(tile), want)
			case want < tileWidth:
				last = tile[:want]
			default:
				if err := c.compare(ctx, tileID{level, n}, tile); err != nil {
					return nil, err
				}
			}
		}
		edge = append(subtrees(last), edge...)
	}
	return edge, nil
}

// compare holds a full tile against its hash in the tile above. Of several readings
// of the tile one must agree.
func (c *checker) compare(ctx context.Context, id tileID, readings ...[]tlog.Hash) error {
	parent := tileID{id.level + 1, id.n / tileWidth}
	if c.hashes == nil || c.parent != parent {
		hashes, err := c.s.tile(ctx, c.id, parent)
		if err != nil {
			return err
		}
		c.parent, c.hashes = parent, hashes
	}
	at := int(id.n % tileWidth)
	for _, hashes := range readings {
		if at < len(c.hashes) && subtree(hashes) == c.hashes[at] {
			return nil
		}
	}
	span := int64(1) << ((id.level + 1) * tileHeight)
	c.report("tile %d of level %d: hash %d, of leaves %d to %d, does not follow from what is below it",
		parent.n, parent.level, at, id.n*span, (id.n+1)*span-1)
	return nil
}

// subtrees cuts the hashes of an unfinished tile into complete subtrees.
func subtrees(hashes []tlog.Hash) (f frontier) {
	for width := tileWidth / 2; width > 0; width /= 2 {
		if len(hashes) >= width {
			f = append(f, subtree(hashes[:width]))
			hashes = hashes[width:]
		}
	}
	return f
}
