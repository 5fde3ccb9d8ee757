'use strict';

const { write } = require('./experience');

const orders = {
  text: (app, text) => process.send(text),
  raw: (app, message) => process.send(message),
  publish: (app, dataId, publishData) => app.prices.publish({ dataId, publishData }),
  exit: (app, code) => process.exit(code),
  throw: (app, text) => setImmediate(() => {
    throw new Error(text);
  }),
  log: (app, text) => app.logger.info(text),
};

// obey has a process do what it is told to by messages, which is a call of its messenger or one of the orders, and tell everybody that it
// is done, unless it has no number: what the call has sent came before.
exports.obey = (app) => {
  app.messenger.on('order', ({ number, call, args }) => {
    if (orders[call]) orders[call](app, ...args);
    else app.messenger[call](...args);
    if (number) app.messenger.broadcast('done', number);
  });
  app.messenger.on('egg-ready', () => write('egg-ready'));
};
