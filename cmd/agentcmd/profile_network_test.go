// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Routers and firewalls of which there is no recording are told apart by what they say
// of themselves: one enterprise number holds routers, switches and firewalls, and many
// devices answer with the object identifier of net-snmp.
func TestNetworkIsRecognised(t *testing.T) {
	const (
		linux   = "1.3.6.1.4.1.8072.3.2.10"
		freebsd = "1.3.6.1.4.1.8072.3.2.8"
		bsnmpd  = "1.3.6.1.4.1.12325.1.1.2.1.1"
		cisco   = "1.3.6.1.4.1.9.1.1041"
		junos   = "1.3.6.1.4.1.2636.1.1.1.2.131"
		zld     = "1.3.6.1.4.1.890.1.15"
	)
	p := snmp.New()
	defer p.Close()
	choose, err := chooseProfile(autoProfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id, descr              string
		has                    []string
		profile                string
		class                  vouch.Class
		vendor, model, version string
	}{
		{cisco, "Cisco IOS Software, ir800 Software (ir800-UNIVERSALK9-M), Version 15.8(3)M2a, RELEASE SOFTWARE (fc1)", nil, "cisco-router", vouch.ClassRouter, "Cisco", "ir800", "15.8(3)M2a"},
		{cisco, "Cisco IOS Software [Amsterdam], ISR Software (ARMV8EB_LINUX_IOSD-UNIVERSALK9_IAS-M), Version 17.3.4a, RELEASE SOFTWARE (fc3)", []string{"1.3.6.1.2.1.47.1.1.1.1.5.1|2|3", "1.3.6.1.2.1.47.1.1.1.1.13.1|4|C1111-4P"}, "cisco-router", vouch.ClassRouter, "Cisco", "C1111-4P", "17.3.4a"},
		{cisco, "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.7(3)M5, RELEASE SOFTWARE (fc1)", nil, "cisco-router", vouch.ClassRouter, "Cisco", "C2900", "15.7(3)M5"},
		{cisco, "Cisco IOS XR Software (Cisco ASR9K Series),  Version 6.1.4[Default]", nil, "cisco-router", vouch.ClassRouter, "Cisco", "", "6.1.4"},
		{"1.3.6.1.4.1.9.1.209", "Cisco Internetwork Operating System Software IOS (tm) C2600 Software (C2600-IPBASE-M), Version 12.3(6)", nil, "cisco-router", vouch.ClassRouter, "Cisco", "C2600", "12.3(6)"},
		{cisco, "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E2, RELEASE SOFTWARE (fc3)", nil, "cisco-switch", vouch.ClassSwitch, "Cisco", "C2960X", "15.2(7)E2"},
		{cisco, "Cisco IOS Software [Gibraltar], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 16.12.4, RELEASE SOFTWARE (fc5)", nil, "cisco-switch", vouch.ClassSwitch, "Cisco", "", "16.12.4"},
		{"1.3.6.1.4.1.9.12.3.1.3.1467", "Cisco NX-OS(tm) n9000, Software (n9000-dk9), Version 7.0(3)I7(6), RELEASE SOFTWARE", nil, "cisco-switch", vouch.ClassSwitch, "Cisco", "", "7.0(3)I7(6)"},
		{"1.3.6.1.4.1.9.6.1.83.28.1", "28-Port Gigabit Managed Switch", nil, "cisco-switch", vouch.ClassSwitch, "Cisco", "", ""},
		{cisco, "Cisco Adaptive Security Appliance Version 9.8(2)20", nil, "cisco-asa", vouch.ClassFirewall, "Cisco", "", "9.8(2)20"},
		{cisco, "driving oxen", []string{"1.3.6.1.4.1.9.9.147.1.2.1.1.1.3.6|2|9"}, "cisco-asa", vouch.ClassFirewall, "Cisco", "", ""},
		{cisco, "Cisco Firepower Threat Defense, Version 6.4.0, Build 102", nil, "cisco-asa", vouch.ClassFirewall, "Cisco", "", "6.4.0"},
		{"1.3.6.1.4.1.9.12.3.1.3.1562", "Cisco FX-OS(tm) Firepower 4110, Version 2.3(1.88)", nil, "cisco-asa", vouch.ClassFirewall, "Cisco", "", "2.3(1.88)"},
		{cisco, "Cisco IOS Software, C1240 Software (C1240-K9W7-M), Version 12.4(25d)JA, RELEASE SOFTWARE (fc1)", nil, "cisco-wlan", vouch.ClassAccessPoint, "Cisco", "C1240", "12.4(25d)JA"},
		{cisco, "Cisco Identity Services Engine", nil, "cisco-server", vouch.ClassServer, "Cisco", "", ""},
		{"1.3.6.1.4.1.9.9999.1", "Something new", nil, "cisco-router", vouch.ClassRouter, "Cisco", "", ""},

		{"1.3.6.1.4.1.14988.1", "RouterOS CCR1036-12G-4S", nil, "mikrotik", vouch.ClassRouter, "MikroTik", "CCR1036-12G-4S", ""},
		{"1.3.6.1.4.1.14988.2", "CSS326-24G-2S+ SwOS v2.8", nil, "mikrotik-swos", vouch.ClassSwitch, "MikroTik", "CSS326-24G-2S+", "2.8"},

		{junos, "Juniper Networks, Inc. srx340 internet router, kernel JUNOS 18.2R3.4, Build date: 2019-07-18 06:37:27 UTC Copyright (c) 1996-2019 Juniper Networks, Inc.", nil, "juniper-srx", vouch.ClassFirewall, "Juniper", "srx340", "18.2R3.4"},
		{junos, "Juniper Networks, Inc. vsrx internet router, kernel JUNOS 15.1X49-D140.2, Build date: 2018-05-25", nil, "juniper-srx", vouch.ClassFirewall, "Juniper", "vsrx", "15.1X49-D140.2"},
		{junos, "driving oxen", []string{"1.3.6.1.4.1.2636.3.39.1.12.1.1.1.4.0|66|7"}, "juniper-srx", vouch.ClassFirewall, "Juniper", "", ""},
		{junos, "Juniper Networks, Inc. mx5-t internet router, kernel JUNOS 16.1R6.7, Build date: 2017-12-07", nil, "juniper-router", vouch.ClassRouter, "Juniper", "mx5-t", "16.1R6.7"},
		{junos, "Juniper Networks, Inc. qfx5130-32cd Ethernet Switch, kernel JUNOS 21.2R1-S1.1-EVO, Build date: 2021", nil, "juniper-switch", vouch.ClassSwitch, "Juniper", "qfx5130-32cd", "21.2R1-S1.1-EVO"},
		{junos, "Juniper Networks, Inc. ex2200-24t-4g internet router, kernel JUNOS 12.3R6.6", nil, "juniper-switch", vouch.ClassSwitch, "Juniper", "ex2200-24t-4g", "12.3R6.6"},

		{"1.3.6.1.4.1.12356.101.1.10004", "branch firewall", []string{"1.3.6.1.4.1.12356.100.1.1.1.0|4|FG100E4Q00000000", "1.3.6.1.4.1.12356.101.4.1.1.0|4|v7.0.5,build0304,220208 (GA.F)"}, "fortinet-firewall", vouch.ClassFirewall, "Fortinet", "FG100E", "7.0.5"},
		{"1.3.6.1.4.1.12356.15.1000", "FG100A", nil, "fortinet-firewall", vouch.ClassFirewall, "Fortinet", "", ""},
		{"1.3.6.1.4.1.12356.106.1.10", "FortiSwitch-124E", nil, "fortinet", vouch.ClassOther, "Fortinet", "", ""},

		{bsnmpd, "pfSense fw1.example 2.4.4-RELEASE FreeBSD 11.2-RELEASE-p10 amd64", nil, "pfsense", vouch.ClassFirewall, "Netgate", "pfSense", "2.4.4"},
		{freebsd, "FreeBSD OPNsense.localdomain 12.1-RELEASE-p16-HBSD FreeBSD 12.1-RELEASE-p16-HBSD amd64", nil, "opnsense", vouch.ClassFirewall, "Deciso", "OPNsense", ""},
		{bsnmpd, "pfSense fw1.example 2.4.4-RELEASE FreeBSD 11.2", []string{"1.3.6.1.4.1.12325.1.200.1.3.1.0|66|7"}, "pfsense", vouch.ClassFirewall, "Netgate", "pfSense", "2.4.4"},
		{bsnmpd, "fw.example 1540421 FreeBSD 11.1-RELEASE", []string{"1.3.6.1.4.1.12325.1.200.1.3.1.0|66|7"}, "freebsd-firewall", vouch.ClassFirewall, "", "", "11.1-RELEASE"},
		{bsnmpd, "host.example 1540421 FreeBSD 11.1-RELEASE", nil, "freebsd", vouch.ClassServer, "", "", "11.1-RELEASE"},
		{freebsd, "FreeBSD host.example 13.2-RELEASE FreeBSD 13.2-RELEASE amd64", nil, "freebsd", vouch.ClassServer, "", "", "13.2-RELEASE"},

		{"1.3.6.1.4.1.25461.2.3.40", "Palo Alto Networks PA-440 series firewall", []string{"1.3.6.1.4.1.25461.2.1.2.1.1.0|4|10.1.3"}, "paloalto", vouch.ClassFirewall, "Palo Alto Networks", "PA-440", "10.1.3"},
		{"1.3.6.1.4.1.8741.1", "SonicWALL NSA 3600 (SonicOS Enhanced 6.2.7.1-23n)", nil, "sonicwall", vouch.ClassFirewall, "SonicWall", "NSA 3600", "6.2.7.1-23n"},
		{"1.0.3.0.6.0.1.0", "Something else", nil, "generic", vouch.ClassOther, "", "", ""},
		{"1.3.6.1.4.1.2604.5", "Linux localhost 4.14.38", []string{"1.3.6.1.4.1.2604.5.1.1.2.0|4|XGS2100", "1.3.6.1.4.1.2604.5.1.1.3.0|4|19.0.1 MR-1-Build365"}, "sophos", vouch.ClassFirewall, "Sophos", "XGS2100", "19.0.1 MR-1-Build365"},
		{"1.3.6.1.4.1.21067.2", "Linux localhost 3.14.22", []string{"1.3.6.1.4.1.2604.5.1.1.2.0|4|XG115w"}, "sophos", vouch.ClassFirewall, "Sophos", "XG115w", ""},
		{"1.3.6.1.4.1.9789.1500", "Linux utm 3.12.74", nil, "sophos-utm", vouch.ClassFirewall, "Sophos", "", ""},
		{"1.3.6.1.4.1.3097.1.5.56", "XTM515", nil, "watchguard", vouch.ClassFirewall, "WatchGuard", "XTM515", ""},
		{"1.3.6.1.4.1.3097.1.4.32", "WatchGuard Firebox T35-W, Fireware v12.5.4", nil, "watchguard", vouch.ClassFirewall, "WatchGuard", "T35-W", "12.5.4"},
		{"1.3.6.1.4.1.2620.1.6.123.1.49", "Linux gw 2.6.18-92cpx86_64 #1 SMP", nil, "checkpoint", vouch.ClassFirewall, "Check Point", "", ""},
		{"1.3.6.1.4.1.29671.2.104", "Meraki MX64 Cloud Managed Router", nil, "meraki-mx", vouch.ClassFirewall, "Cisco Meraki", "MX64", ""},
		{"1.3.6.1.4.1.29671.2.33", "Meraki MR33 Cloud Managed AP", nil, "meraki", vouch.ClassAccessPoint, "Cisco Meraki", "MR33", ""},

		{zld, "USG FLEX 200", nil, "zyxel-firewall", vouch.ClassFirewall, "Zyxel", "USG FLEX 200", ""},
		{zld, "ATP500", nil, "zyxel-firewall", vouch.ClassFirewall, "Zyxel", "ATP500", ""},
		{"1.3.6.1.4.1.890.1.6.22", "ZyWALL USG 20", nil, "zyxel-firewall", vouch.ClassFirewall, "Zyxel", "ZyWALL USG 20", ""},
		{zld, "NWA5123-AC", nil, "zyxel-ap", vouch.ClassAccessPoint, "Zyxel", "NWA5123-AC", ""},
		{"1.3.6.1.4.1.890.1.5.8.68", "GS1920-24", nil, "zyxel-switch", vouch.ClassSwitch, "Zyxel", "GS1920-24", ""},
		{"1.3.6.1.4.1.890.1.2.1.24", "P-2602HW", nil, "zyxel-router", vouch.ClassRouter, "Zyxel", "P-2602HW", ""},

		{"1.3.6.1.4.1.41112.1.5", "EdgeOS v2.0.8-hotfix.1.5278088.200305.1641", nil, "ubiquiti-edgeos", vouch.ClassRouter, "Ubiquiti", "", "2.0.8-hotfix.1"},
		{linux, "Linux UniFiSecurityGateway3P 3.10.20-UBNT #1 SMP", nil, "ubiquiti-gateway", vouch.ClassRouter, "Ubiquiti", "UniFiSecurityGateway3P", "3.10.20"},
		{linux, "Linux UDM-Pro 4.19.152-ui-alpine #4.19.152 SMP", nil, "ubiquiti-gateway", vouch.ClassRouter, "Ubiquiti", "UDM-Pro", "4.19.152"},
		{linux, "UAP-AC-Pro-Gen2 4.3.20.11298", []string{"1.3.6.1.4.1.41112.1.6.3.3.0|4|UAP-AC-Pro-Gen2"}, "ubiquiti-unifi", vouch.ClassAccessPoint, "Ubiquiti", "UAP-AC-Pro-Gen2", "4.3.20.11298"},
		{linux, "U7LT 5.43.23.12533", nil, "ubiquiti-unifi", vouch.ClassAccessPoint, "Ubiquiti", "U7LT", "5.43.23.12533"},
		{"1.3.6.1.4.1.10002.1", "Linux 2.6.33 #1 Fri Nov 7 15:39:38 EET 2014 mips", []string{"1.3.6.1.4.1.41112.1.4.1.1.2.1|2|1"}, "ubiquiti", vouch.ClassAccessPoint, "Ubiquiti", "", ""},
		{"1.3.6.1.4.1.4413", "US-24-250W, 3.7.45.7107, Linux 3.6.5", nil, "ubiquiti-switch", vouch.ClassSwitch, "Ubiquiti", "US-24-250W", "3.7.45"},

		{"1.3.6.1.4.1.7367", "DrayTek Corporation, Router Model: Vigor2925 Series, Version: 3.8.4.3, Build Date/Time:May 24 2017 15:42:13, CPU Usage: 3%", nil, "draytek", vouch.ClassRouter, "DrayTek", "Vigor2925", "3.8.4.3"},
		{linux, "Linux Teltonika-RUTX11.com 4.14.221 #0 SMP armv7l", []string{"1.3.6.1.4.1.48690.1.2.0|4|RUTX11", "1.3.6.1.4.1.48690.1.6.0|4|RUTX_R_00.02.06.1"}, "teltonika", vouch.ClassRouter, "Teltonika", "RUTX11", "RUTX_R_00.02.06.1"},
		{linux, "Linux Teltonika-RUT240 3.18.44 #1 mips", nil, "teltonika", vouch.ClassRouter, "Teltonika", "RUT240", ""},
		{"1.3.6.1.4.1.13191.1.1.111", "ONEOS16-MONO_FT-V5.2R1E1", nil, "oneaccess", vouch.ClassRouter, "OneAccess", "ONEOS16-MONO_FT", "5.2R1E1"},
		{"1.3.6.1.4.1.272.4.201.66.85.49.1", "bintec elmeg be.IP plus V.10.1 Rev. 27 Patch 3", nil, "bintec", vouch.ClassRouter, "bintec elmeg", "be.IP plus", "10.1 Rev. 27"},
		{"1.3.6.1.4.1.2356.11.8.8.1", "LANCOM 1781VA-4G (over ISDN) 9.10.0426 / 12.05.2015", nil, "lancom", vouch.ClassRouter, "LANCOM", "1781VA-4G", "9.10.0426"},
		{"1.3.6.1.4.1.20992.1.2", "Cradlepoint IBR900-600M, Firmware Version 7.0.40.4c9f1e7", nil, "cradlepoint", vouch.ClassRouter, "Cradlepoint", "IBR900-600M", ""},
		{"1.3.6.1.4.1.44641", "VyOS 1.3.0-epa1", nil, "vyos", vouch.ClassRouter, "VyOS", "", "1.3.0-epa1"},
		{"1.3.6.1.4.1.23695", "Peplink MAX BR1 Mini", nil, "peplink", vouch.ClassRouter, "Peplink", "MAX BR1 Mini", ""},
		{"1.3.6.1.4.1.11.2.3.7.11.87", "ProCurve J9019B Switch 2510B-24, revision Q.11.57, ROM Q.10.02", nil, "hp-switch", vouch.ClassSwitch, "HPE", "J9019B Switch 2510B-24", "Q.11.57"},
		{"1.3.6.1.4.1.14823.1.1.32", "ArubaOS (MODEL: Aruba7005), Version 6.5.1.4 (57204)", nil, "aruba", vouch.ClassAccessPoint, "Aruba", "Aruba7005", "6.5.1.4"},

		{linux, "Linux OpenWrt 5.15.137 #0 SMP aarch64", nil, "openwrt", vouch.ClassRouter, "OpenWrt", "", "5.15.137"},
		{linux, "Linux mail.example 6.1.0-18-amd64 #1 SMP x86_64", nil, "linux", vouch.ClassServer, "", "", "6.1.0-18-amd64"},
		{"1.3.6.1.4.1.99999.1", "Acme toaster", nil, "generic", vouch.ClassOther, "", "", ""},
	} {
		walk := "1.3.6.1.2.1.1.1.0|4|" + tt.descr + "\n1.3.6.1.2.1.1.2.0|6|" + tt.id + "\n1.3.6.1.2.1.1.3.0|67|4200\n" + strings.Join(tt.has, "\n") + "\n"
		r, err := askRecording(t.Context(), p, choose, []byte(walk))
		if err != nil || r.Outcome != vouch.Up {
			t.Errorf("%s: %v %v", tt.descr, r.Outcome, err)
			continue
		}
		d := r.Device
		if d.Profile != tt.profile || d.Class != tt.class {
			t.Errorf("%s is recognised as %s (%s), want %s (%s)", tt.descr, d.Profile, d.Class, tt.profile, tt.class)
			continue
		}
		for _, f := range []struct{ name, got, want string }{{"vendor", d.Vendor, tt.vendor}, {"model", d.Model, tt.model}, {"version", d.Version, tt.version}} {
			if f.want != "" && f.got != f.want {
				t.Errorf("%s: %s is %q, want %q", tt.descr, f.name, f.got, f.want)
			}
		}
	}
}
