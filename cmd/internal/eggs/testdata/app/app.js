'use strict';

module.exports = (app) => {
  app.messenger.on('tick', ({ last }) => {
    if (last) app.messenger.sendToAgent('tock');
  });
};
