// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
)

func TestParseValueRefRefuses(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"", "is empty"},
		{"CPU load", "holds ' '"},
		{"_cpu", "holds '_'"},
		{".cpu", "is empty"},
		{"cpu.", "is empty"},
		{"-a.b", "holds '-'"},
		{"if.oper{", "not closed"},
		{"if.oper{}", "is empty"},
		{"if.oper{ifName=wan1}x", "not closed"},
		{"if.oper{ifName}", "has no value"},
		{"if.oper{ifName=}", "has no value"},
		{"if.oper{ifName=wan1, ifAlias=x}", "holds ' '"},
		{"if.oper{ifName=a,ifName=b}", "stands twice"},
		{"if.oper{ifName=a{b}", "holds a brace"},
		{"if.oper{ifName=a\nb}", "control character"},
		{"if.oper{ifName=\xff}", "UTF-8"},
		{strings.Repeat("a", 129), "129 bytes"},
	} {
		if got, err := vouch.ParseValueRef(tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseValueRef(%q) = %+v, %v, want an error with %q", tt.name, got, err, tt.want)
		}
	}
}

func TestParseValueRef(t *testing.T) {
	for _, tt := range []struct {
		name string
		want vouch.ValueRef
	}{
		{"temperature", vouch.ValueRef{Measurement: "snmp", Field: "temperature"}},
		{"if.wan.oper", vouch.ValueRef{Measurement: "if.wan", Field: "oper"}},
		{"interface.ifOperStatus{ifName=Gi0/0.1 =x,index=7}", vouch.ValueRef{Measurement: "interface", Field: "ifOperStatus",
			Tags: []vouch.Tag{{Key: "ifName", Value: "Gi0/0.1 =x"}, {Key: "index", Value: "7"}}}},
	} {
		if got, err := vouch.ParseValueRef(tt.name); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ParseValueRef(%q) = %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
}
