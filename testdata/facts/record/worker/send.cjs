'use strict';
const { say, finish, errorFact } = require('./util.cjs');

// Sends one after the other: a runtime that dies of one value has then sent those before it.
function sendAll(values) {
  if (values.length === 0) return process.send('last', () => finish());
  const [value, ...rest] = values;
  try {
    process.send(value, () => sendAll(rest));
  } catch (error) {
    say({ type: typeof value, throws: errorFact(error) });
    sendAll(rest);
  }
}

const jsonKinds = [
  '', 'text', 'quote " backslash \\ slash / tab \t newline \n nul \0 del \x7f',
  'é ü ß', 'Ж 漢字', '😀', '\u2028\u2029', '\ud800', 'a\udc00b', '\ufeff',
  0, -0, 1, -1, 1.5, 1e21, 1e-7, 0.1 + 0.2, 2 ** 31, 2 ** 53, -(2 ** 53), 1.7976931348623157e308, 5e-324, NaN, Infinity,
  true, false, null, undefined,
  {}, [], { a: 1, b: [true, null, 'x', { c: {} }] }, [1, [2, [3]]],
  { dropped: undefined, kept: null }, [undefined, 1], { f() {}, s: Symbol('s') }, [() => {}], { n: NaN },
  { 10: 'ten', 9: 'nine', b: 1, a: 2, 'ключ': 3 }, { ['__proto__']: 1 },
  new Date(0), new Map([[1, 2]]), new Set([1]), /x/g, new Error('e'), Buffer.from('hi'), new Uint8Array([1, 2]), Object('boxed'),
  { toJSON: () => 'replaced' },
  { cmd: 'NODE_' }, { cmd: 'NODE' }, { cmd: 'NODE_USER' }, { cmd: 7 },
  () => {}, Symbol('s'), 10n, { big: 10n },
];

const cycle = { name: 'cycle' };
cycle.self = cycle;

const shared = { x: 1 };

const sparse = [1, , 3];
const withProperty = [1];
withProperty.extra = 2;

const clonedKinds = [
  '', 'text', 'é', 'Ж', '😀', '\ud800', 'odd漢',
  0, -0, 1, -1, 1.5, 2 ** 30, 2 ** 31, -(2 ** 31), 2 ** 53, NaN, Infinity,
  true, false, null, 10n, -10n, 2n ** 64n, 0n,
  {}, [], { a: 1, b: [true, null] }, { u: undefined }, { 10: 'ten', b: 1, 'Ж': 2 }, [undefined], sparse, withProperty, cycle, [shared, shared],
  new Date(0), new Date(NaN), new Map([[1, { a: 2 }]]), new Set([1, 'x']), /x/gi,
  Object(1), Object('boxed'), Object(true), Object(1n),
  new Error('message'), new TypeError('typed'), new RangeError('caused', { cause: 'cause' }),
  new ArrayBuffer(3), new Uint8Array([1, 2]), new Int8Array([-1]), new Uint8ClampedArray([255]), new Uint16Array([1]), new Int16Array([-1]),
  new Uint32Array([1]), new Int32Array([-1]), new Float32Array([1.5]), new Float64Array([1.5]), new BigInt64Array([-1n]), new BigUint64Array([1n]),
  new DataView(new ArrayBuffer(2)), Buffer.from('hi'), { nested: Buffer.from('hi') },
  { f() {} }, Symbol('s'), () => {}, new WeakMap(), new (class Point { x = 1; })(), Object.create(null), new Proxy({}, {}),
];

// V8 writes a stack into an error; it differs from one machine to the next.
for (const value of clonedKinds) {
  if (value instanceof Error) value.stack = `${value.name}: stack`;
}

module.exports = {
  'send-json-kinds': () => sendAll(jsonKinds),
  'send-json-cycle': () => sendAll([cycle]),
  'send-cloned-kinds': () => sendAll(clonedKinds),
  'send-before-anything'() {
    process.send('first');
    process.send('second', () => finish());
  },
};
