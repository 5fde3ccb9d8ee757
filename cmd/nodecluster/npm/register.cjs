'use strict'

const fs = require('fs')
const { isMainThread } = require('worker_threads')
const { find } = require('./binary.cjs')

// A cluster worker forks no workers of its own. Node has removed the variable that tells it from other processes. It listens for its primary's
// messages instead, beside the listener of every process that another one has forked, which may be a primary itself, as PM2's daemon is.
const listeners = process.listenerCount('internalMessage')
if (listeners < 2) register()

function register() {
  const sched = process.env.NODECLUSTER_SCHED
  const strict = process.env.NODECLUSTER_STRICT === '1'
  let program
  try {
    program = find()
  } catch (error) {
    if (strict) throw error
    if (isMainThread && listeners === 0) warn(`workers are served by Node alone: ${error.message}`)
    return
  }
  require('./preload.cjs').adopt({ program, sched, strict })
}

// warn is not called where the process that has forked this one has said the same. It does not touch process.stderr, which the program may
// want to be the first to use.
function warn(text) {
  try {
    fs.writeSync(2, `nodecluster: ${text}\n`)
  } catch {
    // Nobody reads it.
  }
}
