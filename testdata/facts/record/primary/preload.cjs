'use strict';
// Says each internal message that a worker receives, before cluster acts on it.

const { say } = require('./util.cjs');

process.prependListener('internalMessage', (message, handle) => {
  say({ received: message, handle: handle ? handle.constructor.name : undefined });
});
