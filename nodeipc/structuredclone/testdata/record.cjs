'use strict';
// node record.cjs NODE FILE: records what the program NODE writes on its channel for each sample, into FILE.
// The program is started again for itself, as a child whose channel is a plain stream to the recorder.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const samples = require('./samples.cjs');

// eslint-disable-next-line no-unused-vars
function fixed(error, stack = 'stack') {
  error.stack = stack;
  return error;
}

function child() {
  process.removeAllListeners('warning');
  for (const [name, expression] of Object.entries(samples)) {
    let value;
    try {
      value = eval(expression);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof ReferenceError) continue;
      throw error;
    }
    process.send(name);
    process.send(value);
  }
}

function parent(node, file) {
  const recorded = spawn(node, ['--no-deprecation', __filename], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'advanced' },
  });
  const chunks = [];
  recorded.stdio[3].on('data', (chunk) => chunks.push(chunk));
  recorded.on('close', (code) => {
    if (code !== 0) throw new Error(`${node} ended with ${code}`);
    let rest = Buffer.concat(chunks);
    const payloads = [];
    while (rest.length > 0) {
      const end = 4 + rest.readUInt32BE(0);
      payloads.push(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
    const lines = [];
    for (let i = 0; i < payloads.length; i += 2) {
      const name = payloads[i].subarray(4).toString('latin1');
      lines.push(`  ${JSON.stringify(name)}: ${JSON.stringify(payloads[i + 1].toString('hex'))}`);
    }
    fs.writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
  });
}

if (process.argv.length > 2) parent(process.argv[2], process.argv[3]);
else child();
