// A worker of which the instance 0 sends PM2's messages with whatever may stand in each field, and the others answer.
const nested = (depth) => {
  let value = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { type: value };
  return value;
};
const long = 'x'.repeat(100_000);
const values = [
  undefined, null, 0, -1, 1e308, true, '', '0', '\0\x1b[31m\n', '__proto__', 'error', long, '\ud800', [], {}, ['process:msg'], { toString: 1, length: -1 },
  nested(2000), Array(2000).fill(null), new Array(1e5), Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`k${i}`, i])),
];
const send = (message) => {
  try {
    process.send(message);
  } catch (failed) {
    // what the serialization cannot say
  }
};

process.on('message', (m) => {
  if (m.topic === 'attack' && m.id === 0) {
    for (const type of values) {
      for (const data of values) send({ type, data, topic: type, id: data });
    }
    values.forEach(send);
    send({ type: new Array(1e6), data: new Array(1e6) });
  }
  if (m.topic === 'flood' && m.id === 0) {
    for (let i = 0; i < 8_000; i++) process.send({ type: 'process:msg', data: { i, fill: long.slice(0, 1000) } });
  }
  process.send({ type: 'process:msg', data: { answer: m.topic } });
});
require('http').createServer((req, res) => res.end()).listen(process.env.PORT, '127.0.0.1');
