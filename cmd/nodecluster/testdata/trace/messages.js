// Messages of all sizes and kinds, there and back, and hundreds of handles in a row among them.
const assert = require('assert');
const { fork } = require('child_process');
const net = require('net');

const advanced = process.argv[2] === 'advanced';
const handles = 300;

if (process.argv[3] === 'child') {
  let got = 0;
  process.on('message', (message, handle) => {
    if (message === 'descriptors') {
      return process.send(require('fs').readdirSync('/proc/self/fd').length);
    }
    if (!handle) {
      return process.send(message);
    }
    assert.strictEqual(message, got++);
    handle.close();
    if (got === handles) {
      process.send('all handles');
    }
  });
} else {
  main();
}

async function main() {
  const child = fork(__filename, [process.argv[2], 'child'], { serialization: process.argv[2] });
  const receive = () => new Promise((resolve) => child.once('message', resolve));
  const ask = (message) => {
    child.send(message);
    return receive();
  };
  const before = await ask('descriptors');
  for (const message of messages()) {
    assert.deepStrictEqual(await ask(message), message);
  }
  const order = Array.from({ length: 2000 }, (_, i) => i);
  const back = [];
  const all = new Promise((resolve) => child.on('message', function listen(m) {
    if (back.push(m) === order.length) {
      child.off('message', listen);
      resolve();
    }
  }));
  order.forEach((i) => child.send(i));
  await all;
  assert.deepStrictEqual(back, order);
  const server = net.createServer().listen(0, '127.0.0.1', async () => {
    for (let i = 0; i < handles; i++) {
      child.send(i, server);
    }
    console.log(await receive());
    console.log('descriptors left in the child:', await ask('descriptors') - before);
    server.close();
    child.disconnect();
  });
  child.on('exit', (code, signal) => console.log('exit', code, signal));
}

function messages() {
  const both = [
    null, true, 0, -1.5, '', 'ü€😀\ud83d\n', [], {}, { nested: [{ deep: [1, [2]] }] }, { cmd: 'NODE' },
    'x'.repeat(10 << 20), 'y'.repeat(65536), 'z'.repeat(65535), { many: Array(10000).fill('ü') },
  ];
  if (!advanced) {
    return both;
  }
  const circular = { name: 'circular' };
  circular.self = circular;
  return [
    ...both, circular, new Map([[{ key: 1 }, new Set([undefined, NaN])]]), new Date(0), /a\/b/giu, [2n ** 200n, -0],
    Buffer.alloc(10 << 20, 7), new Float64Array([1, Infinity]), [, 1, ,], new RangeError('out'),
  ];
}
