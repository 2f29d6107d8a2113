// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/statement"
)

// errUnchanged says that a new version of a statement would say what the last one says.
var errUnchanged = wrong{409, "nothing has changed since the last version of this statement"}

// issueStatement issues a statement over a period: the first version, or the next one where
// evidence or decisions have changed the figures. It is computed from the ledger up to
// a checkpoint, which it names, and it goes into the ledger itself.
func (c *Collector) issueStatement(ctx context.Context, cu vouch.CustomerID, period contract.Span, author, reason string) (book.Issue, error) {
	c.issuing.Lock()
	defer c.issuing.Unlock()
	b, err := c.atCheckpoint(ctx, cu, period)
	if err != nil {
		return book.Issue{}, fmt.Errorf("issue a statement of %s: %w", cu, err)
	}
	before, earlier := lastVersion(b.issues, period)
	i := book.IssueBody{
		Number: number(b.issues, before), Version: before.Version + 1, From: period.From.Time(), To: period.To.Time(), AsOf: b.now.Time(),
		State: string(statement.StateIssued), Origin: ledgerOrigin(c.opts.Origin, cu), Size: b.size, Root: b.root.String(),
		Customer: cmp.Or(c.base.Load().customers[cu].Name, string(cu)), Provider: c.base.Load().Provider, Reason: reason,
	}
	if period.To > b.until {
		i.State = string(statement.StateProvisional)
	}
	m, err := c.manifest(ctx, cu, b, period)
	if err != nil {
		return book.Issue{}, err
	}
	i.Manifest = m.Sum()
	var replaced *statement.Statement
	if earlier {
		was, err := before.Open()
		if err != nil {
			return book.Issue{}, fmt.Errorf("read version %d of statement %s: %w", before.Version, before.Number, err)
		}
		replaced = &was
	}
	recs, err := c.recorder.write(ctx, draft{customer: cu, kind: evidence.KindStatementIssued, author: author, body: func(id string) (any, error) {
		in := b.in
		bundle.Dress(&in, book.Issue{IssueBody: i, Record: id, Author: author}, replaced)
		s := statement.Build(in)
		if replaced != nil && s.State == replaced.State && !moved(s) {
			return nil, errUnchanged
		}
		return &i, i.Pack(s.JSON())
	}})
	if err != nil {
		return book.Issue{}, err
	}
	if err := c.book.take(recs[0]); err != nil {
		return book.Issue{}, err
	}
	c.grew(cu)
	return book.Issue{IssueBody: i, Record: recs[0].ID, Recorded: recs[0].Recorded, Author: author}, nil
}

// moved reports whether a statement differs in any figure from the version before.
func moved(s statement.Statement) bool {
	return s.Replaces == nil || s.Replaces.Difference.Shift != (statement.Shift{}) || len(s.Replaces.Difference.Devices) > 0
}

// basis is all that a statement over a period is made of, as the ledger stood at a size.
type basis struct {
	size   int64
	root   evidence.Hash
	now    contract.Second
	until  contract.Second // where unfinished figures end
	reach  contract.Span
	in     statement.Input
	issues []book.Issue
}

// atCheckpoint computes what a statement is made of while nothing is added to what was
// read: the records, the outcome table, and the size of the ledger belong together.
func (c *Collector) atCheckpoint(ctx context.Context, cu vouch.CustomerID, period contract.Span) (b basis, err error) {
	err = c.recorder.still(func() error {
		return c.reader.still(ctx, cu, func(size int64) error {
			b.size, b.now = size, contract.Floor(c.now())
			if b.root, err = c.store.RootAt(ctx, cu, size); err != nil {
				return err
			}
			c.book.read(cu, func(l *book.Book) {
				b.until, b.issues, b.reach = l.Until(b.now), l.Issues(), bundle.Reach(l, period, b.now)
			})
			b.in, err = c.statementInput(ctx, cu, period, b.now)
			return err
		})
	})
	return b, err
}

// lastVersion returns the newest version of the statement over a period, and false where
// there is none.
func lastVersion(issues []book.Issue, period contract.Span) (book.Issue, bool) {
	for _, i := range slices.Backward(issues) {
		if i.Period() == period {
			return i, true
		}
	}
	return book.Issue{}, false
}

// number returns the number of a statement: that of the version before, or the next.
func number(issues []book.Issue, before book.Issue) string {
	if before.Number != "" {
		return before.Number
	}
	seen := map[string]bool{}
	for _, i := range issues {
		seen[i.Number] = true
	}
	return fmt.Sprintf("ST-%04d", len(seen)+1)
}

// fewLeaves is up to how many leaves before the first that is needed are carried along:
// all of a young ledger, so that nothing in it needs a proof of its own. A leaf takes 42
// bytes in a bundle, and one around a day has to fit in a mail.
const fewLeaves = 10_000

// firstLeaf returns the leaf that the leaves of a bundle begin with: the last one that
// came in too early to bear on the time in reach, which shows that none before it does.
func (c *Collector) firstLeaf(ctx context.Context, cu vouch.CustomerID, reach contract.Span, size int64) (int64, error) {
	low, high := int64(0), size
	for low < high {
		mid := (low + high) / 2
		l, err := c.store.Leaves(ctx, cu, mid, 1)
		if err != nil {
			return 0, err
		}
		if len(l) == 1 && bundle.Early(l[0].Received, reach) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low <= c.opts.few {
		return 0, nil
	}
	return low - 1, nil
}

// eachLeaf calls f with the leaves from first up to size.
func (c *Collector) eachLeaf(ctx context.Context, cu vouch.CustomerID, first, size int64, f func(store.Entry) error) error {
	const slice = 2000
	for at := first; at < size; {
		entries, err := c.store.Leaves(ctx, cu, at, int(min(slice, size-at)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("leaf %d of %s is missing; run `vouch ledger check`", at, cu)
		}
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		at += int64(len(entries))
	}
	return nil
}

// itemOf returns an entry as a manifest sees it; false for one that it does not name.
func itemOf(e store.Entry) (bundle.Item, bool) {
	if e.Kind == store.KindRecord || e.Stream != vouch.Availability {
		return bundle.Item{}, false
	}
	hash, err := strconv.ParseUint(e.Key[strings.LastIndexByte(e.Key, '+')+1:], 16, 32)
	return bundle.Item{Agent: e.Agent, Key: uint32(hash), Epoch: e.Epoch, First: e.First, Hash: e.SHA256, From: e.From, Through: e.Through, Rejected: e.Kind == store.KindRejected}, err == nil
}

// selection finds the items that bear on a time.
func (c *Collector) selection(ctx context.Context, cu vouch.CustomerID, reach contract.Span, size int64) (first int64, s *bundle.Selection, err error) {
	if first, err = c.firstLeaf(ctx, cu, reach, size); err != nil {
		return 0, nil, err
	}
	s = bundle.NewSelection(reach)
	err = c.eachLeaf(ctx, cu, first, size, func(e store.Entry) error {
		if i, ok := itemOf(e); ok {
			s.See(i)
		}
		return nil
	})
	return first, s, err
}

// manifest names what a statement rests on.
func (c *Collector) manifest(ctx context.Context, cu vouch.CustomerID, b basis, period contract.Span) (bundle.Manifest, error) {
	m := bundle.Manifest{Origin: ledgerOrigin(c.opts.Origin, cu), Size: b.size, Root: b.root, Period: period, Reach: b.reach}
	records, err := c.store.Records(ctx, cu)
	if err != nil {
		return m, err
	}
	sum := sha256.New()
	for _, e := range records {
		if e.Index < b.size {
			m.Records++
			sum.Write(e.SHA256[:])
		}
	}
	m.RecordHash = evidence.Hash(sum.Sum(nil))
	first, s, err := c.selection(ctx, cu, b.reach, b.size)
	if err != nil {
		return m, err
	}
	err = c.eachLeaf(ctx, cu, first, b.size, func(e store.Entry) error {
		if i, ok := itemOf(e); ok {
			s.Name(i)
		}
		return nil
	})
	m.Chains = s.Chains()
	return m, err
}

// issuedStatement finds a version of a statement: by its number, or over a period; version 0 is
// the newest.
func (c *Collector) issuedStatement(cu vouch.CustomerID, number string, period contract.Span, version int) (book.Issue, error) {
	for _, i := range slices.Backward(of(c.book, cu, (*book.Book).Issues)) {
		if (i.Number == number || number == "" && i.Period() == period) && (version == 0 || i.Version == version) {
			return i, nil
		}
	}
	return book.Issue{}, fmt.Errorf("no such statement was issued: %w", store.ErrNotFound)
}

// bundled returns the statement that a bundle is asked of, and issues it where nobody has.
func (c *Collector) bundled(ctx context.Context, cu vouch.CustomerID, period contract.Span, version int, author string) (book.Issue, error) {
	i, err := c.issuedStatement(cu, "", period, version)
	if errors.Is(err, store.ErrNotFound) && version == 0 {
		return c.issueStatement(ctx, cu, period, author, "")
	}
	return i, err
}
