'use strict';
// What nodecluster exec has Node load: the preload, of which nothing is to be seen in the program. The call of run, with the settings, stands
// behind it: files.go writes it there.

function run(settings) {
  restoreOptions();
  const before = Object.keys(require.cache);
  require('./preload.cjs').adopt(settings);
  for (const file of Object.keys(require.cache)) {
    if (!before.includes(file) || file === __filename) {
      delete require.cache[file];
    }
  }
}

// restoreOptions takes the option that has loaded this file off the end of NODE_OPTIONS. A thread's environment has none.
function restoreOptions() {
  const { NODE_OPTIONS } = process.env;
  const added = NODE_OPTIONS?.lastIndexOf('--require ') ?? -1;
  if (added < 0 || !NODE_OPTIONS.includes(__filename.replace(/[\\"]/g, '\\$&'), added)) {
    return;
  }
  if (added === 0) {
    delete process.env.NODE_OPTIONS;
  } else {
    process.env.NODE_OPTIONS = NODE_OPTIONS.slice(0, added - 1);
  }
}
