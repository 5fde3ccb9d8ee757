'use strict';
// A parent in Node or Bun: argv[2] is the turn, and its figures go to standard output.
const { readFileSync } = require('fs');
const turn = JSON.parse(process.argv[2]);
const child = turn.cluster ? forkWorker() : require('child_process').fork(turn.child, [], { execPath: turn.node, serialization: turn.serialization });
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

function forkWorker() {
  const cluster = require('cluster');
  if (turn.bareRelay) {
    process.execPath = turn.bareRelay;
    process.env.NODE = turn.node;
  }
  cluster.setupPrimary({ exec: turn.child, args: [], serialization: turn.serialization });
  return cluster.fork().process;
}

// The CPU in microseconds that other children than the one that answers have taken, which /proc counts in steps of 10 ms.
function cpuOfOthers() {
  if (!turn.cluster) return 0;
  let ticks = 0;
  const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  for (const pid of [...childrenOf(process.pid), ...childrenOf(child.pid)]) {
    if (pid === '' || Number(pid) === child.pid) continue;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10000;
}

function look() {
  const { user, system } = process.cpuUsage();
  return { roundTrips, time: performance.now(), cpu: user + system + cpuOfOthers() };
}

function count() {
  const before = look();
  setTimeout(() => {
    const after = look();
    over = true;
    child.kill();
    console.log(JSON.stringify({
      roundTrips: after.roundTrips - before.roundTrips,
      seconds: (after.time - before.time) / 1000,
      cpuMicros: after.cpu - before.cpu,
    }));
  }, turn.seconds * 1000);
}
