'use strict';

const cluster = require('node:cluster');
const { write } = require('./lib/experience');
const { obey } = require('./lib/orders');
const Prices = require('./lib/prices');
const { ask } = require('./lib/service');

module.exports = class AppBoot {
  constructor(app) {
    this.app = app;
    obey(app);
    app.on('server', (server) => {
      write('server');
      server.on('listening', () => write('listening', { address: server.address() }));
    });
  }

  async didLoad() {
    await ask('boot');
    this.app.prices = this.app.cluster(Prices).create({});
    await this.app.prices.ready();
    await new Promise((resolve) => {
      this.app.prices.subscribe({ dataId: 'apple' }, (price) => {
        write('price', { price });
        resolve();
      });
    });
  }

  async didReady() {
    write('ready');
  }

  async serverDidReady() {
    write('serverDidReady');
  }

  async beforeClose() {
    write('beforeClose');
    this.app.messenger.sendToAgent('leaving', cluster.worker.id);
    if (process.env.SHOP_FAREWELLS) await this.farewell();
    if (process.env.SHOP_CLOSES_SLOWLY) await ask('close');
  }

  // farewell asks the agent, and resolves when that has answered.
  async farewell() {
    const { messenger } = this.app;
    const answered = new Promise((resolve) => messenger.once('go', resolve));
    messenger.sendToAgent('may I go', { pid: process.pid });
    await answered;
    write('may go');
  }
};
