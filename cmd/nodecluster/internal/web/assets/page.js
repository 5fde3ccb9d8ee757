// What the page does beyond showing what the server has rendered: it keeps itself up to date, draws charts, follows the log and sends
// forms without leaving. Without it the page can be read and its forms work.
'use strict';

(() => {
	const $ = (id) => document.getElementById(id);

	// ---- Keeping what is shown up to date. The server sends parts of the page as HTML.

	const parse = (html) => new DOMParser().parseFromString(html, 'text/html').body;

	const keyOf = (node) => node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined;
	const isAlike = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

	// morph gives a node the attributes and children of another. Nodes that stay keep their focus, selection and scroll position.
	function morph(to, from) {
		if (to.nodeType !== Node.ELEMENT_NODE) {
			if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue;
			return;
		}
		for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name);
		for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
		morphChildren(to, from);
	}

	function morphChildren(to, from) {
		let next = to.firstChild;
		for (const wanted of [...from.childNodes]) {
			let found = next;
			while (found && !isAlike(found, wanted)) found = found.nextSibling;
			if (!found) {
				to.insertBefore(wanted, next);
				continue;
			}
			while (next !== found) next = removed(next);
			morph(found, wanted);
			next = found.nextSibling;
		}
		while (next) next = removed(next);
	}

	function removed(node) {
		const next = node.nextSibling;
		node.remove();
		return next;
	}

	function showParts(parts) {
		for (const [id, html] of Object.entries(parts)) {
			const part = $(id);
			if (part) morphChildren(part, parse(html));
		}
	}

	const retryTime = 5000;

	// mustSignIn says whether the server does not know this browser any more, as after its own restart.
	async function mustSignIn() {
		const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'manual' }).catch(() => undefined);
		return answer?.type === 'opaqueredirect';
	}

	// follow keeps a stream open while the page can be seen: a browser has few connections for one server. One that breaks the browser
	// opens again by itself, but not one that is refused.
	function follow(url, open) {
		let source, timer;
		const update = () => {
			clearTimeout(timer);
			if (source) source.close();
			source = undefined;
			if (document.hidden || !url()) return;
			const opened = source = new EventSource(url());
			opened.addEventListener('error', () => {
				if (opened === source && opened.readyState === EventSource.CLOSED) timer = setTimeout(retry, retryTime);
			});
			open(opened);
		};
		const retry = async () => { if (await mustSignIn()) location.reload(); else update(); };
		document.addEventListener('visibilitychange', update);
		addEventListener('pagehide', () => source && source.close());
		update();
		return update;
	}

	function setLive(isLive, text) {
		const live = $('live');
		live.className = 'live ' + (isLive ? 'on' : 'off');
		if (live.textContent !== text) live.textContent = text;
	}

	// ---- Forms that change something.

	function tell(text, isBad) {
		const toast = $('toast');
		toast.className = isBad ? 'toast bad' : 'toast';
		toast.textContent = text;
		clearTimeout(tell.timer);
		if (!isBad) tell.timer = setTimeout(() => { toast.textContent = ''; }, 8000);
	}
	$('toast').addEventListener('click', () => tell(''));

	async function send(form, button) {
		button.disabled = true;
		tell(form.dataset.change + '…');
		try {
			const answer = await fetch(form.action, {
				method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { Accept: 'application/json' }, redirect: 'error',
			});
			const { message, output } = await answer.json();
			tell([message, ...(output || [])].join('\n'), !answer.ok);
		} catch (error) {
			tell('It is not known what came of it: ' + error.message, true);
		}
		button.disabled = false;
		button.focus();
	}

	document.addEventListener('submit', (event) => {
		if (!event.target.dataset.change) return;
		event.preventDefault();
		send(event.target, event.submitter || event.target.querySelector('button'));
	});

	// ---- Charts.

	const seriesColors = 8;
	const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
	const dark = matchMedia('(prefers-color-scheme: dark)');
	const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
	const zone = Number(document.body.dataset.zone); // minutes east of UTC, of the machine that is watched

	// machineTime gives a date whose local fields are the machine's.
	function machineTime(seconds) {
		const date = new Date(seconds * 1000);
		return new Date(date.getTime() + (zone + date.getTimezoneOffset()) * 60000);
	}

	const clock = (seconds) => machineTime(seconds).toTimeString().slice(0, 8);

	const round = (v) => String(v < 10 && v % 1 ? v.toFixed(1) : Math.round(v));
	const inBytes = (v) => v >= 1 << 30 ? round(v / (1 << 30)) + ' GiB' : v >= 1 << 20 ? round(v / (1 << 20)) + ' MiB' : round(v / 1024) + ' KiB';
	const units = { percent: (v) => round(v) + ' %', bytes: inBytes, milliseconds: (v) => round(v) + ' ms', rate: (v) => round(v) + '/s' };
	const byteSteps = Array.from({ length: 31 }, (_, i) => 1024 * 2 ** i); // of an axis, so that its numbers are round ones

	class Charts {
		constructor(section) {
			this.url = section.dataset.history;
			this.figures = [...section.querySelectorAll('figure')];
			this.hidden = new Set();
			this.history = null;
			this.plots = [];
			dark.addEventListener('change', () => this.draw());
			new ResizeObserver(() => this.resize()).observe(section);
		}

		async load() {
			const answer = await fetch(this.url);
			if (!answer.ok) return;
			this.history = await answer.json();
			this.draw();
		}

		// add adds a sample. It gives false if that does not fit what there is, which is to be loaded again then.
		add(sample) {
			const h = this.history;
			if (!h || sample.instances.some((i) => !h.instances.includes(i)) || sample.previous !== h.times.at(-1)) return false;
			h.times.push(sample.time);
			for (const { dataset } of this.figures) {
				h.instances.forEach((instance, i) => {
					const at = sample.instances.indexOf(instance);
					h.series[dataset.chart][i].push(at < 0 ? null : sample.series[dataset.chart][at]);
				});
			}
			while (h.times.length > h.size) {
				h.times.shift();
				for (const { dataset } of this.figures) for (const line of h.series[dataset.chart]) line.shift();
			}
			this.plots.forEach((plot, i) => {
				plot.setData(this.data(this.figures[i]), false);
				plot.setScale('x', this.span());
				this.say(i);
			});
			return true;
		}

		data(figure) { return [this.history.times, ...this.history.series[figure.dataset.chart]]; }

		// span is what the charts show: all there is, and two minutes at least.
		span() {
			const { times } = this.history, max = times.at(-1) || Date.now() / 1000;
			return { min: Math.min(times[0] || max, max - 120), max };
		}

		draw() {
			if (!this.history) return;
			for (const plot of this.plots) plot.destroy();
			this.drawLegend();
			this.plots = this.figures.map((figure, i) => this.plot(figure, i));
		}

		plot(figure, i) {
			const place = figure.querySelector('.plot');
			const format = units[figure.dataset.unit];
			const axis = { stroke: color('muted'), grid: { stroke: color('grid'), width: 1 }, ticks: { stroke: color('grid'), width: 1 }, font: '12px system-ui, sans-serif' };
			const plot = new uPlot({
				width: place.clientWidth, height: 170, legend: { show: false }, tzDate: machineTime, padding: [8, 6, 0, 0],
				cursor: { sync: { key: 'charts' }, drag: { x: false, y: false }, points: { size: 6 } },
				scales: { x: { time: true, range: () => { const s = this.span(); return [s.min, s.max]; } }, y: { range: (_, min, max) => [0, Math.max(max || 0, 1) * 1.1] } },
				axes: [
					{ ...axis, values: (_, ticks) => ticks.map((t) => clock(t).replace(/:00$/, '')), incrs: [30, 60, 120, 300, 600], space: 64 },
					{ ...axis, size: 62, values: (_, ticks) => ticks.map(format), space: 34, ...(figure.dataset.unit === 'bytes' && { incrs: byteSteps }) },
				],
				series: [{}, ...this.history.instances.map((instance) => ({
					label: String(instance), stroke: color('series-' + instance % seriesColors), width: 1.5,
					dash: dashes[Math.floor(instance / seriesColors) % dashes.length], points: { show: false }, show: !this.hidden.has(instance),
				}))],
				hooks: { setCursor: [() => this.say(i)] },
			}, this.data(figure), place);
			queueMicrotask(() => this.say(i));
			return plot;
		}

		// say writes the values at the cursor, or the latest, beside the name of a chart.
		say(i) {
			const plot = this.plots[i], figure = this.figures[i];
			if (!plot) return;
			const { idx } = plot.cursor, at = idx ?? plot.data[0].length - 1;
			const shown = this.history.instances
				.map((instance, s) => ({ instance, value: plot.data[s + 1][at] }))
				.filter(({ instance, value }) => value != null && !this.hidden.has(instance));
			const values = shown.length > 6 ? [shown.reduce((a, b) => a.value > b.value ? a : b)] : shown;
			const text = values.map(({ instance, value }) => `${instance}: ${units[figure.dataset.unit](value)}`).join('  ');
			figure.querySelector('output').textContent = (idx == null ? '' : clock(plot.data[0][at]) + '  ') + (shown.length > 6 ? 'most ' : '') + text;
		}

		drawLegend() {
			$('legend').replaceChildren(...this.history.instances.map((instance) => {
				const button = document.createElement('button'), swatch = document.createElement('span');
				swatch.className = 'swatch';
				swatch.style.background = color('series-' + instance % seriesColors);
				button.type = 'button';
				button.append(swatch, 'worker ' + instance);
				button.setAttribute('aria-pressed', String(!this.hidden.has(instance)));
				button.addEventListener('click', () => this.toggle(instance, button));
				return button;
			}));
		}

		toggle(instance, button) {
			const isShown = this.hidden.has(instance);
			if (isShown) this.hidden.delete(instance); else this.hidden.add(instance);
			button.setAttribute('aria-pressed', String(isShown));
			this.plots.forEach((plot, i) => {
				plot.setSeries(this.history.instances.indexOf(instance) + 1, { show: isShown });
				this.say(i);
			});
		}

		resize() {
			this.plots.forEach((plot, i) => {
				const width = this.figures[i].querySelector('.plot').clientWidth;
				if (width > 0 && width !== plot.width) plot.setSize({ width, height: 170 });
			});
		}
	}

	// ---- The log.

	const maxLines = 2000;

	function element(name, className, text) {
		const made = document.createElement(name);
		if (className) made.className = className;
		if (text !== undefined) made.textContent = text;
		return made;
	}

	function lineOf({ at, clock, instance, stderr, text }) {
		const line = element('li', stderr ? 'error' : ''), time = element('time', '', clock), place = element('span', 'place', instance);
		time.dateTime = at;
		place.title = 'instance';
		line.append(time, place, element('span', 'text', text));
		return line;
	}

	function followLog(section) {
		const form = $('log-filter'), list = $('log');
		let timer, isFirst = true;
		const update = follow(() => section.dataset.log + '?' + new URLSearchParams(new FormData(form)), (source) => {
			isFirst = true;
			source.addEventListener('lines', ({ data }) => {
				const { lines, leftOut } = JSON.parse(data);
				const isAtEnd = isFirst || list.scrollHeight - list.scrollTop - list.clientHeight < 30;
				if (isFirst) list.replaceChildren();
				isFirst = false;
				if (leftOut) list.append(element('li', 'left-out', `${leftOut} lines are left out here: they came too fast`));
				list.append(...lines.map(lineOf));
				while (list.childElementCount > maxLines) list.firstElementChild.remove();
				if (isAtEnd) list.scrollTop = list.scrollHeight;
				$('log-problem').textContent = '';
			});
			source.addEventListener('problem', ({ data }) => {
				$('log-problem').textContent = JSON.parse(data);
				source.close();
			});
		});
		form.addEventListener('submit', (event) => event.preventDefault());
		form.addEventListener('input', () => {
			clearTimeout(timer);
			timer = setTimeout(update, 300);
		});
		list.scrollTop = list.scrollHeight;
	}

	// ---- What this page has of all that.

	const chartSection = document.querySelector('[data-history]');
	const charts = chartSection && new Charts(chartSection);
	const logSection = document.querySelector('[data-log]');

	follow(() => document.body.dataset.stream, (source) => {
		if (charts) charts.load();
		source.addEventListener('open', () => setLive(true, 'live'));
		source.addEventListener('error', () => setLive(false, 'not connected'));
		source.addEventListener('parts', ({ data }) => showParts(JSON.parse(data)));
		source.addEventListener('sample', ({ data }) => { if (charts && !charts.add(JSON.parse(data))) charts.load(); });
	});
	if (logSection) followLog(logSection);
})();
