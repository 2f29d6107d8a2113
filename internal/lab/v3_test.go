// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/internal/lab"
)

const password, secret = "authpass1234", "privpass1234"

// combinations are those that Debian's net-snmp speaks, by its names and ours.
var combinations = []struct{ auth, priv, theirAuth, theirPriv string }{
	{"", "", "", ""},
	{"MD5", "", "MD5", ""},
	{"MD5", "DES", "MD5", "DES"},
	{"SHA", "DES", "SHA", "DES"},
	{"SHA", "AES", "SHA", "AES"},
	{"SHA224", "AES", "SHA-224", "AES"},
	{"SHA256", "AES", "SHA-256", "AES"},
	{"SHA384", "AES192", "SHA-384", "AES-192"},
	{"SHA512", "AES256", "SHA-512", "AES-256"},
	{"SHA", "AES192", "SHA", "AES-192"},
	{"SHA", "AES256", "SHA", "AES-256"},
	{"MD5", "AES256", "MD5", "AES-256"},
	{"SHA", "AES192C", "SHA", "AES-192-C"},
	{"SHA", "AES256C", "SHA", "AES-256-C"},
	{"MD5", "AES256C", "MD5", "AES-256-C"},
}

// login returns the words with which net-snmp asks as the user.
func login(auth, priv, password, secret string) []string {
	args := []string{"-v3", "-u", "operator", "-r", "0", "-t", "20", "-l", "noAuthNoPriv"}
	if auth != "" {
		args[len(args)-1] = "authNoPriv"
		args = append(args, "-a", auth, "-A", password)
	}
	if priv != "" {
		args[8] = "authPriv"
		args = append(args, "-x", priv, "-X", secret)
	}
	return args
}

func TestVersion3(t *testing.T) {
	want := readWalk(t, walkOf(t, start(t, lab.Config{Devices: 1, Listen: loopback("127.1.11.1"), Options: lab.Options{Still: true}}, routers()), "-v2c", "-c", "public"))
	for _, c := range combinations {
		user := &lab.User{Name: "operator", Auth: c.auth, AuthPassword: password, Privacy: c.priv, PrivacyPassword: secret}
		l := start(t, lab.Config{Devices: 2, Listen: loopback("127.1.11.1"), Options: lab.Options{Still: true}, User: user}, routers())
		differ(t, "SNMPv3 "+c.auth+" "+c.priv, readWalk(t, walkOf(t, l, login(c.theirAuth, c.theirPriv, password, secret)...)), want)
	}
}

func routers() []*lab.Recording { return []*lab.Recording{lab.NewRecording("router", lab.Router())} }

func walkOf(t *testing.T, l *lab.Lab, how ...string) string {
	t.Helper()
	return tool(t, "snmpbulkwalk", append(how, "-Onex", l.Devices()[0].Addr().String(), ".1")...)
}

func TestVersion3Refuses(t *testing.T) {
	user := &lab.User{Name: "operator", Auth: "SHA256", AuthPassword: password, Privacy: "AES", PrivacyPassword: secret}
	l := start(t, lab.Config{Devices: 1, Listen: loopback("127.1.12.1"), User: user}, routers())
	addr := l.Devices()[0].Addr().String()
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"wrong password":         {login("SHA-256", "AES", "otherpass1234", secret), "Authentication failure"},
		"wrong protocol":         {login("SHA", "AES", password, secret), "Authentication failure"},
		"unknown user":           {append(login("SHA-256", "AES", password, secret), "-u", "nobody"), "Unknown user name"},
		"no authentication":      {login("", "", "", ""), "uthorization"},
		"no privacy":             {login("SHA-256", "", password, ""), "uthorization"},
		"wrong privacy password": {login("SHA-256", "AES", password, "otherpriv1234"), "Decryption error"},
	} {
		out, err := try(t, "snmpget", append(test.args, addr, sysName)...)
		if err == nil && !strings.Contains(out, "uthorization") || !strings.Contains(out, test.says) {
			t.Errorf("%s: snmpget says %q, %v; want %q", name, out, err, test.says)
		}
	}
	if out, err := try(t, "snmpget", append(login("SHA-256", "AES", password, secret), addr, sysName)...); err != nil {
		t.Errorf("after all that the right password is refused: %s", out)
	}
}

// A manager that knows the engine finds it again after a reboot, and another one after
// a swap.
func TestVersion3RebootAndSwap(t *testing.T) {
	user := &lab.User{Name: "operator", Auth: "SHA", AuthPassword: password, Privacy: "AES", PrivacyPassword: secret}
	l := start(t, lab.Config{Devices: 1, Listen: loopback("127.1.13.1"), User: user}, routers())
	ask := func() (engine string, boots, seconds uint32) {
		t.Helper()
		addr := l.Devices()[0].Addr()
		params := &gosnmp.UsmSecurityParameters{UserName: "operator", AuthenticationProtocol: gosnmp.SHA, AuthenticationPassphrase: password,
			PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: secret}
		g := &gosnmp.GoSNMP{Target: addr.Addr().String(), Port: addr.Port(), Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel,
			MsgFlags: gosnmp.AuthPriv, SecurityParameters: params, Timeout: 20e9}
		if err := g.Connect(); err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		p, err := g.Get([]string{engineID, engineBoots, sysName})
		if err != nil || len(p.Variables) != 3 {
			t.Fatalf("Get = %+v, %v", p, err)
		}
		used := g.SecurityParameters.(*gosnmp.UsmSecurityParameters)
		if got := string(p.Variables[0].Value.([]byte)); got != used.AuthoritativeEngineID {
			t.Errorf("snmpEngineID is %x, the engine that answers %x", got, used.AuthoritativeEngineID)
		}
		if got := p.Variables[1].Value.(int); uint32(got) != used.AuthoritativeEngineBoots {
			t.Errorf("snmpEngineBoots is %d, that of the engine %d", got, used.AuthoritativeEngineBoots)
		}
		return used.AuthoritativeEngineID, used.AuthoritativeEngineBoots, used.AuthoritativeEngineTime
	}
	engine, boots, seconds := ask()
	if _, err := l.Do("reboot all"); err != nil {
		t.Fatal(err)
	}
	engine2, boots2, seconds2 := ask()
	if engine2 != engine || boots2 != boots+1 || seconds2 >= seconds {
		t.Errorf("after a reboot: engine %x, boots %d, time %d; before %x, %d, %d", engine2, boots2, seconds2, engine, boots, seconds)
	}
	if _, err := l.Do("swap all"); err != nil {
		t.Fatal(err)
	}
	if engine3, boots3, _ := ask(); engine3 == engine || boots3 != 1 {
		t.Errorf("after a swap: engine %x, boots %d; want another engine and 1", engine3, boots3)
	}
}

func TestUsersThatCannotBe(t *testing.T) {
	for problem, u := range map[string]lab.User{
		"a name has":             {},
		"none of MD5":            {Name: "a", Auth: "CRC", AuthPassword: password},
		"none of DES":            {Name: "a", Auth: "SHA", AuthPassword: password, Privacy: "ROT13", PrivacyPassword: secret},
		"at least 8":             {Name: "a", Auth: "SHA", AuthPassword: "short"},
		"without authentication": {Name: "a", Privacy: "AES", PrivacyPassword: secret},
	} {
		if _, err := lab.Open(lab.Config{Listen: loopback("127.1.14.1"), Devices: 1, User: &u}, routers()); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("Open with user %+v = %v, want an error with %q", u, err, problem)
		}
	}
}

// FuzzVersion3 sends what no manager would: it is met with silence, or with something
// that can be read.
func FuzzVersion3(f *testing.F) {
	params := &gosnmp.UsmSecurityParameters{UserName: "operator", AuthoritativeEngineID: string([]byte{0x80, 0, 0, 0, 5, 1}), AuthenticationProtocol: gosnmp.SHA,
		AuthenticationPassphrase: password, PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: secret}
	if err := params.InitSecurityKeys(); err != nil {
		f.Fatal(err)
	}
	for _, flags := range []gosnmp.SnmpV3MsgFlags{gosnmp.NoAuthNoPriv, gosnmp.AuthNoPriv, gosnmp.AuthPriv} {
		p := &gosnmp.SnmpPacket{Version: gosnmp.Version3, MsgFlags: flags | gosnmp.Reportable, SecurityModel: gosnmp.UserSecurityModel, SecurityParameters: params,
			MsgID: 7, MsgMaxSize: 1400, PDUType: gosnmp.GetRequest, Variables: []gosnmp.SnmpPDU{{Name: "." + sysName, Type: gosnmp.Null}}}
		b, err := p.MarshalMsg()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	d := lab.Play3(lab.Router(), &lab.User{Name: "operator", Auth: "SHA", AuthPassword: password, Privacy: "DES", PrivacyPassword: secret})
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, _ := d.Ask(bytes.Clone(b), d.Started()); len(out) > 1400+len(b) {
			t.Errorf("%d octets of answer", len(out))
		}
	})
}
