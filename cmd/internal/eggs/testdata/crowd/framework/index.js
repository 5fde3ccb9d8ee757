'use strict';

// A framework on egg-cluster of so little weight that a machine has room for 100 app workers.

const { EventEmitter } = require('events');

const microseconds = () => Number(process.hrtime.bigint() / 1000n);

class Base extends EventEmitter {
  constructor(options) {
    super();
    this.options = options;
    this.config = {};
    process.on('message', ({ action, data }) => this.emit(action, data));
  }

  ready(callback) {
    setImmediate(callback);
  }

  close() {}
}

class Agent extends Base {
  constructor(options) {
    super(options);
    this.on('broadcast', (order) => this.broadcast(order));
  }

  // broadcast sends so many messages to all app workers, so many a second, and has them say then what they have got.
  broadcast({ messages, perSecond, bytes }) {
    const filling = 'x'.repeat(bytes);
    const began = microseconds();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(messages, Math.ceil(((microseconds() - began) / 1e6) * perSecond));
      for (; sent < due; sent++) process.send({ to: 'app', action: 'tick', data: { number: sent + 1, at: microseconds(), filling } });
      if (sent < messages) return;
      clearInterval(timer);
      process.send({ to: 'app', action: 'count' });
    }, 2);
  }
}

class Application extends Base {
  constructor(options) {
    super(options);
    this.begin();
    this.on('tick', ({ number, at }) => {
      this.latencies.push(microseconds() - at);
      if (number <= this.last) this.disordered++;
      this.last = number;
    });
    this.on('count', () => this.tell());
  }

  begin() {
    this.last = 0;
    this.disordered = 0;
    this.latencies = [];
  }

  // tell tells the parent what has come since it was told last.
  tell() {
    const sorted = this.latencies.sort((a, b) => a - b);
    const quantile = (part) => sorted[Math.floor(sorted.length * part)] ?? 0;
    const { disordered } = this;
    this.begin();
    process.send({
      to: 'parent',
      action: 'counted',
      data: { pid: process.pid, count: sorted.length, disordered, median: quantile(0.5), p99: quantile(0.99) },
    });
  }

  callback() {
    return (request, response) => response.end('light');
  }
}

module.exports = { Agent, Application, startCluster: (...options) => require('egg-cluster').startCluster(...options) };
