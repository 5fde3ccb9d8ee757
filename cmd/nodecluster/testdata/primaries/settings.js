// setupPrimary several times: each worker has what was set last before it was forked.
const cluster = require('cluster');
const path = require('path');
const { once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  report('first');
}

function report(name) {
  process.send({
    name,
    argv: process.argv.slice(1),
    execPath: process.execPath,
    execArgv: process.execArgv,
    cwd: process.cwd(),
    title: process.title,
    env: [process.env.A, process.env.B, process.env.NODE_UNIQUE_ID],
  }, () => process.disconnect());
}

async function primary() {
  cluster.on('setup', (settings) => console.log('setup', Object.keys(settings).sort()));
  const show = async (env) => {
    const worker = cluster.fork(env);
    console.log((await once(worker, 'message'))[0]);
    console.log(await once(worker, 'exit'), worker.process.spawnargs, worker.process.spawnfile);
  };
  await show({ A: 1, B: 'two words' });
  cluster.setupPrimary({ args: ['--port', '80', 'ü'], cwd: '/' });
  await show({ A: undefined, B: '' });
  cluster.setupPrimary({ exec: path.join(__dirname, 'settings-other.js'), execArgv: ['--no-warnings', '--max-old-space-size=100'] });
  await show();
  cluster.setupPrimary({ exec: './settings-other.js', cwd: __dirname, args: [], serialization: 'advanced' });
  await show();
  cluster.setupPrimary({ exec: '-', execArgv: ['-e', 'process.send({ cwd: process.cwd(), argv: process.argv.slice(1) }, () => process.disconnect())'], cwd: undefined });
  await show();
  console.log(cluster.settings);
}

module.exports = report;
