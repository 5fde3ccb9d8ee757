'use strict';
const { say, finish } = require('./util.cjs');

function describe(handle) {
  if (!handle) return handle === null ? null : typeof handle;
  return { type: handle.constructor.name, address: handle.address && handle.address(), listening: handle.listening };
}

function receives() {
  process.on('message', (message, handle) => {
    if (message === 'close' && receives.socket) receives.socket.destroy();
    else if (handle && handle.remoteAddress) {
      receives.socket = handle;
      say({ message, handle: handle.constructor.name });
    } else say({ message, handle: describe(handle) });
  });
  process.on('internalMessage', (message) => say({ internalMessage: message }));
  process.send('ready');
}

// Listens only when the recorder has seen that all was read: what came before must still arrive.
function receivesLate() {
  const awake = setInterval(() => {}, 1000);
  process.on('SIGUSR2', () => {
    clearInterval(awake);
    say({ event: 'listens' });
    process.on('message', (message) => {
      say({ message });
      if (message === 'done') finish();
    });
  });
  process.send('ready');
}

module.exports = {
  'receive-handle-without-fd': receives,
  'receive-native': receives,
  'receive-server': receives,
  'receive-socket': receives,
  'receive-dgram': receives,
  'receive-bound-socket': receives,
  'receive-unknown-type': receives,
  'receive-fd-beside-message': receives,
  'receive-socket-of-server': receives,
  'receive-get-count-of-none': receives,
  'receive-notify-close-of-none': receives,
  'receive-version-13': receives,
  'receive-version-14': receives,
  'receive-version-15': receives,
  'receive-split-message': receives,
  'receive-late': receivesLate,
};
