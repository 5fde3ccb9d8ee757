// What a child finds around it, and what the parent sees of the child: all but pids and the trace's own variables.
const { fork, spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

if (process.argv[2] === 'child') {
  child();
} else {
  parent();
}

function child() {
  // What is other for every process of the tests, and a digest of the rest.
  const { NODE_OPTIONS, NODECLUSTER_TRACE, NODECLUSTER_TEST, ...env } = process.env;
  const digest = crypto.createHash('sha256').update(JSON.stringify(env)).digest('hex');
  const descriptors = fs.readdirSync('/proc/self/fd').filter((fd) => fs.existsSync(`/proc/self/fd/${fd}`));
  if (process.argv[3] === 'writes') {
    fs.writeSync(5, 'on 5\n');
  }
  process.stdin.setEncoding('utf8').on('data', (text) => console.log(`stdin: ${text}`));
  console.error('on stderr');
  process.send({
    pid: process.pid,
    ppid: process.ppid,
    rest: [
      process.argv, process.argv0, process.execPath, process.execArgv, process.cwd(), Object.keys(env), digest, descriptors.length,
      process.title, Object.keys(require.cache).filter((name) => name.startsWith(__dirname)),
      fs.readFileSync('/proc/self/cmdline', 'utf8'), fs.readFileSync('/proc/self/stat', 'utf8').split(' ')[4] === String(process.pid),
    ],
  }, () => process.disconnect());
}

async function parent() {
  const env = { PATH: process.env.PATH, ONLY: 'this', HOME: '/' };
  const args = ['child', 'a b', '"quoted"', '', 'ü'];
  await show('fork', fork(__filename, args, { env, silent: true, execArgv: ['--no-warnings'] }));
  await show('argv0', spawn(process.execPath, [__filename, 'child'], { env, argv0: 'another', stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }));
  await show('PATH', spawn('node', [__filename, 'child'], {
    env: { ...env, PATH: `/nowhere:${path.dirname(process.execPath)}` }, stdio: ['pipe', 'pipe', 'pipe', 'ipc'], cwd: '/',
  }));
  await show('channel at 4', spawn(process.execPath, [__filename, 'child', 'writes'], {
    env, stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'ipc', 'pipe'], detached: true,
  }));
  await show('inherited environment', fork(__filename, ['child'], { silent: true }));
  await show('no environment', fork(__filename, ['child'], { silent: true, env: {} }));
}

function show(name, child) {
  let output = '';
  for (const stream of [child.stdout, child.stderr, child.stdio[5]]) {
    stream?.setEncoding('utf8').on('data', (text) => output += text);
  }
  child.stdin.end('in');
  let message;
  child.on('message', (m) => message = m);
  return new Promise((resolve) => child.on('close', (code, signal) => {
    console.log(name, code, signal, output.split('\n').sort(), message.pid === child.pid, message.ppid === process.pid);
    console.log(JSON.stringify([child.spawnfile, child.spawnargs, message.rest]));
    resolve();
  }));
}
