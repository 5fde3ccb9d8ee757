'use strict';

// Has mocha skip the tests that cannot apply, and leave out expectations that cannot. The lists have tabs between their columns: a title, or the
// beginning of one, and the reason; and a title, the expression that is left out, and the reason.
const fs = require('node:fs');
const path = require('node:path');

const list = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8').split('\n')
  .filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t'));

const skipped = list('not-applicable.txt');
const reduced = list('without.txt');

const reasonOf = (test) => skipped.find(([title]) => test.fullTitle().startsWith(title))?.[1];
const leftOutOf = (test) => reduced.find(([title]) => test.fullTitle() === title);

// The package by which the tests start a master, and say what is expected of it.
const { Coffee } = require(require.resolve('coffee', { paths: [process.cwd()] }));
const { expect } = Coffee.prototype;

module.exports = {
  reasonOf,
  leftOutOf,
  mochaHooks: {
    beforeEach() {
      if (reasonOf(this.currentTest)) this.skip();
      const leftOut = leftOutOf(this.currentTest);
      if (!leftOut) return;
      Coffee.prototype.expect = function (type, ...args) {
        return args[0]?.source === leftOut[1] ? this : expect.call(this, type, ...args);
      };
    },
    afterEach() {
      Coffee.prototype.expect = expect;
    },
  },
};
