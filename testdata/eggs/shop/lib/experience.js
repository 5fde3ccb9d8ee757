'use strict';

// Writes what this process experiences to a file of its own, a line of JSON each, in order. Egg's option `require` loads it first.
const cluster = require('node:cluster');
const fs = require('node:fs');
const path = require('node:path');

const file = fs.openSync(path.join(process.env.SHOP_LOG, `${process.pid}.jsonl`), 'a');

function write(event, details) {
  fs.writeSync(file, `${JSON.stringify({ event, ...details })}\n`);
}

const { CFORK_WORKER_INDEX, CFORK_WORKER_COUNT, NODE_CHANNEL_SERIALIZATION_MODE, NODE_UNIQUE_ID, NODE_ENV } = process.env;
write('start', {
  time: Date.now(),
  pid: process.pid,
  ppid: process.ppid,
  role: cluster.isWorker ? 'app' : 'agent',
  id: cluster.worker?.id,
  script: process.argv[1],
  argc: process.argv.length,
  options: JSON.parse(process.argv[2]),
  execArgv: process.execArgv,
  cwd: process.cwd(),
  env: { CFORK_WORKER_INDEX, CFORK_WORKER_COUNT, NODE_CHANNEL_SERIALIZATION_MODE, NODE_UNIQUE_ID, NODE_ENV },
});
process.on('message', (message, handle) => write('message', { message, handle: handle?.constructor.name }));
process.on('disconnect', () => write('disconnect'));
process.on('exit', (code) => write('exit', { code }));

exports.write = write;
