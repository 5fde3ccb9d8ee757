// usage: node socketio-clients.js PORT WORKERS PLACE BINARY
// Has clients at each of WORKERS workers of socketio.js, in the namespace PLACE, and has them speak with each other, while one worker is
// killed and another takes its place. Prints what they came to as one line of JSON.
const { io } = require('socket.io-client');
const [port, workers, place, binary] = process.argv.slice(2);
const clients = [];

const message = (n) => (binary === 'true' ? { n, bytes: Buffer.from([0, 255, n]) } : { n });
const isMessage = (m, n) => m.n === n && (binary !== 'true' || Buffer.isBuffer(m.bytes) && Buffer.from([0, 255, n]).equals(m.bytes));
const ask = (client, ...args) => new Promise((resolve) => client.socket.emit(...args, resolve));
const first = (client, event) => new Promise((resolve) => client.socket.once(event, resolve));

function connect() {
  return new Promise((resolve, reject) => {
    const socket = io(`http://127.0.0.1:${port}${place}`, { transports: ['websocket'], forceNew: true, reconnection: false });
    const client = { socket, got: [], waiting: null };
    socket.on('said', (m) => { client.got.push(m); client.waiting?.(); });
    socket.on('poll', (answer) => answer(socket.id));
    socket.on('connect_error', reject);
    socket.on('worker', (pid) => { client.pid = pid; clients.push(client); resolve(client); });
  });
}

// connectAll connects clients until there is one at each worker, and at all pids that are new.
async function connectAll(isDone) {
  while (!isDone(new Set(clients.map((c) => c.pid)))) await connect().catch(() => {});
}

// hear waits until a client has got a message, and returns how many it got that are the next.
async function hear(client, n) {
  while (client.got.length === 0) await new Promise((resolve) => { client.waiting = resolve; });
  return isMessage(client.got.shift(), n) ? 1 : 0;
}

async function broadcast(from, n) {
  from.socket.emit('say', message(n));
  const heard = await Promise.all(clients.map((c) => hear(c, n)));
  return `${heard.reduce((a, b) => a + b)} of ${clients.length}`;
}

const sorted = (list) => (Array.isArray(list) ? JSON.stringify([...list].sort()) : list);
const isAll = (list) => sorted(list) === sorted(clients.map((c) => c.socket.id)) || list;

async function main() {
  const result = { broadcasts: [], wanted: [] };
  const want = () => result.wanted.push(`${clients.length} of ${clients.length}`);
  await connectAll((pids) => pids.size === +workers);
  let n = 0;
  const say = async (from) => { want(); result.broadcasts.push(await broadcast(from, n++)); };
  for (let i = 0; i < 3; i++) await say(clients[i]);

  const killed = clients[0].pid;
  const gone = clients.filter((c) => c.pid === killed);
  const ended = Promise.all(gone.map((c) => first(c, 'disconnect')));
  process.kill(killed, 'SIGKILL');
  await ended;
  for (const c of gone) clients.splice(clients.indexOf(c), 1);
  const begun = Date.now();
  if (process.env.FETCH !== 'later') result.fetched = isAll(await ask(clients[0], 'fetch'));
  result.milliseconds = Date.now() - begun;
  for (let i = 0; i < 3; i++) await say(clients[i % clients.length]);

  const before = new Set(clients.map((c) => c.pid));
  await connectAll((pids) => [...pids].some((pid) => !before.has(pid) && pid !== killed));
  const young = clients[clients.length - 1];
  await say(young);
  await say(clients[0]);
  result.fetchedByAll = [];
  for (const c of [clients[0], young]) result.fetchedByAll.push(isAll(await ask(c, 'fetch')));
  const pids = new Set(clients.map((c) => c.pid));
  pids.delete(clients[0].pid);
  result.asked = sorted(await ask(clients[0], 'ask')) === sorted([...pids]);
  result.polled = isAll(await ask(young, 'poll'));

  const away = clients.find((c) => c.pid !== clients[0].pid);
  await ask(clients[0], 'gather', [away.socket.id], 'room');
  clients[0].socket.emit('whisper', 'room', message(n));
  result.whispered = (await hear(away, n)) === 1 && clients.every((c) => c.got.length === 0);
  clients[0].socket.emit('kick', away.socket.id);
  result.kicked = await first(away, 'disconnect');
  for (const c of clients) c.socket.disconnect();
  console.log(JSON.stringify(result));
}

main();
