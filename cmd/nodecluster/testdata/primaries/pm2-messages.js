// An application that says what it is sent, and sends what it is asked for.
const sent = [
  { type: 'process:msg', data: { a: [1, null, 'é'], deep: { b: false } } },
  { type: 'process:msg', data: 'text' },
  { type: 'process:msg', data: 0 },
  { type: 'process:msg', topic: 'no data' },
  { type: 'human:event', data: { __name: 'signed up', user: 7 } },
  { type: 'process:exception', data: { message: 'broken', stack: 'Error: broken\n    at x', level: 'error' } },
  { type: '', data: 1 },
  { type: 'own:kind', data: [] },
  { topic: 'other', data: 'd' },
  { TYPE: 'process:msg', Data: 1 },
  'ready', 'x'.repeat(1000), 7, -0.5, true, [1, { type: 'process:msg', data: 1 }], {}, '',
];
process.on('message', (m) => {
  if (m.topic === 'report') sent.forEach((message) => process.send(message));
  process.send({ type: 'process:msg', data: { got: m } });
});
require('http').createServer((req, res) => res.end()).listen(process.env.PORT, '127.0.0.1', () => console.log('listens'));
