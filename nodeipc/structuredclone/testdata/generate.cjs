'use strict';
// Makes values at random, the same ones for the same seed.
const major = parseInt(process.versions.node, 10);

const views = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array];
if (typeof Float16Array !== 'undefined') views.push(Float16Array);

class Generator {
  // Objects are shared, and contain themselves, if `shared`; there are Errors if `errors`; and nothing is lost
  // by way of Go's own types if `plain`.
  constructor({ seed, shared, errors, plain }) {
    Object.assign(this, { state: seed, shared, errors, plain, objects: [] });
  }

  next() {
    this.state = (this.state + 0x6D2B79F5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(n) { return this.next() % n; }

  pick(list) { return list[this.below(list.length)]; }

  // What is known before its contents may be among them.
  known(object) {
    this.objects.push(object);
    return object;
  }

  value(depth) {
    if (this.shared && this.objects.length > 0 && this.below(8) === 0) return this.pick(this.objects);
    const kinds = depth > 0 ? 20 : 12;
    switch (this.below(kinds)) {
      case 0: return this.pick([undefined, null, true, false]);
      case 1: return this.below(2 ** 32) | 0;
      case 2: return this.number();
      case 3: return this.bigint();
      case 4: case 5: return this.string();
      case 6: return this.date();
      case 7: return new RegExp(this.pick(['a', '[b]+', '\u20ac', 'a/b', '']), this.pick(['', 'g', 'imsu', 'dy']));
      case 8: return Object(this.pick([true, false, this.number(), this.string(), this.bigint()]));
      case 9: return this.known(this.view());
      case 10: return this.known(this.buffer());
      case 11: return this.errors ? this.error(depth) : this.number();
      case 12: case 13: case 14: return this.object(depth);
      case 15: case 16: case 17: return this.array(depth);
      case 18: return this.map(depth);
      default: return this.set(depth);
    }
  }

  number() {
    return this.pick([0, -0, NaN, Infinity, -Infinity, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 5e-324,
      this.next() / 7, -this.next() * 2 ** 20]);
  }

  bigint() {
    let n = 0n;
    for (let words = this.below(4); words > 0; words--) n = n * 2n ** 32n + BigInt(this.next());
    return this.below(2) ? n : -n;
  }

  string() {
    const alphabet = this.pick(['abcxyz019 _', 'a\xe9\xff', 'a\u20ac\u4e2d', '\u{1f600}a\ud83d\ude00\ud800']);
    let s = '';
    for (let n = this.below(this.below(20) ? 12 : 300); n > 0; n--) s += alphabet[this.below(alphabet.length)];
    return s;
  }

  date() {
    // assert.deepStrictEqual finds an invalid date unlike itself before Node 24.
    if (major >= 24 && this.below(5) === 0) return new Date(NaN);
    return new Date((this.next() - 2 ** 31) * this.pick([1, 1000, 4e6]));
  }

  bytes(length) {
    return Uint8Array.from({ length }, () => this.next());
  }

  buffer() {
    const length = this.below(20);
    if (major < 20 || this.below(3)) return this.bytes(length).buffer;
    return new ArrayBuffer(length, { maxByteLength: length + this.below(200) });
  }

  view() {
    const bytes = this.bytes(8 * this.below(4));
    switch (this.below(4)) {
      case 0: return Buffer.from(bytes);
      case 1: return new DataView(bytes.buffer, this.below(bytes.length + 1));
      default: return new (this.pick(views))(bytes.buffer);
    }
  }

  error(depth) {
    const Type = this.pick([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]);
    const error = new Type(this.below(3) ? this.string() : undefined);
    error.stack = this.string();
    // Before 22 Node does not read an Error that is in its own cause.
    if (major >= 22) this.known(error);
    if (this.below(3) === 0) {
      Object.defineProperty(error, 'cause', { value: this.value(depth - 1), configurable: true, writable: true });
    }
    return error;
  }

  key() {
    return this.below(4) ? this.string() : String(this.pick([this.below(20), this.next(), '01', '-1', '1.5']));
  }

  object(depth) {
    const object = this.known({});
    for (let n = this.below(6); n > 0; n--) {
      const key = this.key();
      if (key !== '__proto__') object[key] = this.value(depth - 1);
    }
    return object;
  }

  array(depth) {
    const array = this.known([]);
    const holes = this.below(3) === 0;
    for (let i = 0, n = this.below(6); i < n; i++) {
      if (!holes || this.below(2)) array[i] = this.value(depth - 1);
    }
    if (holes) array.length += this.below(3);
    if (!this.plain && this.below(6) === 0) array[`x${this.string()}`] = this.value(depth - 1);
    if (this.below(30) === 0) array[this.pick([100, 5000, 2 ** 31, 2 ** 32 - 2])] = this.value(depth - 1);
    return array;
  }

  map(depth) {
    const map = this.known(new Map());
    for (let n = this.below(5); n > 0; n--) map.set(this.value(depth - 1), this.value(depth - 1));
    return map;
  }

  set(depth) {
    const set = this.known(new Set());
    for (let n = this.below(5); n > 0; n--) set.add(this.value(depth - 1));
    return set;
  }
}

function generate({ seed, count, shared, errors, plain }) {
  return Array.from({ length: count }, (_, i) =>
    new Generator({ seed: seed + i * 7919, shared, errors, plain }).value(4));
}

module.exports = { generate };
