// A primary that gives up root's rights: its workers have none of them either. Only root can run it.
const cluster = require('cluster');
const os = require('os');
const { on, once } = require('events');

if (cluster.isPrimary) {
  primary();
} else {
  process.send({
    user: [process.getuid(), process.geteuid(), process.getgid(), process.getegid(), process.getgroups()],
    umask: process.umask().toString(8),
    nice: os.getPriority(),
    ppid: process.ppid === Number(process.env.PRIMARY),
    privileged: process.env.PORT,
  });
  require('net').createServer().on('error', (err) => process.send(err.message)).listen(Number(process.env.PORT), '127.0.0.1');
  cluster.worker.on('listening', () => process.send('listens'));
  process.on('message', () => process.disconnect());
}

async function primary() {
  process.env.PRIMARY = process.pid;
  const show = async (name, PORT) => {
    const worker = cluster.fork({ PORT });
    const messages = on(worker, 'message');
    const listening = once(worker, 'listening').then(() => 'listens');
    console.log(name, (await messages.next()).value[0]);
    console.log(name, await Promise.race([listening, messages.next().then(({ value: [message] }) => typeof message)]));
    worker.send('leave');
    console.log(await once(worker, 'exit'));
  };
  await show('root', 0);
  process.umask(0o77);
  os.setPriority(5);
  await show('umask and nice', 0);
  cluster.setupPrimary({ uid: 65534, gid: 65534 });
  await show('worker of another user', 0);
  cluster.setupPrimary({ uid: undefined, gid: undefined });
  process.setgroups([]);
  process.setgid(65534);
  process.setuid(65534);
  await show('primary of another user', 0);
  await show('privileged port', 81);
}
