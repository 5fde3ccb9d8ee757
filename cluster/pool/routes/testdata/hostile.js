// The first two workers are servers of Socket.IO, which tell what fetchSockets comes to when they are asked. The third says all that is wrong.
const cluster = require('cluster');
if (cluster.worker.id <= 2) {
  const { Server } = require('socket.io');
  const { createAdapter } = require(process.env.ADAPTER);
  const io = new Server();
  io.adapter(createAdapter());
  process.on('message', (m) => {
    if (m === 'sync') process.send('synced');
    if (m === 'fetch') io.fetchSockets().then((all) => process.send('fetched ' + all.length), (e) => process.send('failed: ' + e.message));
  });
  process.send('ready');
} else {
  const source = '_sio_adapter', nsp = '/', isNew = !process.env.ADAPTER.endsWith('0.2');
  const opts = { rooms: [], except: [], flags: {} };
  const packet = { type: 2, data: ['event', 1] };
  const socket = { id: 'a', handshake: {}, rooms: ['a'], data: {} };
  // The data of each type of version 0.3; those of 0.2 are one more.
  const data = (requestId) => ({
    1: undefined, 2: undefined, 3: { packet, opts, requestId }, 4: { opts, rooms: ['b'] }, 5: { opts, rooms: ['b'] }, 6: { opts, close: false },
    7: { opts, requestId }, 8: { requestId, sockets: [socket] }, 9: { packet: ['event', 1], requestId }, 10: { requestId, packet: 1 },
    11: { requestId, clientCount: 1 }, 12: { requestId, packet: [] }, 13: undefined, 14: {},
  });
  let deep = [], wide = 'x'.repeat(100_000);
  for (let i = 0; i < 1500; i++) deep = [deep];
  const wrong = [undefined, null, true, 7, -1, 2.5, 1e300, '', 'x', [], [null], {}, { length: 3 }, { then: 1 }, ['connection'], deep, wide];
  if (process.env.NODE_CHANNEL_SERIALIZATION_MODE === 'advanced') {
    const cycle = {};
    cycle.cycle = cycle;
    let often = [];
    for (let i = 0; i < 100; i++) often = [often, often];
    wrong.push(cycle, often, 1n, [1n], new Map([[1, 2]]), new Date(NaN), /x/, new Uint8Array(3), [, 1], Object(1n), new Error('x'));
  }

  // variants gives an object with each of its properties, and theirs, replaced by each wrong value.
  function* variants(value) {
    if (value === null || typeof value !== 'object') return;
    for (const key of Object.keys(value)) {
      const copy = () => (Array.isArray(value) ? [...value] : { ...value });
      for (const bad of wrong) yield Object.assign(copy(), { [key]: bad });
      for (const inner of variants(value[key])) yield Object.assign(copy(), { [key]: inner });
    }
  }

  const send = (m) => process.send(m, () => {});
  const own = isNew ? { uid: 'hostile' } : {};
  const shift = isNew ? 0 : 1;
  function sendAll(victim, requestId) {
    for (const [type, content] of Object.entries(data(requestId))) {
      const m = { source, nsp, ...own, type: +type + (type > 2 ? shift : 0), data: content, requesterUid: victim };
      if (!isNew && content) content.workerId = 1;
      for (const variant of variants(m)) send(variant);
    }
    if (isNew) for (const alias of ['UID', 'Uid', 'u\u0131d']) send({ source, nsp, uid: victim, [alias]: 'hostile', type: 13 });
    send({ source, nsp, uid: victim, type: 13 });
    send({ source, nsp, type: 3, data: 1 });
    send({ source, nsp, type: 3, data: 2 });
    send({ source, nsp, type: 1, data: 77 });
  }

  let victim;
  process.on('message', (m) => {
    if (m.uid && !victim) { victim = m.uid; sendAll(victim, 'none'); process.send('sent'); }
    if (!isNew && !victim && m.type === 2) { victim = 'x'; sendAll(victim, 'none'); process.send('sent'); }
    // An answer to a question that was asked.
    if (m.type === (isNew ? 7 : 8) && m.data.requestId) { sendAll(victim, m.data.requestId); process.send('answered'); }
    if (m === 'sync') process.send('synced');
    if (m === 'leave') process.exit();
    if (m === 'join') process.send({ source, nsp, ...own, type: 1, data: isNew ? undefined : cluster.worker.id });
  });
  process.send('ready');
}
