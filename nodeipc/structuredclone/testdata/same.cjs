'use strict';
// Unlike assert.deepStrictEqual this sees whether two places hold one object, in which order keys are, the stacks
// of Errors and to what length a buffer may grow.
const assert = require('node:assert');
const { types } = require('node:util');

function same(a, b, { anyOrder }) {
  compare(a, b, '', new Map(), new Map(), anyOrder);
}

function compare(a, b, path, there, back, anyOrder) {
  if (Object(a) !== a || Object(b) !== b) {
    assert(Object.is(a, b), `at ${path}: ${String(a)} and ${String(b)}`);
    return;
  }
  if (there.has(a) || back.has(b)) {
    assert(there.get(a) === b && back.get(b) === a, `at ${path}: not the same object in both places`);
    return;
  }
  there.set(a, b);
  back.set(b, a);
  const inside = (name, x, y) => compare(x, y, `${path}${name}`, there, back, anyOrder);

  assert.strictEqual(Object.getPrototypeOf(a), Object.getPrototypeOf(b), `at ${path}: prototypes`);
  contents(a, b, inside);
  const keys = keysOf(a, anyOrder);
  assert.deepStrictEqual(keys, keysOf(b, anyOrder), `at ${path}: keys`);
  if (!ArrayBuffer.isView(a)) for (const key of keys) inside(`.${String(key)}`, a[key], b[key]);
}

function keysOf(object, anyOrder) {
  // V8 gives every Error a stack, of its own or not.
  const keys = Reflect.ownKeys(object).filter((key) => key !== 'stack' || !types.isNativeError(object));
  return anyOrder ? keys.sort() : keys;
}

function contents(a, b, inside) {
  if (types.isDate(a)) inside(' time', a.getTime(), b.getTime());
  if (types.isRegExp(a)) inside(' source', String(a), String(b));
  if (types.isBoxedPrimitive(a)) inside(' primitive', a.valueOf(), b.valueOf());
  if (types.isNativeError(a)) inside(' stack', a.stack, b.stack);
  if (types.isMap(a) || types.isSet(a)) {
    inside(' size', a.size, b.size);
    const [others, otherValues] = [[...b.keys()], [...b.values()]];
    [...a.keys()].forEach((key, i) => inside(` key ${i}`, key, others[i]));
    if (types.isMap(a)) [...a.values()].forEach((value, i) => inside(` value ${i}`, value, otherValues[i]));
  }
  if (ArrayBuffer.isView(a)) inside(' bytes', Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString('hex'),
    Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('hex'));
  if (types.isArrayBuffer(a)) {
    inside(' bytes', Buffer.from(a).toString('hex'), Buffer.from(b).toString('hex'));
    inside(' length that it may have', a.maxByteLength, b.maxByteLength);
  }
}

module.exports = { same };
