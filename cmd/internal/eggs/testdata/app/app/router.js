'use strict';

module.exports = (app) => {
  // A request has messages go to the agent and to all app workers too.
  app.router.get('/', async (ctx) => {
    app.messenger.sendToAgent('served');
    ctx.body = { pid: process.pid };
  });
  // An answer takes that many milliseconds, and the parent is told that the request is there.
  app.router.get('/slow', async (ctx) => {
    app.messenger.send('slow', null, 'parent');
    await new Promise((resolve) => setTimeout(resolve, Number(ctx.query.ms)));
    ctx.body = 'egg';
  });
};
