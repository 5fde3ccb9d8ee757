// Ten thousand messages each way at once, each with its callback, and then in turns.
const cluster = require('cluster');
const { once } = require('events');

const messages = 10000;

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: process.argv[2] });
  primary();
} else {
  let heard = 0;
  let sent = 0;
  process.on('message', (message) => {
    if (message.turn) {
      return process.send(message);
    }
    if (message.n !== heard++) {
      throw new Error(`message ${message.n} instead of ${heard - 1}`);
    }
    if (heard === messages) {
      for (let n = 0; n < messages; n++) {
        process.send({ n, text: 'ü'.repeat(n % 50) }, (err) => {
          if (err || ++sent === messages) {
            process.send({ sent, err });
          }
        });
      }
    }
  });
}

async function primary() {
  const workers = [cluster.fork(), cluster.fork()];
  const done = workers.map(async (worker) => {
    let callbacks = 0;
    let slow = 0;
    const called = new Promise((resolve) => {
      for (let n = 0; n < messages; n++) {
        slow += !worker.send({ n, text: 'x'.repeat(n % 50) }, (err) => {
          if (err || ++callbacks === messages) {
            resolve(err);
          }
        });
      }
    });
    let expected = 0;
    const answered = new Promise((resolve) => worker.on('message', (message) => {
      if (message.sent) {
        resolve([expected, message]);
      } else if (message.n === expected) {
        expected++;
      }
    }));
    console.log(slow > 0);
    return [await called, callbacks, await answered];
  });
  console.log(JSON.stringify(await Promise.all(done)));
  for (let turn = 1; turn <= 1000; turn++) {
    workers[0].send({ turn });
    await once(workers[0], 'message');
  }
  cluster.disconnect();
  console.log(await Promise.all(workers.map((worker) => once(worker, 'exit'))));
}
