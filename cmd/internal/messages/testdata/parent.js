'use strict';
// A parent in Node or Bun: argv[2] is the turn, and its figures go to standard output.
const turn = JSON.parse(process.argv[2]);
const child = require('child_process').fork(turn.child, [], { execPath: turn.node, serialization: turn.serialization });
const message = turn.size > 0 ? 'x'.repeat(turn.size) : { text: 'hello', n: 1 };
const same = (m) => (turn.size > 0 ? m.length === turn.size : m.text === 'hello' && m.n === 1);
let roundTrips = 0;
let over = false;

child.on('message', (m) => {
  if (!same(m)) throw new Error(`the child sent ${JSON.stringify(m)}`);
  if (++roundTrips === 1) setTimeout(count, turn.warmUp * 1000);
  if (!over) child.send(message);
});
for (let i = 0; i < turn.inFlight; i++) child.send(message);
setTimeout(() => {
  if (roundTrips > 0) return;
  child.kill();
  console.log(JSON.stringify({ roundTrips }));
}, 5000).unref();

const look = () => ({ roundTrips, time: performance.now(), cpu: process.cpuUsage() });
function count() {
  const before = look();
  setTimeout(() => {
    const after = look();
    over = true;
    child.kill();
    console.log(JSON.stringify({
      roundTrips: after.roundTrips - before.roundTrips,
      seconds: (after.time - before.time) / 1000,
      cpuMicros: after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system,
    }));
  }, turn.seconds * 1000);
}
