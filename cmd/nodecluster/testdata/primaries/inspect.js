// The ports of the workers' inspectors: one more for each worker, or those that inspectPort says.
const cluster = require('cluster');
const { once } = require('events');

if (cluster.isPrimary) {
  primary(Number(process.argv[2]));
} else {
  const inspector = require('inspector');
  process.send([process.execArgv, process.debugPort, inspector.url()], () => process.disconnect());
}

async function primary(port) {
  const show = async (settings) => {
    cluster.setupPrimary({ ...settings, silent: true }); // since Node tells of each inspector, with a name by chance
    const worker = cluster.fork();
    const [[execArgv, debugPort, url]] = await once(worker, 'message');
    await once(worker, 'exit');
    // Each run has a first port of its own.
    console.log(execArgv.map((arg) => arg.replace(/\d+$/, (number) => number - port)), debugPort - port, url && new URL(url).port - port);
  };
  process.debugPort = port;
  await show({ execArgv: ['--inspect'] });
  await show({ execArgv: ['--inspect'] });
  await show({ execArgv: ['--inspect'], inspectPort: port + 10 });
  await show({ execArgv: ['--inspect'], inspectPort: () => port + 11 });
  await show({ execArgv: [`--inspect=127.0.0.1:${port + 12}`] });
  process.env.NODE_OPTIONS = '--inspect';
  await show({ execArgv: [], inspectPort: undefined });
}
