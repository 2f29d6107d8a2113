// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lifecycle is what happens to the packages in a root of their own, line by line. The
// directory /packages holds v1 and v2 of each. What the host has of accounts,
// configuration and data is not touched: this is another root.
const lifecycle = `
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "FAIL: $*"; exit 1; }
want() { [ "$2" = "$3" ] || fail "$1: $2, want $3"; }
mode() { stat -c '%a %U:%G' "$1"; }
every() { # everything that purging may not leave; logs and the lists of dpkg apart
	{ find /etc /usr /var /opt /srv /home -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/lib/systemd \) -prune -o \
		! -name '*-' ! -name .pwd.lock ! -path '/usr/lib/locale/*' -print 2>/dev/null | sort
	  cat /etc/passwd /etc/group /etc/shadow /etc/gshadow; } 2>/dev/null
}
every >/tmp/before
as() { setpriv --reuid="$1" --regid="$1" --clear-groups -- "${@:2}"; }
listed() { grep -c "^$1:" /etc/passwd || true; }

# Install.
dpkg -i /packages/vouch-agent_1.0.0-1_amd64.deb >/tmp/log 2>&1 || { cat /tmp/log; fail install; }
want "sentences of what to do next" "$(grep -c '^vouch-agent: next, ' /tmp/log)" 1
if grep -E '^/|postinst: ' /tmp/log; then fail "a script of the package complains"; fi
want "accounts" "$(listed vouch-agent)" 1
want "state directory" "$(mode /var/lib/vouch-agent)" "700 vouch-agent:vouch-agent"
want "secrets" "$(mode /etc/vouch-agent/secrets)" "700 vouch-agent:vouch-agent"
want "configuration" "$(mode /etc/vouch-agent/agent.yaml)" "644 root:root"
want "program" "$(vouch-agent version | cut -d' ' -f2)" v1.0.0
if grep -q ^id: /etc/vouch-agent/agent.yaml; then fail "the packaged file names an agent: it would start"; fi
drop=/etc/systemd/system/vouch-agent.service.d/net-raw.conf
cmp $drop /usr/share/vouch-agent/net-raw.conf || fail "the agent has no right to send ICMP: nobody may open ping sockets here"
if command -v systemctl >/dev/null; then
	[ -L /etc/systemd/system/multi-user.target.wants/vouch-agent.service ] || fail "the service is not enabled"
	systemd-analyze verify /usr/lib/systemd/system/vouch-agent.service 2>/tmp/verify || { cat /tmp/verify; fail "the unit is wrong"; }
	if grep vouch /tmp/verify; then fail "the unit is odd"; fi
fi

# Configure, as its owner does.
sed -i -e 's/^#id:/id:/' -e 's/^#  url:/  url:/' -e 's/^#  pin:/  pin:/' /etc/vouch-agent/agent.yaml
as vouch-agent vouch-agent check /etc/vouch-agent/agent.yaml || fail "what is filled in is refused"
as vouch-agent sh -c 'umask 077; echo sesame >/etc/vouch-agent/secrets/core'
key=$(as vouch-agent vouch-agent key --config /etc/vouch-agent/agent.yaml)
cat /etc/vouch-agent/agent.yaml /etc/vouch-agent/secrets/core /var/lib/vouch-agent/key >/tmp/mine

# Upgrade, now that the agent's group alone may open ping sockets.
gid=$(getent group vouch-agent | cut -d: -f3)
echo "$gid $gid" >/proc/sys/net/ipv4/ping_group_range
dpkg -i /packages/vouch-agent_1.1.0-1_amd64.deb >/tmp/log 2>&1 || { cat /tmp/log; fail upgrade; }
[ ! -e "$drop" ] || fail "the service has a capability that it does not need"
want "sentences after an upgrade" "$(grep -c 'next,' /tmp/log)" 0
want "program after the upgrade" "$(vouch-agent version | cut -d' ' -f2)" v1.1.0
cat /etc/vouch-agent/agent.yaml /etc/vouch-agent/secrets/core /var/lib/vouch-agent/key | cmp - /tmp/mine || fail "the upgrade changed configuration or keys"
want "key after the upgrade" "$(as vouch-agent vouch-agent key --config /etc/vouch-agent/agent.yaml)" "$key"
want "state directory after the upgrade" "$(mode /var/lib/vouch-agent)" "700 vouch-agent:vouch-agent"

# Remove, and think again.
echo "0 $((gid - 1))" >/proc/sys/net/ipv4/ping_group_range
dpkg -r vouch-agent >/tmp/log 2>&1 || { cat /tmp/log; fail remove; }
[ ! -e /usr/bin/vouch-agent ] || fail "the program is still there"
cat /etc/vouch-agent/agent.yaml /etc/vouch-agent/secrets/core /var/lib/vouch-agent/key | cmp - /tmp/mine || fail "removing took configuration or keys"
dpkg -i /packages/vouch-agent_1.1.0-1_amd64.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "install again"; }
cmp $drop /usr/share/vouch-agent/net-raw.conf || fail "the agent has no right to send ICMP: others alone may open ping sockets"
cat /etc/vouch-agent/agent.yaml /etc/vouch-agent/secrets/core /var/lib/vouch-agent/key | cmp - /tmp/mine || fail "installing again changed configuration or keys"

# The collector beside it.
dpkg -i /packages/vouch_1.0.0-1_amd64.deb /packages/vouch-verify_1.0.0-1_amd64.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "install the collector"; }
want "sentences of what to do next" "$(grep -c '^vouch: next, ' /tmp/log)" 1
vouch init --data /var/lib/vouch /etc/vouch >/dev/null
chown -R vouch: /etc/vouch/secrets
as vouch vouch check /etc/vouch 2>/dev/null || fail "what vouch init wrote is refused"
pin=$(as vouch vouch pin --config /etc/vouch/collector.yaml)
dpkg -i /packages/vouch_1.1.0-1_amd64.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "upgrade the collector"; }
want "pin after the upgrade" "$(as vouch vouch pin --config /etc/vouch/collector.yaml)" "$pin"
# From package to first word: a line from the collector, one command at the agent.
setpriv --reuid=vouch --regid=vouch --clear-groups -- vouch collector --config /etc/vouch/collector.yaml >/tmp/collector 2>&1 </dev/null &
collector=$!
trap 'kill -9 $collector 2>/dev/null || true' EXIT # a step that fails leaves nothing behind
for i in $(seq 600); do [ ! -S /var/lib/vouch/vouch.sock ] || break; sleep 0.1; done
line=$(as vouch vouch agents token --agent ams1-a --address 127.0.0.1:7443 2>/dev/null) || { cat /tmp/collector; fail "no join string"; }
(umask 077; vouch-agent enrol --no-start "$line") >/tmp/log 2>&1 || { cat /tmp/log /tmp/collector; fail "enrol"; }
for f in key heads tls.key tls.crt; do want "$f after enrolling as root" "$(mode /var/lib/vouch-agent/$f)" "600 vouch-agent:vouch-agent"; done
want "configuration after enrolling" "$(mode /etc/vouch-agent/agent.yaml)" "644 root:root"
as vouch-agent vouch-agent doctor | grep '^ok       identity: ' || { as vouch-agent vouch-agent doctor; fail "the collector does not know the agent"; }
kill "$collector"
wait "$collector" || fail "the collector did not stop"
if command -v systemctl >/dev/null; then
	systemd-analyze verify /usr/lib/systemd/system/vouch.service 2>/tmp/verify || { cat /tmp/verify; fail "the collector's unit is wrong"; }
fi

# Purge.
dpkg -P vouch-agent vouch vouch-verify >/tmp/log 2>&1 || { cat /tmp/log; fail purge; }
every >/tmp/after
diff /tmp/before /tmp/after || fail "purging left or took something"
echo done
`

// TestDebIsInstalledUpgradedRemovedAndPurged does so in an overlay over this machine's
// root, and in a long round in a fresh Debian.
func TestDebIsInstalledUpgradedRemovedAndPurged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("you are not root: packages are installed in a root of their own, which only root may make")
	}
	need(t, "dpkg", "packages are installed on Debian and Ubuntu alone")
	need(t, "unshare", "install util-linux")
	need(t, "ip", "install iproute2")
	debs := t.TempDir()
	one := packages(t)
	two := t.TempDir()
	if out, err := makePackages(t.Context(), "..", two, "v1.1.0", nil, "022", "vouch-agent/amd64", "vouch/amd64"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, dir := range []string{one, two} {
		found, err := filepath.Glob(filepath.Join(dir, "*_amd64.deb"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if err := os.Link(f, filepath.Join(debs, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	// In namespaces of its own: nothing that is mounted here outlives it, nothing that is
	// written reaches the root below, and who may open ping sockets is decided here.
	const within = `
set -eu
ip link set lo up # here, since a fresh Debian has no such command
mount -t tmpfs vouch-test "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay vouch-test -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" "$1/root" || { echo "SKIP: overlay"; exit 0; }
mkdir -p "$1/root/packages" "$1/root/proc" "$1/root/dev" "$1/root/tmp"
mount -t tmpfs vouch-test "$1/root/tmp"
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount --bind "$2" "$1/root/packages"
if dpkg --root="$1/root" -s vouch-agent vouch 2>/dev/null | grep -q '^Status: install'; then echo "SKIP: installed"; exit 0; fi
exec chroot "$1/root" bash -c "$4"
`
	roots := map[string]string{"over this machine's root": "/"}
	if soak() {
		need(t, "debootstrap", "scripts/test-deps installs it")
		fresh := filepath.Join(t.TempDir(), "fresh")
		if out, err := exec.CommandContext(t.Context(), "debootstrap", "--variant=minbase", "stable", fresh).CombinedOutput(); err != nil {
			t.Errorf("debootstrap = %v\n%s", err, out)
		} else {
			roots["in a fresh Debian"] = fresh
		}
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation=private", "--net", "bash", "-c", within, "bash",
				t.TempDir(), debs, root, lifecycle).CombinedOutput()
			switch text := string(out); {
			case strings.Contains(text, "SKIP: overlay"):
				t.Skip("no overlay file system can be mounted here: packages are not installed")
			case strings.Contains(text, "SKIP: installed"):
				t.Skip("vouch is installed on this machine: its packages are not tested over it")
			case err != nil || !strings.HasSuffix(text, "done\n"):
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestServicesAreClosed has systemd judge the units: an exposure of at most 2.0, the
// agent's with both capabilities, too.
func TestServicesAreClosed(t *testing.T) {
	need(t, "systemd-analyze", "install systemd")
	read := func(name string) string {
		body, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for name, body := range map[string]string{
		"vouch.service":       read("vouch.service"),
		"vouch-agent.service": read("vouch-agent.service"),
		"vouch-raw.service":   read("vouch-agent.service") + read("net-raw.conf"),
		"vouch-traps.service": read("vouch-agent.service") + read("net-raw.conf") + read("traps.conf"),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", path).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil {
			t.Errorf("%s = %v\n%s", name, err, out)
		}
		t.Logf("%s: %s", name, lines[len(lines)-1])
	}
	if strings.Contains(read("vouch-agent.service"), "=CAP_") || strings.Contains(read("vouch.service"), "=CAP_") {
		t.Error("a unit holds a capability by itself: only net-raw.conf and traps.conf may give one")
	}
}
