// Values that only the serialization 'advanced' can carry, there and back, and those that nothing can.
const cluster = require('cluster');
const assert = require('assert');
const util = require('util');
const { once } = require('events');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: process.argv[2] });
  primary();
} else {
  process.on('message', (value) => process.send([util.inspect(value, { depth: 9 }), value]));
}

async function primary() {
  const cyclic = { name: 'cyclic' };
  cyclic.self = cyclic;
  const values = [
    new Map([['a', new Set([1, 'ü'])]]), new Date(0), 12345678901234567890n, Buffer.from('bytes'), cyclic,
    new RangeError('wrong'), /x/giu, new Uint16Array([1, 65535]), undefined, NaN, -0, Infinity, [1, , 3],
    new DataView(new ArrayBuffer(4)), Object.create({ inherited: 1 }), new (class Mine { field = 1; })(), 'x'.repeat(200000), { cmd: 'NODE_' },
    () => 1, Symbol('s'), new WeakMap(), Promise.resolve(1), { deep: () => 1 },
  ];
  const worker = cluster.fork();
  for (const value of values) {
    console.log(util.inspect(value).slice(0, 60));
    try {
      worker.send(value, (err) => err && console.log('callback', err.message));
    } catch (err) {
      console.log(err.name, err.code, err.message);
      continue;
    }
    if (typeof value !== 'object' || value.cmd !== 'NODE_') { // which is not a message of the user's
      const [[shown, back]] = await once(worker, 'message');
      console.log(shown.slice(0, 200).replace(/\n +at .*/g, ''), util.isDeepStrictEqual(back, value));
    }
  }
  worker.disconnect();
  console.log(await once(worker, 'exit'));
}
