// Fetches the page again and swaps its content, counts ages, filters while typing.
// SPDX-License-Identifier: Apache-2.0
(() => {
const d = document, every = +d.documentElement.dataset.refresh, $ = (s, r = d) => r.querySelector(s)
if (!every) return
const at = r => Date.parse($('#at', r).dateTime), esc = CSS.escape
let good = Date.now(), skew = at(d) - good, url = location.href, busy, timer

const spoken = s => {
	s = Math.max(0, s | 0)
	const f = (n, u, m, v) => (s / n | 0) + `\xa0${u}\xa0` + `${(s % n) / m | 0}`.padStart(2, 0) + '\xa0' + v
	return s < 60 ? s + '\xa0s' : s < 3600 ? f(60, 'min', 1, 's') : s < 86400 ? f(3600, 'h', 60, 'min') : f(86400, 'd', 3600, 'h')
}
const open = r => [...r.querySelectorAll('[data-state=open]')].map(e => e.dataset.incident)

function swap(doc) {
	const main = $('main'), next = $('main', doc), a = d.activeElement, y = scrollY
	const href = a.getAttribute('href'), key = main.contains(a) && (a.id ? '#' + esc(a.id) : href && `a[href="${esc(href)}"]`)
	const typed = a.id == 'q' && [a.value, a.selectionStart, a.selectionEnd]
	for (const e of main.querySelectorAll('details[id]')) ($('#' + e.id, next) || {}).open = e.open
	const was = open(main), is = open(next)
	const news = [...is.filter(i => !was.includes(i)).map(i => i + ' opened'), ...was.filter(i => !is.includes(i)).map(i => i + ' closed')]
	if (news[0]) $('#say').textContent = news.join(', ')
	main.replaceChildren(...next.childNodes)
	$('#now').replaceWith($('#now', doc))
	d.title = doc.title
	const f = key && $(key)
	if (f) {
		f.focus({ preventScroll: true })
		if (typed) f.value = typed[0], f.setSelectionRange(typed[1], typed[2])
	}
	scrollTo(scrollX, y)
}
async function load() {
	if (busy) return
	busy = 1
	const want = url
	try {
		const r = await fetch(want, { cache: 'no-store', signal: AbortSignal.timeout(2e4) })
		if (!r.ok) throw 0
		const doc = new DOMParser().parseFromString(await r.text(), 'text/html')
		skew = at(doc) - (good = Date.now())
		if (want == url && getSelection().isCollapsed) swap(doc)
	} catch { tick() }
	busy = 0
	if (want != url) load()
}
function tick() {
	for (const t of d.querySelectorAll('time[data-age]')) t.textContent = spoken((Date.now() + skew - Date.parse(t.dateTime)) / 1e3)
	const age = (Date.now() - good) / 1e3
	if (age < Math.max(5, every / 400)) return
	let n = $('#stale')
	if (!n) {
		$('main').prepend(n = d.createElement('p'))
		n.id = 'stale'
		n.className = 'notice unknown'
		$('#now span').className = 'stale'
	}
	n.textContent = `No new data for ${spoken(age)}. You see the state of that moment.`
}
d.oninput = e => {
	if (e.target.id != 'q') return
	url = location.pathname + '?' + new URLSearchParams(new FormData(e.target.form))
	history.replaceState(0, '', url)
	clearTimeout(timer)
	timer = setTimeout(load, 150)
}
d.onkeydown = e => {
	const q = $('#q')
	if (q && e.key == '/' && !e.target.matches('input')) e.preventDefault(), q.select()
}
d.onvisibilitychange = () => d.hidden || load()
setInterval(d.onvisibilitychange, every)
setInterval(tick, 1e3)
})()
