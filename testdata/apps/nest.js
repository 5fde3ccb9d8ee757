require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { Injectable, Module } = require('@nestjs/common');

class Hooks {
  onApplicationShutdown(signal) {
    require('fs').writeSync(1, `shut down by ${signal}\n`);
  }
}
Injectable()(Hooks);
class App {}
Module({ providers: [Hooks] })(App);

NestFactory.create(App, { logger: false }).then((app) => {
  app.enableShutdownHooks();
  if (process.env.DATABASE) setInterval(() => {}, 1000);
  return app.listen(process.env.PORT);
});
