'use strict';

// A reporter of mocha's that says why a test is skipped.
const { reasonOf } = require('./not-applicable.cjs');

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
