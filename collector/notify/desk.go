// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/store"
)

// Desk says how a service desk is spoken to over HTTP and JSON. An incident is one
// ticket, which carries the incident's key and is looked up by it before it is made, so
// that a repeat finds what the first attempt made.
//
// In paths and in values these words in braces are replaced: key (of the incident), ref
// (of the ticket, as Find or Create named it), summary, text, headline, customer,
// site, incident, transition and url. In a path what they stand for is escaped.
type Desk struct {
	Find   Request // answers with the ticket, if there is one
	Create Request
	Update Request // on every other transition
	Close  Request // on closed and withdrawn; without fields Update is sent instead
	Found  string  // where the answer to Find holds the ticket's reference, as "result.0.sys_id"
	Made   string  // where the answer to Create does
	KeyMax int     // longest key that the desk keeps
	Brief  int     // longest summary
}

// Request is one request to a desk. Its body is JSON made of fields: "a.b.0" is the
// first element of the list b of the object a.
type Request struct {
	Method, Path string
	Fields       map[string]string
}

// Desks are the templates that vouch brings along, by name.
func Desks() map[string]Desk {
	return map[string]Desk{
		// TOPdesk API, "Incident management": externalNumber holds 60 characters,
		// briefDescription 80; a search without a match answers 204.
		"topdesk": {
			Find:   Request{"GET", "/tas/api/incidents?pageSize=1&fields=id&query=externalNumber=='{key}'", nil},
			Create: Request{"POST", "/tas/api/incidents", map[string]string{"externalNumber": "{key}", "briefDescription": "{summary}", "request": "{text}"}},
			Update: Request{"PUT", "/tas/api/incidents/id/{ref}", map[string]string{"action": "{text}"}},
			Close:  Request{"PUT", "/tas/api/incidents/id/{ref}", map[string]string{"action": "{text}"}},
			Found:  "0.id", Made: "id", KeyMax: 60, Brief: 80,
		},
		// Jira Cloud platform API, version 2, whose texts are plain; the key is a label.
		"jira": {
			Find:   Request{"GET", "/rest/api/2/search/jql?maxResults=1&fields=key&jql=labels%3D%22{key}%22", nil},
			Create: Request{"POST", "/rest/api/2/issue", map[string]string{"fields.labels.0": "{key}", "fields.summary": "{summary}", "fields.description": "{text}"}},
			Update: Request{"POST", "/rest/api/2/issue/{ref}/comment", map[string]string{"body": "{text}"}},
			Close:  Request{"POST", "/rest/api/2/issue/{ref}/transitions", map[string]string{"update.comment.0.add.body": "{text}"}},
			Found:  "issues.0.key", Made: "key", KeyMax: 255, Brief: 255,
		},
		// ServiceNow Table API: correlation_id holds 100 characters, short_description 160.
		"servicenow": {
			Find:   Request{"GET", "/api/now/table/incident?sysparm_limit=1&sysparm_fields=sys_id&sysparm_query=correlation_id%3D{key}", nil},
			Create: Request{"POST", "/api/now/table/incident", map[string]string{"correlation_id": "{key}", "correlation_display": "vouch", "short_description": "{summary}", "description": "{text}"}},
			Update: Request{"PATCH", "/api/now/table/incident/{ref}", map[string]string{"work_notes": "{text}"}},
			Close:  Request{"PATCH", "/api/now/table/incident/{ref}", map[string]string{"work_notes": "{text}"}},
			Found:  "result.0.sys_id", Made: "result.sys_id", KeyMax: 100, Brief: 160,
		},
	}
}

// With returns the desk with fields added to new tickets and to closing ones. Without
// fields for closing a closed incident is a note like every other.
func (d Desk) With(create, closing map[string]string) Desk {
	add := func(r *Request, more map[string]string) {
		r.Fields = maps.Clone(r.Fields)
		if r.Fields == nil {
			r.Fields = map[string]string{}
		}
		maps.Copy(r.Fields, more)
	}
	add(&d.Create, create)
	if len(closing) == 0 {
		d.Close = d.Update
	} else {
		add(&d.Close, closing)
	}
	return d
}

// reference is what a ticket may be called: it becomes part of a path.
var reference = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// desk keeps a ticket for each incident.
type desk struct{ poster }

func (d desk) carry(ctx context.Context, i store.Intent) (receipt, error) {
	e, err := eventOf(i)
	if err != nil {
		return receipt{}, err
	}
	t := *d.ch.Desk
	fill := d.words(e, "")
	found, got, err := d.ask(ctx, t.Find, fill)
	if err != nil {
		got.unclear = false // it asked, and changed nothing
		return got, err
	}
	if e.Transition == Test {
		return receipt{answer: "the desk answers a search (" + got.answer + "); no ticket was made"}, nil
	}
	ref, err := pick(found, t.Found)
	if err != nil {
		return receipt{}, fmt.Errorf("%s answers the search with what cannot be read: %w", d.host, err)
	}
	ending := e.Transition == Closed || e.Transition == Withdrawn
	switch {
	case ref == "" && ending:
		return receipt{answer: "there is no ticket of this incident to close"}, nil
	case ref == "":
		made, got, err := d.ask(ctx, t.Create, fill)
		if err != nil {
			return got, err
		}
		if name, err := pick(made, t.Made); err == nil && name != "" {
			got.answer = "ticket " + name
		}
		return got, nil
	case e.Transition == Opened && (e.Event == incident.Opened || e.unit != ""):
		return receipt{answer: "ticket " + ref + " is there already"}, nil
	}
	change := t.Update
	if ending {
		change = t.Close
	}
	_, got, err = d.ask(ctx, change, d.words(e, ref))
	if err == nil {
		got.answer = "ticket " + ref
	}
	return got, err
}

// ask makes one request of a desk.
func (d desk) ask(ctx context.Context, r Request, fill map[string]string) ([]byte, receipt, error) {
	var body []byte
	if r.Method != http.MethodGet {
		tree, err := build(r.Fields, fill)
		if err != nil {
			return nil, receipt{}, err
		}
		if body, err = json.Marshal(tree); err != nil {
			return nil, receipt{}, err
		}
	}
	return d.send(ctx, r.Method, strings.TrimRight(d.ch.URL, "/")+replace(r.Path, fill, url.QueryEscape), d.authorize(), body)
}

func (d desk) words(e Event, ref string) map[string]string {
	w := wordsOf(d.ch)
	return map[string]string{
		"key": ticketKey(e, d.ch.Desk.KeyMax), "ref": ref, "summary": truncate(w.subject(e), d.ch.Desk.Brief), "text": w.text(e), "headline": w.headline(e),
		"customer": string(e.Customer), "site": string(e.Site), "incident": string(e.Incident), "transition": string(e.Transition), "url": e.URL,
	}
}

// replace puts words in the place of their names in braces, once.
func replace(s string, fill map[string]string, escape func(string) string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(fill)) {
		pairs = append(pairs, "{"+name+"}", escape(fill[name]))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// build makes the JSON of fields.
func build(fields, fill map[string]string) (any, error) {
	root := map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		at, parts := root, strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if at[p] != nil && !ok {
				return nil, fmt.Errorf("field %q: %q is a value already", path, p)
			}
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		if _, ok := at[parts[len(parts)-1]].(map[string]any); ok {
			return nil, fmt.Errorf("field %q is an object already", path)
		}
		at[parts[len(parts)-1]] = replace(fields[path], fill, func(s string) string { return s })
	}
	return listed(root), nil
}

// listed turns objects whose names are 0, 1, 2, ... into lists.
func listed(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	list := make([]any, len(m))
	all := len(m) > 0
	for name, child := range m {
		m[name] = listed(child)
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(list) && strconv.Itoa(n) == name {
			list[n] = m[name]
		} else {
			all = false
		}
	}
	if all {
		return list
	}
	return m
}

// pick reads the ticket's reference from an answer; empty if there is none.
func pick(body []byte, path string) (string, error) {
	if len(body) == 0 {
		return "", nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return "", errors.New("no JSON")
	}
	for p := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[p]
		case []any:
			n, err := strconv.Atoi(p)
			if err != nil || n < 0 || n >= len(at) {
				return "", nil
			}
			v = at[n]
		default:
			return "", nil
		}
	}
	switch ref := v.(type) {
	case nil:
		return "", nil
	case string:
		if reference.MatchString(ref) {
			return ref, nil
		}
	}
	return "", errors.New("no name of a ticket at " + path)
}
