// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"crypto/x509"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Alarm is whom an agent tells by itself that it does not reach its collector.
type Alarm struct {
	After   time.Duration
	Repeat  time.Duration
	Webhook *AlarmWebhook // this or Mail
	Mail    *AlarmMail
	Roots   *x509.CertPool // who vouches for the server; nil: whom the system trusts
}

// AlarmWebhook is where an alarm is posted.
type AlarmWebhook struct {
	URL    Secret // an http or https URL
	Secret Secret // key of the HMAC; none: messages are not signed
}

// AlarmMail is to whom an alarm is mailed.
type AlarmMail struct {
	Server   string // HOST:PORT
	From     string
	To       []string
	User     string // empty: the server wants none
	Password Secret
}

// Defaults of an alarm, with their reasons.
const (
	// Longer than a collector takes to restart or a line to be switched over.
	defaultAlarmAfter = 15 * time.Minute
	// Once for each shift of whoever overlooked the first.
	defaultAlarmRepeat = 24 * time.Hour
)

func alarm(v value) *Alarm {
	if v.absent() {
		return nil
	}
	m := v.mapping()
	defer m.done()
	repeat := m.get("repeat")
	a := Alarm{After: m.get("after").duration(10*time.Second, 7*24*time.Hour, defaultAlarmAfter), Repeat: repeat.duration(10*time.Second, 31*24*time.Hour, defaultAlarmRepeat)}
	if repeat.absent() {
		a.Repeat = max(a.Repeat, a.After)
	} else if a.Repeat < a.After {
		repeat.wrong("repeat %s is shorter than after, %s, allowed is that and longer", short(a.Repeat), short(a.After))
	}
	webhook, mail := m.get("webhook"), m.get("mail")
	switch {
	case webhook.absent() && mail.absent():
		m.wrong("alarm names nobody to tell, allowed is a webhook or a mail")
	case !webhook.absent() && !mail.absent():
		mail.wrong("alarm has a webhook and a mail, allowed is one of them")
	}
	if !webhook.absent() {
		w := webhook.mapping()
		a.Webhook = &AlarmWebhook{URL: w.need("url", "where to post, as https://hooks.example.net/vouch, or a reference as file:PATH").secretLink(), Secret: w.get("secret").secret()}
		w.done()
	}
	if !mail.absent() {
		a.Mail = alarmMail(mail.mapping())
	}
	if ca := m.get("ca"); !ca.absent() {
		a.Roots = ca.roots()
	}
	return &a
}

func alarmMail(m *mapping) *AlarmMail {
	defer m.done()
	a := AlarmMail{Server: m.need("server", "HOST:PORT, as mail.example.net:587").server()}
	a.From = m.need("from", "an address, as vouch@example.net").mailAddress()
	to := m.need("to", "a list of addresses, as [noc@example.net]")
	for _, v := range to.list() {
		a.To = append(a.To, v.mailAddress())
	}
	if len(a.To) == 0 && !to.absent() {
		to.wrong("to is empty, allowed are 1 to %d addresses", maxRecipients)
	}
	if len(a.To) > maxRecipients {
		to.wrong("to has %d addresses, allowed are 1 to %d", len(a.To), maxRecipients)
	}
	user, password := m.get("user"), m.get("password")
	a.User, a.Password = user.text(""), password.secret()
	if user.absent() != password.absent() {
		m.wrong("mail has one of user and password, allowed are both or none")
	}
	return &a
}

const maxRecipients = 20

// mailAddress follows RFC 5321 section 4.1.2 as far as addresses without quotes go.
var mailAddress = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")

func (v value) mailAddress() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	if _, domain, _ := strings.Cut(s, "@"); !mailAddress.MatchString(s) || !validHost(domain) {
		v.wrong("%s %s is no mail address, allowed is one as noc@example.net, without a name", v.key, show(s))
		return ""
	}
	return s
}

// server returns HOST:PORT to connect to.
func (v value) server() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	host, port, err := net.SplitHostPort(s)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 || !validHost(host) {
		v.wrong("%s %s is no HOST:PORT, allowed is as mail.example.net:587", v.key, show(s))
		return ""
	}
	return s
}

// secretLink returns an http or https URL that stands here, or where a reference leads.
func (v value) secretLink() Secret {
	s, ok := v.rawText()
	if !ok {
		return Secret{}
	}
	if strings.Contains(s, "://") || !strings.Contains(s, ":") {
		if u := v.link(); u != nil {
			return NewSecret(s)
		}
		return Secret{}
	}
	secret := v.secret()
	if _, problem := parseLink(secret.Reveal()); secret.Reveal() != "" && problem != "" {
		v.wrong("%s: what the reference leads to is no URL (not shown), allowed is http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH", v.key)
		return Secret{}
	}
	return secret
}
