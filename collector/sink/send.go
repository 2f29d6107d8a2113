// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vouch-sla/vouch/internal/retry"
)

// Class sorts errors of a time-series store by what is done next.
type Class uint8

const (
	Temporary     Class = iota // try the same again, for ever
	Configuration              // only the operator can mend it: try again, slowly
	Refused                    // nothing of the request may have been stored, and it never will be: find the bad line
	Partial                    // the good lines are stored, the others never will be
	TooLarge                   // try in smaller pieces
)

// Error is what a [Writer] returns.
type Error struct {
	Class    Class
	After    time.Duration // the store's own wish; zero for none
	Sentence string        // for people, secrets redacted
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Sentence }

// requestsPerBatch bounds the search for bad lines in one batch. A batch of 8,000
// lines with one bad line needs 27 requests.
const requestsPerBatch = 100

// send writes all parts, waiting out what can be waited out. It returns what the
// store will never take. The only error is that of ctx.
func (s *Sink) send(ctx context.Context, parts []part) ([]Skip, error) {
	if len(parts) == 0 {
		return nil, ctx.Err()
	}
	refusal, err := s.insist(ctx, parts)
	switch {
	case err != nil:
		return nil, err
	case refusal == nil:
		return nil, nil
	case len(parts) > 1:
		// Sending the halves again costs nothing but time: what is stored is overwritten.
		first, err := s.send(ctx, parts[:len(parts)/2])
		if err != nil {
			return nil, err
		}
		second, err := s.send(ctx, parts[len(parts)/2:])
		return append(first, second...), err
	case refusal.Class == Partial:
		return []Skip{skip(parts[0], refusal, 0)}, nil
	}
	budget := requestsPerBatch
	lost, err := s.sift(ctx, parts[0], refusal, &budget)
	if err != nil || lost == 0 {
		return nil, err
	}
	return []Skip{skip(parts[0], refusal, lost)}, nil
}

// sift sends a refused batch in halves, and their halves, so that every line that
// the store can take is stored. It returns how many lines were not.
func (s *Sink) sift(ctx context.Context, p part, refusal *Error, budget *int) (lost int, err error) {
	lines := bytes.Count(p.lines, []byte("\n"))
	if lines <= 1 || *budget <= 0 || refusal.Class == Partial {
		return lines, nil
	}
	cut := half(p.lines)
	for _, lines := range [][]byte{p.lines[:cut], p.lines[cut:]} {
		piece := p
		piece.lines, piece.piece = lines, true
		*budget--
		refusal, err := s.insist(ctx, []part{piece})
		if err != nil {
			return 0, err
		}
		if refusal != nil {
			n, err := s.sift(ctx, piece, refusal, budget)
			if err != nil {
				return 0, err
			}
			lost += n
		}
	}
	return lost, nil
}

// half returns the end of the line in the middle.
func half(lines []byte) int {
	if i := bytes.IndexByte(lines[len(lines)/2:len(lines)-1], '\n'); i >= 0 {
		return len(lines)/2 + i + 1
	}
	return bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
}

// insist writes parts until the store has taken them or says that it never will.
func (s *Sink) insist(ctx context.Context, parts []part) (refusal *Error, err error) {
	body := join(parts)
	for wait := s.opts.RetryMin; ; wait = min(2*wait, s.opts.RetryMax) {
		err := s.writer.Write(ctx, body)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			s.state(StateWriting, "")
			return nil, nil
		}
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Class: Temporary, Sentence: err.Error()}
		}
		pauseFor := jitter(wait)
		switch e.Class {
		case Refused, Partial, TooLarge:
			s.state(StateWriting, "")
			return e, nil
		case Configuration:
			s.state(StateConfiguration, e.Sentence)
			pauseFor = jitter(s.opts.RetrySlow)
		default:
			s.state(StateUnreachable, e.Sentence)
		}
		retry.Pause(ctx, max(pauseFor, min(e.After, s.opts.RetryAfter)))
		s.own(ctx, "measure the lag", s.survey)
	}
}

func join(parts []part) []byte {
	if len(parts) == 1 {
		return parts[0].lines
	}
	var b bytes.Buffer
	for _, p := range parts {
		b.Write(p.lines)
	}
	return b.Bytes()
}

func skip(p part, e *Error, lines int) Skip {
	sentence := e.Sentence
	if lines > 0 {
		sentence = fmt.Sprintf("%d of its lines refused: %s", lines, sentence)
	}
	return Skip{Customer: p.customer, Leaf: p.leaf, At: time.Now().UTC(), Sentence: sentence}
}

// jitter spreads waits over the upper half of d, so that many collectors do not
// come back at once.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }
