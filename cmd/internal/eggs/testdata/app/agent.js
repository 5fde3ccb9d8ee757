'use strict';

module.exports = (agent) => {
  const { messenger } = agent;

  messenger.once('egg-ready', () => messenger.send('agent-up', { pid: process.pid }, 'parent'));
  messenger.on('served', () => messenger.sendToApp('noted'));

  // wave sends that many messages to each app, and resolves when all apps have answered the last.
  const wave = (messages, apps) => new Promise((resolve) => {
    const tock = () => {
      if (--apps > 0) return;
      messenger.off('tock', tock);
      resolve();
    };
    messenger.on('tock', tock);
    for (let i = 1; i <= messages; i++) messenger.sendToApp('tick', { last: i === messages, filling: 'x'.repeat(100) });
  });

  messenger.on('measure', async ({ messages, apps, seconds }) => {
    const waves = [];
    const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
    const began = process.hrtime.bigint();
    let now = began;
    while (now < end) {
      const before = now;
      await wave(messages, apps);
      now = process.hrtime.bigint();
      waves.push(Number(now - before) / 1000);
    }
    waves.sort((a, b) => a - b);
    messenger.send('measured', {
      perSecond: (waves.length * messages * apps) / (Number(now - began) / 1e9),
      median: waves[Math.floor(waves.length / 2)],
      p99: waves[Math.floor(waves.length * 0.99)],
    }, 'parent');
  });
};
