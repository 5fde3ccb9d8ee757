
// Has an app worker that was told to leave keep its channel once its servers have answered their clients, where Node would close it: so what
// Egg's hooks send arrives. The master is told, and ends the worker by a signal. This stands behind the script that drains.
safely(keepChannel)();

function keepChannel() {
  if (!isWorker()) {
    return;
  }
  const { worker } = require('cluster');
  const { disconnect } = process;
  process.prependListener('internalMessage', ({ cmd, act }) => {
    if (cmd !== 'NODE_CLUSTER' || act !== 'disconnect') {
      return;
    }
    // Node calls it when all servers are closed, at once if there are none.
    process.disconnect = () => {
      process.disconnect = disconnect;
      if (process.connected) {
        process.send({ action: 'nodecluster-drained', to: 'master' });
      }
    };
    // The worker still ends with its master, as Node has it for one that was not told to leave.
    process.nextTick(() => { worker.exitedAfterDisconnect = undefined; });
  });
}
