'use strict';

// Has mocha skip the tests that cannot apply. The list has a title, or the beginning of one, and the reason, with a tab between.
const fs = require('node:fs');
const path = require('node:path');

const reasons = fs.readFileSync(path.join(__dirname, 'not-applicable.txt'), 'utf8').split('\n')
  .filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t'));

const reasonOf = (test) => reasons.find(([title]) => test.fullTitle().startsWith(title))?.[1];

module.exports = {
  reasonOf,
  mochaHooks: {
    beforeEach() {
      if (reasonOf(this.currentTest)) this.skip();
    },
  },
};
