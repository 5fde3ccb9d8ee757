// Egg's own master, of Egg 3 or 4 by the first argument, with an agent and two workers, one of which is killed. The second argument is the
// first of two ports.
const cluster = require('cluster');
const fs = require('fs');
const path = require('path');
const { once } = require('events');
const { ask } = require('./ask');

const [, , egg, port] = process.argv;
const framework = path.dirname(require.resolve(`${egg}/package.json`));
const Master = { egg3: () => require('egg-cluster/lib/master'), egg4: () => require('@eggjs/cluster').Master }[egg]();

// What Egg itself writes has process ids and times.
process.env.EGG_MASTER_LOGGER_LEVEL = 'NONE';
console.info = console.warn = console.error = () => {};

for (const [name, text] of Object.entries({
  'package.json': '{"name":"app"}',
  'app/router.js': "module.exports = (app) => app.get('/', async (ctx) => { ctx.body = 'egg'; });",
  'config/config.default.js': "exports.keys = 'k'; exports.logger = { consoleLevel: 'NONE' };",
})) {
  fs.mkdirSync(path.dirname(name), { recursive: true });
  fs.writeFileSync(name, text);
}

// For agent and workers Egg takes a port that the system gives to anybody, and has let go of it until it listens there: a client of another
// program may have it by then.
Master.prototype.detectPorts = async function () {
  this.options.clusterPort = Number(port) + 1;
};

const master = new Master({ baseDir: process.cwd(), workers: 2, port: Number(port), framework });
process.on('exit', (code) => console.log('exit', code));
master.ready(async () => {
  console.log('ready', Object.keys(cluster.workers), await ask(port));
  // Whether a killed worker's end or that of its channel is heard of first is not said anywhere.
  for (const event of ['fork', 'online', 'listening']) {
    cluster.once(event, ({ id }) => console.log(event, id));
  }
  const first = cluster.workers[1];
  // Only after this does Egg not fork again what it ends.
  const started = once(master, 'app-start');
  const replaced = [once(first, 'exit'), once(first, 'disconnect'), started];
  first.process.kill('SIGKILL');
  const [how] = await Promise.all(replaced);
  console.log(how, Object.keys(cluster.workers), await ask(port));
  process.kill(process.pid, 'SIGTERM');
});
