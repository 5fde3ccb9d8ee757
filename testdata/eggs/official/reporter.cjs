'use strict';

// A reporter of mocha's that also knows the list of tests that cannot apply, skips these, and says why.
const fs = require('node:fs');
const path = require('node:path');

const file = path.join(__dirname, 'not-applicable.txt');

// The list has a title, or the beginning of one, and the reason, with a tab between.
const reasons = fs.readFileSync(file, 'utf8').split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t'));
const reasonOf = (test) => reasons.find(([title]) => test.fullTitle().startsWith(title))?.[1];

class Reporter {
  constructor(runner) {
    this.passed = 0;
    this.failed = [];
    this.skipped = [];
    runner.on('pass', (test) => this.pass(test));
    runner.on('fail', (test, error) => this.fail(test, error));
    runner.on('pending', (test) => this.skip(test));
    runner.on('end', () => this.end());
  }

  pass(test) {
    this.passed++;
    console.log('ok       %s', test.fullTitle());
  }

  fail(test, error) {
    this.failed.push(test.fullTitle());
    console.log('FAILED   %s\n%s', test.fullTitle(), String(error.stack ?? error).replace(/^/gm, '         '));
  }

  skip(test) {
    const reason = reasonOf(test) ?? 'its own suite skips it';
    this.skipped.push(reason);
    console.log('skipped  %s: %s', test.fullTitle(), reason);
  }

  end() {
    console.log('%d passed, %d failed, %d skipped', this.passed, this.failed.length, this.skipped.length);
    for (const title of this.failed) console.log('  failed: %s', title);
  }
}

module.exports = Reporter;
module.exports.mochaHooks = {
  beforeEach() {
    if (process.env.EGG_MASTER && reasonOf(this.currentTest)) this.skip();
  },
};
