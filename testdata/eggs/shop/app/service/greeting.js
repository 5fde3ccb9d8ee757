'use strict';

module.exports = (app) => class GreetingService extends app.Service {
  of(name) {
    return `hello ${name}`;
  }
};
