'use strict';

// A reporter of mocha's that says why a test is skipped.
const { reasonOf, leftOutOf } = require('./not-applicable.cjs');
const isOurs = process.argv.some((argument) => argument.endsWith('not-applicable.cjs'));

class Reporter {
  constructor(runner) {
    this.passed = 0;
    this.reduced = 0; // of those that have passed
    this.failed = [];
    this.skipped = [];
    runner.on('pass', (test) => this.pass(test));
    runner.on('fail', (test, error) => this.fail(test, error));
    runner.on('pending', (test) => this.skip(test));
    runner.on('end', () => this.end());
  }

  pass(test) {
    this.passed++;
    const leftOut = isOurs && leftOutOf(test);
    if (!leftOut) {
      console.log('ok       %s', test.fullTitle());
      return;
    }
    this.reduced++;
    console.log('ok       %s, without /%s/: %s', test.fullTitle(), leftOut[1], leftOut[2]);
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
    const reduced = this.reduced ? ` (${this.reduced} without an expectation)` : '';
    console.log('%d passed%s, %d failed, %d skipped', this.passed, reduced, this.failed.length, this.skipped.length);
    for (const title of this.failed) console.log('  failed: %s', title);
  }
}

module.exports = Reporter;
