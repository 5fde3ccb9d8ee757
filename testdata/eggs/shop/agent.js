'use strict';

const { write } = require('./lib/experience');
const { obey } = require('./lib/orders');
const Prices = require('./lib/prices');
const { ask } = require('./lib/service');

module.exports = class AgentBoot {
  constructor(agent) {
    this.agent = agent;
    obey(agent);
    agent.messenger.on('may I go', ({ pid }) => agent.messenger.sendTo(pid, 'go'));
  }

  async didLoad() {
    await ask('boot');
    this.agent.prices = this.agent.cluster(Prices).create({});
    await this.agent.prices.ready();
    this.agent.prices.publish({ dataId: 'apple', publishData: 1 });
    this.agent.prices.subscribe({ dataId: 'apple' }, (price) => write('price', { price }));
  }

  async didReady() {
    write('ready');
  }

  async serverDidReady() {
    write('serverDidReady');
  }

  async beforeClose() {
    write('beforeClose');
  }
};
