'use strict';

const Base = require('sdk-base');

// Prices is what one process knows of prices. With cluster-client the agent's is the leader, and those of the apps follow it.
module.exports = class Prices extends Base {
  constructor(options) {
    super(options);
    this.known = new Map();
    this.ready(true);
  }

  subscribe({ dataId }, listener) {
    this.on(dataId, listener);
    if (this.known.has(dataId)) process.nextTick(listener, this.known.get(dataId));
  }

  publish({ dataId, publishData }) {
    this.known.set(dataId, publishData);
    this.emit(dataId, publishData);
  }
};
