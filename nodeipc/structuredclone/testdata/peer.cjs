'use strict';
// The Node end of a channel whose other end is a Go test. It answers each request, an array, with one message.
const assert = require('node:assert');
const { generate } = require('./generate.cjs');
const { same } = require('./same.cjs');

let generated = [];
let asked;

const answers = {
  // What Node read, as Node writes it.
  echo: (...values) => values,
  eval: (expression) => eval(expression),
  // Whether Node reads the value of the expression.
  expect(expression, value) {
    const wanted = eval(expression);
    same(value, wanted, { anyOrder: true });
    assert.deepStrictEqual(value, wanted);
    return 'same';
  },
  generate(options) {
    asked = options;
    generated = generate(options);
    return generated;
  },
  // Whether what was generated came back.
  compare(...values) {
    assert.strictEqual(values.length, generated.length);
    values.forEach((value, i) => {
      same(value, generated[i], { anyOrder: asked.plain });
      // Among objects in each other this tries every way from one to another.
      if (!asked.shared) assert.deepStrictEqual(value, generated[i]);
    });
    return 'same';
  },
};

process.on('message', ([request, ...rest]) => {
  let answer;
  try {
    answer = answers[request](...rest);
  } catch (error) {
    answer = `${request}: ${error.stack}`;
  }
  process.send(answer);
});
