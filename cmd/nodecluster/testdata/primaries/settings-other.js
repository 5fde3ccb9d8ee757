// Another program that settings.js forks.
process.send({ name: 'other', argv: process.argv.slice(1), execArgv: process.execArgv, cwd: process.cwd() }, () => process.disconnect());
