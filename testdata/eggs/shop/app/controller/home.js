'use strict';

const cluster = require('node:cluster');
const { ask } = require('../../lib/service');

module.exports = (app) => class HomeController extends app.Controller {
  // index says who has answered.
  async index() {
    const { ctx } = this;
    ctx.body = {
      shop: app.name,
      worker: cluster.worker.id,
      isWorker: cluster.isWorker,
      protocol: ctx.protocol,
      region: app.options.region,
      greeting: ctx.service.greeting.of('you'),
      deprecate: typeof app.deprecate,
    };
  }

  async page() {
    await this.ctx.render('home.html', { price: app.prices ? 'known' : 'unknown' });
  }

  // slow answers when the service does.
  async slow() {
    await ask('slow');
    this.ctx.body = 'done';
  }
};
