'use strict';

// Calls the startCluster of a framework with options, as Egg's tools do, and writes to descriptor 3 which options that hands to Egg's own: no
// master is started. process.argv is that of start-cluster, with one more argument, which is for this.
const childProcess = require('child_process');
const fs = require('fs');
const { createRequire, syncBuiltinESMExports } = require('module');
const { pathToFileURL } = require('url');
const { isModuleNamespaceObject } = require('util').types;

// modules is Egg 4's own as an ES module, of which a framework that is one has another startCluster.
const { framework, cluster, modules } = JSON.parse(process.argv.pop());
const options = JSON.parse(process.argv[2]);

function report(found) {
  fs.writeFileSync(3, JSON.stringify(found));
  process.exit(0);
}

// A master that this does not know forks its agent first.
childProcess.fork = () => report({ why: 'it starts a master of its own' });
syncBuiltinESMExports();

load().catch((error) => report({ error: String((error && error.message) || error) }));

async function load() {
  const eggs = require(cluster);
  eggs.startCluster = (given) => report({ options: given });
  const { startCluster, isModule } = await loadFramework();
  if (typeof startCluster !== 'function' || startCluster === eggs.startCluster) {
    report({});
  }
  if (isModule && modules) { // which cannot be replaced
    const other = await import(pathToFileURL(modules).href);
    report(startCluster === other.startCluster ? {} : { why: 'it is an ES module' });
  }
  await startCluster(options);
}

async function loadFramework() {
  const find = createRequire(`${framework}/package.json`);
  const { name, exports: exported } = find('./package.json');
  const own = exported ? name : framework; // what a package exports is found by its name alone
  let loaded;
  try {
    loaded = find(own);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM') throw error;
    loaded = await import(pathToFileURL(find.resolve(own)).href);
  }
  const { startCluster } = loaded.startCluster || !loaded.default ? loaded : loaded.default;
  return { startCluster, isModule: isModuleNamespaceObject(loaded) };
}
