#!/usr/bin/env python3
# SPDX-FileCopyrightText: The vouch authors
# SPDX-License-Identifier: Apache-2.0
"""A second verifier of bundles, written from evidence-format.md alone; the numbers are its sections.

    verify.py [--key KEY]... FILE.zip        exit status: 0 sound, 1 not, 2 misused

It needs Python 3.9 and its package cryptography (Debian: python3-cryptography). It checks the zip
file, every signature, the tree of leaves at both checkpoints, that each record and each item stands
where it should, the chains, the manifest, and that the statement is the one that was issued. Where
service is agreed around the clock, nothing is excluded and no threshold is agreed, it computes the
seconds up, down and unknown of each device from the samples, and holds them against the statement.

It leaves out: anchors, acceptances, corrections, earlier bundles, telemetry, excerpts, why a batch was
rejected, whether a check was assigned, the one spelling of headers and JSON, and of the statement
everything but those seconds. It reads files whole, and bounds nothing but their size.
"""
import argparse, base64, bisect, calendar, gzip, hashlib, io, json, re, sys, time, zipfile
try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("verify.py needs the Python package cryptography (Debian: python3-cryptography)", file=sys.stderr)
    sys.exit(2)

DAY, FAR, LARGEST = 86400, 1 << 62, 1 << 30

def need(ok, what):
    if not ok:
        raise ValueError(what)

def sha(b):
    return hashlib.sha256(b).digest()

def b64(raw):
    return base64.b64encode(raw).decode()

def unb64(text):
    raw = base64.b64decode(text, validate=True)
    need(b64(raw) == text, "base64 has another spelling")
    return raw

def milli(text):  # an instant in Unix milliseconds
    whole, _, part = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int((part + "000")[:3])

def ceil(a, b):
    return -(-a // b)

# 1, 2: headers, keys, notes

READ = {**dict.fromkeys(("epoch", "seq", "first", "dropped", "lines"), int), **dict.fromkeys(("note", "last"), unb64),
        **dict.fromkeys(("from", "through", "received", "recorded", "effective"), milli), "prev": lambda s: None if s == "none" else unb64(s)}
RECORD = "customer kind id recorded effective author corrects? nonce"
ITEM = "agent location customer stream epoch first? seq prev begins? last? nonce boot from through reason? sealed clock? dropped? lines?"
LEAF = "kind customer agent? stream? epoch? seq? record? key note received reason?"

def header(text, form, names):
    """The fields of a header, in their order, and what stands after it."""
    first, *lines = text.split("\n")
    need(first == "vouch/" + form + " v1", f"it is no {form}: {first[:40]!r}")
    out = {}
    for name in names.split():
        key = name.rstrip("?")
        if lines and lines[0].startswith(key + ": "):
            out[key] = READ.get(key, str)(lines.pop(0)[len(key) + 2:])
        else:
            need(name != key, f"the {form} has no {key} where it should")
    return out, lines

def key(line):
    name, digits, rest = line.split("+", 2)
    raw = unb64(rest)
    need(len(raw) == 33 and raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == digits, f"the key {line[:80]!r} is damaged")
    return name, digits, raw[1:]

def renamed(k, name):
    return name, sha(name.encode() + b"\n\x01" + k[2])[:4].hex(), k[2]

def opened(raw, keys, alone=True):
    """The text of a signed note and the key that signed it."""
    need(0 < len(raw) <= 1 << 20, "a note is empty or too long")
    text, _, signatures = raw.decode().rpartition("\n\n")
    need(signatures.endswith("\n") and (not alone or signatures.count("\n") == 1), "a note has no signature, or more than one")
    for line in signatures.split("\n")[:-1]:
        dash, name, rest = line.split(" ")
        sig = unb64(rest)
        for k in keys:
            if dash == "\u2014" and k[0] == name and k[1] == sig[:4].hex():
                try:
                    Ed25519PublicKey.from_public_bytes(k[2]).verify(sig[4:], (text + "\n").encode())
                except Exception:
                    raise ValueError(f"the signature of {name} is wrong: {text[:60]!r}...")
                return text + "\n", k
    raise ValueError(f"no key that is known signed {text[:60]!r}...")

def notes(data):
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        at += 4 + size
        need(0 < size <= 1 << 20 and at <= len(data), f"a note claims {size} bytes")
        yield data[at - size:at]

# 15.2: columns

def unpacked(data):
    """The notes of a day."""
    at = 0
    def take(n):
        nonlocal at
        at += n
        need(at <= len(data), "a block ends early")
        return data[at - n:at]
    def count():
        out = shift = 0
        while True:
            b = take(1)[0]
            out, shift = out | (b & 127) << shift, shift + 7
            need(shift <= 70, "a count does not end")
            if b < 128:
                return out
    while at < len(data):
        steps = [count() for _ in range(count())]
        forms = [take(count()).split(b"\0") for _ in range(count())]
        text = iter(take(count()).splitlines(True))
        uses = [steps.count(f + 2) for f in range(len(forms))]
        columns = [[(take(1)[0], count(), take(1)[0], [0] * uses[f]) for _ in form[1:]] for f, form in enumerate(forms)]
        for plane in range(7, -1, -1):
            for _, _, width, kept in (c for form in columns for c in form):
                for n, b in enumerate(take(len(kept)) if width > plane else b""):
                    kept[n] |= b << 8 * plane
        lines = [filled(*x) for x in zip(forms, columns)]
        note = b""
        for s in steps:
            if s:
                line = next(text if s == 1 else lines[s - 2], None)
                need(line is not None, "a block has fewer lines than it asks for")
                note += line
            else:
                yield note
                note = b""

def filled(form, columns):
    """The lines of a form."""
    before = [0] * len(columns)
    for use in range(len(columns[0][3]) if columns else 0):
        line = form[0]
        for i, (mode, base, _, kept) in enumerate(columns):
            other = (0, before[i], before[i - 1])[mode]
            before[i] = ((base >> 1 ^ -(base & 1)) + kept[use] + other) % (1 << 64)
            line += b"%d" % before[i] + form[i + 1]
        yield line + b"\n"

# 9, 10: leaves and their tree (RFC 6962 section 2.1)

def node(a, b):
    return sha(b"\x01" + a + b)

def grow(edges, size, leaf):
    edges.append(sha(b"\x00" + leaf.encode()))
    while size & 1:
        edges[-2:], size = [node(*edges[-2:])], size >> 1

def root(edges):
    out = edges[-1] if edges else sha(b"")
    for h in edges[-2::-1]:
        out = node(h, out)
    return out

def leads(leaf, index, size, path):
    """The root that an inclusion proof leads to."""
    out, last = sha(b"\x00" + leaf.encode()), size - 1
    need(0 <= index <= last, "a proof is of no leaf of the tree")
    for h in path:
        need(last > 0, "a proof is too long")
        if index & 1 or index == last:
            out = node(h, out)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            out = node(out, h)
        index, last = index >> 1, last >> 1
    need(last == 0, "a proof is too short")
    return out

# 4: lines

WORD = r"(?:[^,= \\]|\\[,= ])+"
VALUE = r'(?:"(?:[^"\\]|\\")*"|[^," ]+)'
LINE = re.compile(rf"(check|reference)((?:,{WORD}={WORD})+) ({WORD}={VALUE}(?:,{WORD}={VALUE})*) (\d+)")
PAIR = re.compile(rf"({WORD})=({VALUE})")

def sample(line):
    m = LINE.fullmatch(line)
    need(m, f"a line cannot be read: {line[:80]!r}")
    plain = lambda s: re.sub("%(..)", lambda x: chr(int(x[1], 16)), re.sub(r'\\([,= "])', r"\1", s))
    tags, fields = ({plain(k): plain(v.strip('"')) for k, v in PAIR.findall(part)} for part in (m[2], m[3]))
    out = {**tags, "at": int(m[4]), "says": fields["outcome"], "why": fields.get("reason")}
    out.update({k: int(fields[k + "_us"].rstrip("i")) for k in ("interval", "timeout")})
    out["of"] = (tags["agent"], tags.get("device"), tags.get("check") or tags["reference"], tags["kind"], tags.get("role"))
    return out

# 16.1, 16.3: what the records say, and which days are judged

class Book:
    def __init__(self):
        self.versions, self.sites, self.leases, self.at, self.keys, self.began, self.incidents, self.beyond = [], {}, {}, {}, [], {}, {}, set()
        self.asked, self.admitted, self.first, self.revoked = {}, {}, {}, {}

    def take(self, rec, body):
        kind, now = rec["kind"], ceil(rec["recorded"], 1000)
        if kind == "contract":
            v = body["version"]
            self.versions = sorted(self.versions + [(max(v["in_force"], now if self.versions else 0), v["number"], v["terms"])], key=lambda x: x[:2])
        elif kind == "installation" and "site" in body:
            self.sites[body["site"]] = [d["device"] for d in body["devices"]]
        elif kind == "lease":
            self.beyond |= {"a second lease"} if body["device"] in self.leases else set()
            self.leases[body["device"]] = [ceil(milli(body[k]), 1000) if k in body else no for k, no in (("from", 0), ("until", FAR))]
        elif kind == "key-added":
            self.at[body["agent"]] = body["location"]
            self.keys.append(key(body["key"]))
        elif kind == "key-revoked":
            self.revoked.setdefault(key(body["key"])[:2], rec["recorded"])
        elif kind == "assignment":
            for c in body["checks"]:
                self.asked.setdefault((body["agent"], c["device"], c["check"]), (len(self.asked), body.get("admission", 0)))
                self.began[c["device"]] = min(self.began.get(c["device"], FAR), rec["effective"] // 1000)
        elif kind == "admitted":
            self.admitted.setdefault((body["location"], body["device"], body["check"]), now)
        elif kind == "incident-event":
            self.incidents[body["incident"]["id"]] = [p for p in body["incident"]["parts"] if not p.get("withdrawn")]
        elif kind.startswith(("maintenance", "exclusion")) or kind == "acceptance" and not re.fullmatch("contract-1|statement-.*", body["record"]):
            self.beyond.add(rec["id"])

    def votes(self, s):
        """Whether the path of a sample was admitted when it was made, if that is asked of it."""
        path = self.at[s["agent"]], s["device"], s["check"]
        if path not in self.first:
            self.first[path] = min((n for (a, *of), n in self.asked.items() if (self.at.get(a), *of) == path), default=(0, 0))
        return not self.first[path][1] or s["at"] // 1000 >= self.admitted.get(path, FAR)

    def terms(self, at):
        return next((v[2] for v in self.versions[::-1] if v[0] <= at), self.versions[0][2])

    def lookback(self):
        hold = lambda t: 2 * t["interval_ns"] + t["timeout_ns"]
        return max([300] + [2 * (hold(t) // 10**9) for _, _, t in self.versions] + [
            (3 * (x["window_ns"] + x["for_ns"] + x["clear_for_ns"]) + hold(t)) // 10**9 for _, _, t in self.versions for x in t["thresholds"] or []])

    def span(self, device, start, end, as_of):
        begin = start - 2 * DAY
        for p in (p for parts in self.incidents.values() for p in parts):
            if p["device"] == device and p["from"] < begin < p.get("to", FAR):
                begin = p["from"] - 2 * DAY
        until = as_of - self.terms(as_of)["lag_ns"] // 10**9
        return max(begin, min(self.began.get(device, start), start)), min(end, max(until, start))

    def days(self, device, start, end, as_of):
        begin, stop = self.span(device, start, end, as_of)
        return [(d, d + DAY if d + DAY + 7200 <= as_of else min(d + DAY, stop)) for d in range(begin // DAY * DAY, stop, DAY)]

# contract-rules.md 2, 3 and 5: from samples to a verdict

def track(samples):
    """The last sample of each second, with its second and the end of its hold; samples come in the order of the ledger."""
    stamps = {s["at"]: s for s in samples}
    seconds = {at // 1000: stamps[at] for at in sorted(stamps)}
    return list(seconds), [(at + ceil(2 * (s["interval"] // 1000) + s["timeout"] // 1000, 1000), s) for at, s in seconds.items()]

def speaks(run, at):
    """The sample that speaks at a second and the one after it, each in a list, empty for none."""
    i = bisect.bisect(run[0], at) - 1
    return [s for end, s in run[1][i:i + 1] if i >= 0 and at < end], [s for _, s in run[1][i + 1:i + 2]]

def says(run, at):
    return next(("unknown" if s["doubt"] or not s["votes"] else s["says"] for s in speaks(run, at)[0]), "unknown")

def answers(s):
    return not s["doubt"] and (s["says"], s["why"]) in (("up", None), ("down", "refused"), ("unknown", "credentials"))

def proven(run, at):
    now, after = speaks(run, at)
    return bool(now) and all(map(answers, now + after))

def heard(t, tracks, at):
    """What one agent holds of a device."""
    said = [says(run, at) for of, run in tracks.items() if of[1] is not None and (not t["reachable_by"] or of[3] in t["reachable_by"])]
    near, far = ([proven(run, at) for of, run in tracks.items() if of[1] is None and (of[4] == "gateway") == g] for g in (True, False))
    if "up" in said or "down" not in said:
        return "up" if "up" in said else "unknown"
    if near and not any(near) or t["self_check_required"] and not (near and far):
        return "unknown"
    return "down" if not far or any(far) or near and t["provider_network"] == "down" else "unknown"

def quorum(rule, q, states):
    u, d, k = (states.count(s) for s in ("up", "down", "unknown"))
    up, down = {"reachable_from": (u >= q, u + k < q), "unreachable_from": (d + k < q, d >= q)}.get(rule, (u >= q, d >= q))
    return "unknown" if len(states) < q else "up" if up else "down" if down else "unknown"

def verdict(book, device, samples, begin, end):
    """Stretches of time with their state, None where nothing is measured. samples are of the device, and of references."""
    agents = {}
    for s in samples:
        if s["agent"] in book.at:
            s["votes"] = "device" not in s or book.votes(s)
            agents.setdefault(s["agent"], {}).setdefault(s["of"], []).append(s)
    agents = {a: {of: track(x) for of, x in tracks.items()} for a, tracks in agents.items()}
    lease = book.leases.get(device, [0, FAR])
    runs = [run for tracks in agents.values() for run in tracks.values()]
    edges = {begin, end, *lease, *(v[0] for v in book.versions), *(e for at, x in runs for e in at + [end for end, _ in x])}
    edges = sorted(e for e in edges if begin <= e <= end)
    for at, to in zip(edges, edges[1:]):
        t, states = book.terms(at), []
        for v in t["voters"]:
            if not (t["leave_out_customer"] and v["custody"] == "customer"):
                here = [heard(t, tracks, at) for a, tracks in agents.items() if book.at[a] == v["location"]]
                states.append(next((s for s in ("up", "down") if s in here), "unknown"))
        measured = lease[0] <= at < lease[1] and book.versions[0][0] <= at
        yield at, to, quorum(t["quorum"]["rule"], t["quorum"]["q"], states) if measured else None

# 17: the steps

def verify(path, pinned):
    z = zipfile.ZipFile(path)
    names = z.namelist()
    need(len(names) == len(set(names)) <= 60000 and all(i.file_size <= LARGEST for i in z.infolist()), "a file is there twice, or too large")
    need("excerpt.json" not in names, "it is an excerpt, which this program cannot check")
    text = lambda name: z.read(name).decode()

    # checkpoint, and the key that it is signed with
    origin = text("checkpoint.txt").split("\n")[0]
    collector, _, customer = origin.rpartition("/")
    ledgers = any("/" in k[0] for k in pinned)
    trusted = [renamed(k, collector) for k in pinned if k[0] == origin or k[0] == collector and not ledgers]
    keys = set(trusted or [k for k in [key(z.read("keys.txt").split(b"\n")[0].decode())] if k[0] == collector])
    need(len(keys) == 1, f"not one key of {collector} is named")
    own = keys.pop()
    _, size, top = opened(z.read("checkpoint.txt"), [renamed(own, origin)], alone=False)[0].split("\n")[:3]
    size, top = int(size), unb64(top)

    # records
    records, count = [], {}
    for raw in notes(z.read("records.notes")):
        rec, rest = header(opened(raw, [own])[0], "record", RECORD)
        count[rec["kind"]] = count.get(rec["kind"], 0) + 1
        need(rec["customer"] == customer and rest[0] == "" and len(rest) == 3, f"record {rec['id']} is malformed, or another customer's")
        need(rec["id"] == f"{rec['kind']}-{count[rec['kind']]}", f"record {rec['id']} is out of order: one is left out")
        records.append((rec, json.loads(rest[1]), sha(raw)))
    need(records and records[-1][0]["kind"] == "statement-issued", "the last record issues no statement")
    issue = records[-1][1]
    start, end, as_of = (milli(issue[k]) // 1000 for k in ("from", "to", "as_of"))
    need(issue["origin"] == origin and 0 <= issue["size"] < size, "the statement is of another ledger")
    need(start < end <= start + 400 * DAY, "the statement is of no period")

    # leaves: the root of both checkpoints
    head, *edges = text("frontier.txt").split()
    first, edges = int(head), list(map(unb64, edges))
    need(len(edges) == bin(first).count("1"), "frontier.txt has the wrong number of hashes")
    leaves, by_note, then = [], {}, None
    for leaf in (x + "\n" for x in text("leaves.txt").split("\n\n")[:-1]):
        at = first + len(leaves)
        then = root(edges) if at == issue["size"] else then
        grow(edges, at, leaf)
        leaves.append({**header(leaf, "leaf", LEAF)[0], "at": at})
        need(leaves[-1]["customer"] == customer, f"leaf {at} is another customer's")
        if leaves[-1].get("stream") != "telemetry":
            need(by_note.setdefault(leaves[-1]["note"], leaves[-1])["at"] == at, f"leaf {at} is of a note that has another leaf")
    need(text("leaves.txt").endswith("\n\n") and first + len(leaves) == size and root(edges) == top, "the leaves do not make the root of the checkpoint")
    need(then == unb64(issue["root"]), "the leaves do not make the root that the statement names")

    # placing the records
    for block in text("proofs.txt").split("\n\n")[:-1] if "proofs.txt" in names else []:
        head, _, rest = block.partition("\n")
        leaf, _, path = rest.rpartition("\nproof")
        at = int(head.split(" ")[1])
        need(leads(leaf + "\n", at, size, map(unb64, path.split())) == top, f"the proof of leaf {at} does not lead to the root")
        leaf = {**header(leaf + "\n", "leaf", LEAF)[0], "at": at}
        by_note.setdefault(leaf["note"], leaf)
    book, last, below = Book(), -1, b""
    for rec, body, note in records:
        leaf = by_note.get(note, {"kind": "none"})
        need(leaf["kind"] == "record" and leaf["record"] == rec["id"], f"record {rec['id']} is not among the leaves")
        need(last < leaf["at"] and rec["recorded"] <= leaf["received"], f"record {rec['id']} stands in the wrong place")
        last = leaf["at"]
        if last < issue["size"]:
            book.take(rec, body)
            below += note
    need({x["note"] for x in leaves if x["kind"] == "record"} <= {note for _, _, note in records}, "a record is left out")

    other = [k for k in book.keys if k not in pinned and k[0] in [p[0] for p in pinned]]
    need(not other, f"{other and other[0][0]} speaks with another key than the one that you named")

    # the manifest, made anew
    days = [d for x in sum(book.sites.values(), []) for d in book.days(x, start, end, as_of)]
    reach = (min(d[0] for d in days) - book.lookback(), max(d[1] for d in days)) if days else (start, start)
    need(first == 0 or leaves[0]["received"] // 1000 < reach[0] - 3600, "the leaves begin too late: what speaks of the period may be left out")
    chains, ranges = {}, {}
    for x in leaves[:max(0, issue["size"] - first)]:
        if x.get("stream") == "availability":
            chains.setdefault((x["agent"], x["key"], x["epoch"]), []).append(x)
    for line in text("manifest.txt").split("\n"):
        if line.startswith("chain: "):
            agent, digits, epoch, low, high = line.split(" ")[1:6]
            ranges[agent, digits, int(epoch)] = int(low), int(high)
    utc = lambda s: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(s))
    want = f"vouch/manifest v1\norigin: {origin}\nsize: {issue['size']}\nroot: {issue['root']}\nfrom: {utc(start)}\nto: {utc(end)}\n"
    want += f"reach: {utc(reach[0])} {utc(reach[1])}\nrecords: {len(below) // 32} {b64(sha(below))}\n"
    for k in sorted(chains):
        named = [x for x in chains[k] if k in ranges and ranges[k][0] <= x["seq"] <= ranges[k][1]]
        need(named, f"the manifest names nothing of agent {k[0]}, epoch {k[2]}")
        total = b64(sha(b"".join(x["note"] for x in named)))
        want += f"chain: {k[0]} {k[1]} {k[2]} {named[0]['seq']} {named[-1]['seq']} {len(named)} {total}\n"
    need(text("manifest.txt") == want, "the manifest is not what leaves and records make it")
    need(sha(want.encode()).hex() == issue["manifest"], "the manifest is not the one that the statement was issued with")

    # items: signed, in the ledger, in their place
    items, samples, rejected = {}, [], 0
    for name in sorted(n for n in names if n.startswith("availability/")):
        last = -1
        for raw in unpacked(z.read(name)):
            note, signer = opened(raw, book.keys)
            gap = note.startswith("vouch/gap")
            i, rest = header(note, "gap" if gap else "batch", ITEM)
            i.setdefault("first", i["seq"])
            where, leaf = f"{name}, number {i['first']} of agent {i['agent']}", by_note.get(sha(raw), {"kind": "none"})
            need(signer[0] == i["agent"] and i["customer"] == customer, f"{where}: the key is not the agent's, or the customer another")
            need(name == f"availability/{utc(i['from'] // 1000)[:10]}.columns", f"{where}: it is of another day")
            need(leaf["kind"] in ("gap" if gap else "batch", "rejected"), f"{where}: it is not among the leaves")
            need(last < leaf["at"] < issue["size"], f"{where}: it is not in the order of the ledger")
            same = {"key": signer[1], "seq": i["first"], **{k: i[k] for k in ("agent", "stream", "epoch")}}
            need(all(leaf[k] == v for k, v in same.items()), f"{where}: its leaf says another thing")
            i["head"], i["rejected"], last = i.get("last", sha(raw)), leaf["kind"] == "rejected", leaf["at"]
            rejected += i["rejected"]
            need(i["rejected"] or leaf["received"] <= book.revoked.get(signer[:2], FAR), f"{where}: its key was revoked before it came in")
            items.setdefault((i["agent"], signer[1], i["epoch"]), []).append(i)
            if gap or i["rejected"]:
                continue
            need(rest[0] == "" and len(rest) == i["lines"] + 2, f"{where}: it has not {i['lines']} lines")
            clock = re.fullmatch(r"offset_us=(-?\d+) bound_us=(\d+) source=.*", i["clock"])
            for s in map(sample, rest[1:-1]):
                need(all(s[k] == i[k] for k in ("agent", "location", "customer")), f"{where}: a line names somebody else")
                need(i["from"] <= s["at"] < i["through"], f"{where}: a line is of another time")
                s["doubt"] = not clock or 2 * (abs(int(clock[1])) + int(clock[2])) > s["interval"] or s["at"] > leaf["received"] + 5000
                samples.append((leaf["at"], s))

    # chains: nothing is missing between, before or after
    for k, of in chains.items():
        where, links = f"agent {k[0]}, epoch {k[2]}", sorted(items.get(k, []), key=lambda i: i["first"])
        need(links and (links[0]["first"], links[-1]["first"]) == ranges[k], f"{where}: not all that the manifest names is carried")
        need(first > 0 or of[0]["seq"] == 1, f"{where}: the ledger lacks its first numbers")
        began, ended = links[0]["from"] <= reach[0] * 1000, links[-1]["through"] >= reach[1] * 1000
        need(began and not links[0]["rejected"] or of[0]["seq"] == links[0]["first"], f"{where}: what is before it is left out")
        need(ended and not links[-1]["rejected"] or of[-1]["seq"] == links[-1]["first"], f"{where}: what is after it is left out")
        for p, i in zip(links, links[1:]):
            need(i["first"] == p["seq"] + 1 and i["prev"] == p["head"], f"{where}: number {i['first']} does not follow {p['first']}")
            need(i["rejected"] or i["from"] >= p["through"], f"{where}: number {i['first']} speaks of time that was spoken for")

    # the statement, and its figures from the samples
    raw = z.read("statement.json")
    packed = gzip.GzipFile(fileobj=io.BytesIO(unb64(issue["json"]))).read(LARGEST)
    need(sha(raw).hex() == issue["statement"] and packed == raw, "statement.json is not the one that was issued")
    said, figures = json.loads(raw), []
    need(said["manifest_sha256"] == issue["manifest"], "the statement rests on something else")
    need([d["id"] for d in said["devices"]] == sum(book.sites.values(), []), "the statement is of other devices")
    for _, _, t in book.versions:
        always = not t["windows"] or any(len(w["days"]) == 7 and w["from"] == "00:00" and w["to"] == "24:00" for w in t["windows"])
        if not always or t["thresholds"] or not t["on_holidays"] and (t["holidays"] or t["holiday_lists"]):
            book.beyond.add("service windows, holidays or thresholds")
    of = {}
    for _, s in sorted(samples, key=lambda x: x[0]):
        of.setdefault(s["of"][1], []).append(s)
    for d in said["devices"] if not book.beyond else []:
        sums = dict.fromkeys(("agreed_s", "excluded_s", "up_s", "down_s", "unknown_s"), 0)
        begin, stop = book.span(d["id"], start, end, as_of)
        counted = min(end, max(start, as_of - book.terms(end - 1)["lag_ns"] // 10**9))
        sums["agreed_s"] = sums["unknown_s"] = max(0, counted - stop)
        for day, to in book.days(d["id"], start, end, as_of):
            own = [s for x in (d["id"], None) for s in of.get(x, []) if (day - book.lookback()) * 1000 <= s["at"] < to * 1000]
            for a, b, state in verdict(book, d["id"], own, day, to) if to > start else []:
                for name in ("agreed", state) if state else ():
                    sums[name + "_s"] += max(0, min(b, stop, counted) - max(a, begin, start))
        need(sums == {k: d[k] for k in sums}, f"device {d['id']}: the samples make {sums}, the statement says {[d[k] for k in sums]}")
        figures.append(f"{d['id']}: " + ", ".join(f"{k} {v}" for k, v in sums.items()))
    signed = "the key that you named" if trusted else "a key that nobody vouches for"
    return "\n".join([
        f"statement {issue['number']} version {issue['version']} of {origin}, signed with {signed}",
        f"{len(leaves)} leaves, {len(records)} records, {sum(map(len, of.values()))} samples; {rejected} batches were rejected, which was not looked into",
        *(figures or [f"the figures were not computed: {', '.join(sorted(book.beyond)) or 'no devices'}"])])

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--key", action="append", default=[], help="a key to trust, NAME+HASH+BASE64")
    parser.add_argument("file")
    options = parser.parse_args()
    try:
        pins = list(map(key, options.key))
    except ValueError as e:
        parser.error(f"--key: {e}")
    try:
        print("SOUND:", verify(options.file, pins))
    except OSError as e:
        parser.error(str(e))
    except Exception as e:  # whatever fails in a file that somebody made: it is not sound
        print("NOT SOUND:", e if type(e) is ValueError else f"{type(e).__name__}: {e}")
        sys.exit(1)
