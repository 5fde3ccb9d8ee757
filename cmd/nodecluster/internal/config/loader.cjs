// Evaluates the configuration in the file process.argv[1] and prints it as JSON between two marks, because the file may print too.
'use strict'
const { readFileSync } = require('fs')
const { pathToFileURL } = require('url')
const { runInThisContext } = require('vm')

const [, file, mark] = process.argv
process.argv.splice(2, 1)
const write = process.stdout.write.bind(process.stdout)
const answer = value => write(`\n${mark}${JSON.stringify(value)}${mark}\n`, () => process.exit(0))

const notCommonJS = /Cannot use import statement|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid/
const isModule = e => ['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(e.code) ||
  (e instanceof SyntaxError && notCommonJS.test(e.message))

async function load () {
  if (file.endsWith('.json')) return runInThisContext(`(${readFileSync(file, 'utf8')}\n)`, { filename: file })
  if (/\.mjs$|\.mts$/.test(file)) return import(pathToFileURL(file))
  try {
    return require(file)
  } catch (e) {
    if (!e || !isModule(e)) throw e
    return import(pathToFileURL(file))
  }
}

// What is meant of a module: its default export, where it has no applications itself. A function is called.
async function evaluate () {
  let config = await load()
  while (config && config.apps === undefined && config.default !== undefined) config = config.default
  if (typeof config === 'function') config = await config()
  return config
}

// JSON has no regular expressions, big numbers and circles, and says nothing of them.
function plain (value, above = []) {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof RegExp) return { $regexp: String(value) }
  if (value === null || typeof value !== 'object') return value
  if (above.includes(value)) throw new Error('the configuration refers to itself')
  if (typeof value.toJSON === 'function') return value.toJSON()
  const inside = [...above, value]
  if (Array.isArray(value)) return value.map(item => plain(item, inside))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, inside)]))
}

function hint (e) {
  if (/\.[cm]?ts$/.test(file) && !process.features.typescript && (e instanceof SyntaxError || e.code === 'ERR_UNKNOWN_FILE_EXTENSION')) {
    return `Node ${process.version} does not read TypeScript: use Node 22.18 or later`
  }
  if (e instanceof SyntaxError && notCommonJS.test(e.message) && /\.[jt]s$/.test(file)) {
    return `Node ${process.version} takes it for CommonJS: name it .mjs, or have a package.json beside it say "type": "module"`
  }
}

function describe (e) {
  if (!(e && e.message !== undefined)) return { message: `it throws ${String(e)}` }
  return { message: `${e.name}: ${e.message}`, hint: hint(e), stack: String(e.stack) }
}

evaluate().then(config => answer({ config: plain(config) })).catch(e => answer({ error: describe(e) }))
