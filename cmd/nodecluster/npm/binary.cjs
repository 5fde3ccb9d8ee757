'use strict'

const path = require('path')
const packages = Object.keys(require('./package.json').optionalDependencies)

// find returns the absolute path of this machine's nodecluster binary. It throws an Error that says what to do when there is none.
function find() {
  const platform = `${process.platform}-${process.arch}`
  const wanted = `@nodecluster/${platform}`
  if (!packages.includes(wanted)) throw new Error(`there is no nodecluster for ${platform}, only ${packages.join(', ')}`)
  const binary = locate(wanted)
  if (binary) return binary
  const other = packages.find(locate)
  throw new Error(`the package ${wanted} is not installed: ${other
    ? `${other} is, so node_modules is of another machine: run npm ci on this one`
    : 'install without --no-optional and --omit=optional, and with a lock file that has this package'}`)
}

function locate(name) {
  try {
    return path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', 'nodecluster')
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return
    throw error
  }
}

module.exports = { find }
