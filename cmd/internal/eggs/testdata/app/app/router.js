'use strict';

module.exports = (app) => {
  app.router.get('/', async (ctx) => {
    ctx.body = 'egg';
  });
  // An answer takes that many milliseconds, and the parent is told that the request is there.
  app.router.get('/slow', async (ctx) => {
    app.messenger.send('slow', null, 'parent');
    await new Promise((resolve) => setTimeout(resolve, Number(ctx.query.ms)));
    ctx.body = 'egg';
  });
};
