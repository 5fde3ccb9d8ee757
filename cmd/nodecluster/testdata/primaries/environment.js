// What a worker finds of its surroundings, and what the primary finds of its own.
const cluster = require('cluster');
const fs = require('fs');
const { execFileSync, fork } = require('child_process');
const { once } = require('events');

const read = (name) => fs.readFileSync(`/proc/self/${name}`, 'utf8');

if (cluster.isPrimary && process.argv[2] !== 'child') {
  primary();
} else {
  process.send(surroundings(), () => process.disconnect());
}

function variables(environment) {
  return environment.filter((variable) => variable && !variable.startsWith('NODECLUSTER_TEST=')); // which tells one test from another
}

function surroundings() {
  const status = read('status').split('\n');
  return {
    environment: variables(read('environ').split('\0')),
    env: variables(Object.entries(process.env).map((pair) => pair.join('='))),
    commandLine: read('cmdline').split('\0'),
    argv: process.argv,
    argv0: process.argv0,
    execArgv: process.execArgv,
    title: process.title,
    comm: read('comm'),
    status: status.filter((line) => /^(Umask|Groups|Seccomp|NoNewPrivs|Sig(Ign|Blk|Cgt)|ShdPnd|Cap\w+|Cpus_allowed|Uid|Gid|TracerPid):/.test(line)),
    limits: read('limits'),
    descriptors: descriptors(),
    scheduling: read('stat').split(') ')[1].split(' ').filter((_, i) => [15, 16, 37, 38].includes(i)), // priority, nice, real-time priority, policy
    family: read('stat').split(') ')[1].split(' ').slice(1, 5), // parent, group, session, terminal
  };
}

function descriptors() {
  return fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return `${fd} ${fs.readlinkSync(`/proc/self/fd/${fd}`).replace(/\[\d+\]/, '')}`;
    } catch {
      return ''; // that of the folder itself
    }
  });
}

function show(name, { family, ...rest }) {
  const [parent, ...group] = family;
  const own = surroundings().family.slice(1);
  console.log(name, parent === String(process.pid), String(group) === String(own), JSON.stringify(rest, null, 1));
}

async function primary() {
  const { env, argv, argv0, execArgv, title, comm, status, limits, scheduling } = surroundings();
  console.log({ env, argv, argv0, execArgv, title, comm, status, limits, scheduling });
  for (const serialization of ['json', 'advanced']) {
    cluster.setupPrimary({ serialization });
    const worker = cluster.fork({ OWN: 'variable' });
    show('worker', (await once(worker, 'message'))[0]);
    await once(worker, 'exit');
  }
  const child = fork(__filename, ['child']);
  show('child', (await once(child, 'message'))[0]);
  await once(child, 'exit');
  console.log(variables(String(execFileSync('env')).split('\n')));
}
