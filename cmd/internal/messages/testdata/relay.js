'use strict';
// A cluster primary in Node with the package's own part of the primary: argv[2] is the turn, and its figures go to standard output.
const cluster = require('cluster');
const { setupPrimary } = require('@socket.io/cluster-adapter');
const turn = JSON.parse(process.argv[2]);
cluster.setupPrimary({ exec: turn.child, args: [], serialization: turn.serialization });
setupPrimary();
let roundTrips = 0;
cluster.on('message', (worker, message) => {
  if (!message.answered) return;
  if (roundTrips === 0) setTimeout(count, turn.warmUp * 1000);
  roundTrips += message.answered;
});
for (let i = 0; i < turn.workers; i++) cluster.fork({ SIZE: turn.size, IN_FLIGHT: turn.inFlight, WORKERS: turn.workers });

function look() {
  const { user, system } = process.cpuUsage();
  return { roundTrips, time: performance.now(), cpu: user + system };
}

function count() {
  const before = look();
  setTimeout(() => {
    const after = look();
    console.log(JSON.stringify({
      roundTrips: after.roundTrips - before.roundTrips,
      seconds: (after.time - before.time) / 1000,
      cpuMicros: after.cpu - before.cpu,
    }));
    process.exit();
  }, turn.seconds * 1000);
}
