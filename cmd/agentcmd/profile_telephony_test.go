// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Telephony of which there is no recording is told apart by what it says of itself:
// many PBXs answer with the object identifier of net-snmp, and two makers share one
// enterprise number.
func TestTelephonyIsRecognised(t *testing.T) {
	const (
		linux = "1.3.6.1.4.1.8072.3.2.10"
		cisco = "1.3.6.1.4.1.9.1.2093"
	)
	p := snmp.New()
	defer p.Close()
	choose, err := chooseProfile(autoProfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id, descr                             string
		has                                   []string
		profile, kind, vendor, model, version string
	}{
		{"1.3.6.1.4.1.5003.8.1.1.73", "Product: Mediant VE SBC ;SW Version: 7.20A.258.559", nil, "audiocodes-sbc", "sbc", "AudioCodes", "Mediant VE SBC", "7.20A.258.559"},
		{"1.3.6.1.4.1.5003.8.1.1.69", "Product: Mediant 800B;SW Version: 7.20A.254.375", nil, "audiocodes-gateway", "gateway", "AudioCodes", "Mediant 800B", "7.20A.254.375"},
		{"1.3.6.1.4.1.1768.100.4.40.1", "SN5541/4JS4V/EUI, Trinity 3.16.2-19051", nil, "patton-gateway", "gateway", "Patton", "SN5541/4JS4V", "3.16.2"},
		{"1.3.6.1.4.1.6666.1.4", "IP811[13r3 sr5], Bootcode[1311], Hardware[IP811-601]", nil, "innovaphone", "pbx", "innovaphone", "IP811", "13r3 sr5"},
		{"1.3.6.1.4.1.6666", "V11r1 IPVA", nil, "innovaphone", "pbx", "innovaphone", "IPVA", ""},
		{linux, "Linux HT814 4.4.169 #2 armv7l", []string{"1.3.6.1.4.1.42397.1.2.2.2.4.0|4|Registered"}, "grandstream-ht", "ata", "Grandstream", "HT814", ""},
		{linux, "Linux GXW42XX 2.6.33 mips", []string{"1.3.6.1.4.1.42397.1.1.2.1.1.0.0|4|On Hook"}, "grandstream-gxw", "gateway", "Grandstream", "GXW42XX", ""},
		{linux, "Linux UCM6302 4.19.0 aarch64", nil, "grandstream-ucm", "pbx", "Grandstream", "UCM6302", ""},
		{"1.3.6.1.4.1.42397", "GXP2170 1.0.11.64", nil, "grandstream", "phone", "Grandstream", "GXP2170", "1.0.11.64"},
		{linux, "Linux freepbx.customer.example 3.10.0-1127.19.1.el7.x86_64 #1 SMP", []string{"1.3.6.1.4.1.22736.1.1.1.0|4|16.30.0"}, "sangoma-pbx", "pbx", "Sangoma", "freepbx", "16.30.0"},
		{"1.3.6.1.4.1.4686.11", "Vega50 R125S013", nil, "sangoma-vega", "gateway", "Sangoma", "Vega50", ""},
		{linux, "Linux MyPBX 2.6.28", []string{"1.3.6.1.4.1.22736.1.5.1.0|66|3"}, "yeastar", "pbx", "Yeastar", "MyPBX", ""},
		{"1.3.6.1.4.1.22736.1", "S100 30.15.0.64", nil, "yeastar", "pbx", "Yeastar", "S100", "30.15.0.64"},
		{linux, "Linux P560", []string{"1.3.6.1.4.1.22736.1.5.1.0|66|3", "1.3.6.1.4.1.22736.3.1.1.0|4|P560", "1.3.6.1.4.1.22736.3.1.9.0|2|3"}, "yeastar-p", "pbx", "Yeastar", "P560", ""},
		{linux, "Linux pbx 6.1", []string{"1.3.6.1.4.1.22736.1.5.1.0|66|3"}, "asterisk", "pbx", "Asterisk", "", ""},
		{cisco, "Cisco IOS Software, VG3X0 Software (VG3X0-UNIVERSALK9-M), Version 15.7(3)M5, RELEASE", []string{"1.3.6.1.4.1.9.9.63.1.3.8.2.0|66|1"}, "cisco-voice-gateway", "gateway", "", "", ""},
		{cisco, "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.7(3)M5, RELEASE", []string{"1.3.6.1.4.1.9.9.86.1.1.1.1.2.1|2|1"}, "cisco-voice-gateway", "gateway", "", "", ""},
		{cisco, "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.7(3)M5, RELEASE", []string{"1.3.6.1.4.1.9.9.63.1.3.8.2.0|66|0"}, "cisco-router", "", "", "", ""},
		{"1.3.6.1.4.1.9.1.1348", "Hardware:VMware, 1  Intel, Software:UCOS 6.0.0.0-2", []string{"1.3.6.1.2.1.54.1.1.1.1.3.1|4|Connection Conversation Manager", "1.3.6.1.2.1.54.1.1.1.1.4.1|4|12.5.1.11900-57"}, "cisco-ucos", "pbx", "Cisco", "Unity Connection", "12.5.1.11900-57"},
		{"1.3.6.1.4.1.9.1.1348", "Hardware:VMware, 1  Intel, Software:UCOS 6.0.0.0-2", nil, "cisco-ucos", "pbx", "Cisco", "UCOS", "6.0.0.0-2"},
		{"1.3.6.1.4.1.311.1.1.3.1.2", "Hardware: x86 - Software: Windows 2000", []string{"1.3.6.1.4.1.9.9.156.1.5.5.0|65|40"}, "cisco-cucm", "pbx", "Cisco", "Unified Communications Manager", ""},
		{"1.3.6.1.4.1.6889.1.2.3", "IP 500 V2 11.1.2.4.0 build 18", nil, "avaya-ipoffice", "pbx", "Avaya", "IP 500 V2", "11.1.2.4.0"},
		{"1.3.6.1.4.1.6889.1.45.103.12", "Avaya Inc., G450 Media Gateway, SW Version 41.24.0", nil, "avaya", "gateway", "Avaya", "G450", "41.24.0"},
		{"1.3.6.1.4.1.1027.1.2.3", "VerSw:15.0.1.9;VerHw:PPC8270;VerMitel:3300 ICP", nil, "mitel", "pbx", "Mitel", "3300 ICP", "15.0.1.9"},
		{"1.3.6.1.4.1.231.7.2.9", "HiPath3800 V9 R2.10", nil, "unify-hipath", "pbx", "Unify", "HiPath3800", "V9 R2.10"},
		{linux, "Linux OmniPCX Enterprise 4.19", nil, "alcatel-omnipcx", "pbx", "Alcatel-Lucent Enterprise", "OmniPCX Enterprise", ""},
		{"1.3.6.1.4.1.9148.1.1.3", "Acme Packet 3900 SCZ8.4.0 Patch 6 (Build 321)", nil, "oracle-sbc", "sbc", "Oracle", "Acme Packet 3900", "SCZ8.4.0"},
		{"1.3.6.1.4.1.99999.1", "A gateway", []string{"1.3.6.1.2.1.10.20.1.3.4.1.2.5|2|3"}, "isdn-gateway", "gateway", "", "", ""},
		{"1.3.6.1.4.1.99999.1", "A proxy", []string{"1.3.6.1.2.1.149.1.1.1.1.2.1|2|2"}, "sip-common", "sip-server", "", "", ""},
	} {
		walk := "1.3.6.1.2.1.1.1.0|4|" + tt.descr + "\n1.3.6.1.2.1.1.2.0|6|" + tt.id + "\n1.3.6.1.2.1.1.3.0|67|4200\n" + strings.Join(tt.has, "\n") + "\n"
		r, err := askRecording(t.Context(), p, choose, []byte(walk))
		if err != nil || r.Outcome != vouch.Up {
			t.Errorf("%s: %v %v", tt.descr, r.Outcome, err)
			continue
		}
		d := r.Device
		class := vouch.ClassTelephony
		if tt.profile == "cisco-router" {
			class = vouch.ClassRouter
		}
		if d.Profile != tt.profile || d.Class != class {
			t.Errorf("%s is recognised as %s (%s), want %s (%s)", tt.descr, d.Profile, d.Class, tt.profile, class)
			continue
		}
		for _, f := range []struct{ name, got, want string }{{"kind", d.Kind, tt.kind}, {"vendor", d.Vendor, tt.vendor}, {"model", d.Model, tt.model}, {"version", d.Version, tt.version}} {
			if f.want != "" && f.got != f.want {
				t.Errorf("%s: %s is %q, want %q", tt.descr, f.name, f.got, f.want)
			}
		}
	}
}
