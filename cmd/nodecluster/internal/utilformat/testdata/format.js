// Prints lines of an array of arguments in the structured clone format, in base64, and what util.format gives of them, as JSON. The arguments
// of a line follow from the seed and its number.
'use strict';
const { serialize } = require('v8');
const { format } = require('util');

let state = Number(process.argv[2]);
const random = (n) => {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return Math.floor((state / 2 ** 32) * n);
};
const pick = (list) => list[random(list.length)];

const words = ['', 'a', 'word', "it's", '"both\' `', 'wörld', '日本語', '🎉 party', 'tab\there', 'two\nlines', '100%', 'x'.repeat(75),
	'\u001b[31mred', '-12.5e3abc', '0x1f', '\\', '${x}', 'a longer text that\nhas\nlines and does not fit into one line of eighty characters at all'];
const numbers = [0, -0, 1, -1, 1.5, 1e21, 1e-7, 123456789, NaN, Infinity, -Infinity, 2 ** 53, 0.1 + 0.2];
const placeholders = ['%s', '%d', '%i', '%f', '%j', '%o', '%O', '%c', '%%', '%x', '%'];

function errorOf(fields) {
	const error = new Error(fields);
	for (const key of Object.keys(fields)) error[key] = fields[key];
	// In Node 26 it is an accessor, which %o shows as one.
	Object.defineProperty(error, 'stack', { value: error.stack, writable: true, configurable: true, enumerable: false });
	return error;
}

// Makes a value, and the one that is printed: an error is sent as an object.
function make(depth, around) {
	const kind = random(depth > 0 ? 12 : 6);
	if (kind < 2) return same(pick(words));
	if (kind < 4) return same(random(3) ? random(2000) : pick(numbers));
	if (kind < 6) return same(pick([null, undefined, true, false]));
	if (kind === 6 && around.length) return pick(around);
	if (kind === 7) return error(depth, around);
	if (kind < 10) return list(depth, around);
	return object(depth, around);
}

const same = (value) => ({ sent: value, shown: value });

function list(depth, around) {
	const made = { sent: [], shown: [] };
	const n = pick([0, 1, 2, 3, 5, 8, 20, 105]);
	const oneKind = random(2) ? pick([() => same(random(1000)), () => same('s' + random(300))]) : undefined;
	for (let i = 0; i < n; i++) {
		const element = oneKind ? oneKind() : make(depth - 1, [...around, made]);
		made.sent.push(element.sent);
		made.shown.push(element.shown);
	}
	return made;
}

function object(depth, around) {
	const made = { sent: {}, shown: {} };
	for (let i = random(7); i > 0; i--) {
		const key = pick(['a', 'key', 'with-dash', 'ü', 'longerKey' + i, '$x', 'a b', "'"]);
		const value = make(depth - 1, [...around, made]);
		made.sent[key] = value.sent;
		made.shown[key] = value.shown;
	}
	return made;
}

function error(depth, around) {
	const fields = { message: 'broken', stack: pick(['Error: broken\n    at one (a.js:1:2)\n    at two (b.js:3:4)', 'TypeError: broken\n    at x (y:1:1)', 'Error: no frames']) };
	const sent = { ...fields };
	for (let i = random(3); i > 0; i--) {
		const key = pick(['code', 'errno', 'detail']);
		const value = make(Math.min(depth - 1, 1), around);
		sent[key] = value.sent;
		fields[key] = value.shown;
	}
	return { sent, shown: errorOf(fields) };
}

for (let line = Number(process.argv[3]); line > 0; line--) {
	const made = [];
	if (random(3)) {
		let text = '';
		for (let i = random(4); i > 0; i--) text += pick(words) + pick(placeholders) + pick([' ', '', ' and ']);
		made.push(same(text));
	}
	for (let i = random(5); i > 0; i--) made.push(make(4, []));
	const text = format(...made.map((m) => m.shown));
	const sent = []; // one that map makes has holes to V8
	for (const m of made) sent.push(m.sent);
	console.log(serialize(sent).toString('base64') + ' ' + JSON.stringify(text));
}
