'use strict';

// A framework of a shop's own on Egg 3: its name, and what it adds to the options of startCluster.
const egg = require('egg3');

const eggPath = Symbol.for('egg#eggPath');

class Application extends egg.Application {
  get [eggPath]() {
    return __dirname;
  }
}

class Agent extends egg.Agent {
  get [eggPath]() {
    return __dirname;
  }
}

module.exports = {
  ...egg,
  Application,
  Agent,
  startCluster: (options, callback) => egg.startCluster({ region: 'north', ...options, framework: __dirname }, callback),
};
