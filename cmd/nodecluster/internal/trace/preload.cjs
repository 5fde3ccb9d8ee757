// Has every child that gets a channel started by way of nodecluster, which shows the channel to the tracer and then
// becomes the child. What it has in common with the Go processes of a trace stands before it, as common: folder.go writes it there.

const { accessSync, closeSync, constants, openSync, writeSync } = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { findProgram, holdExit, interceptSpawn, takeCredentials } = require(path.join(__dirname, common.spawn));

const nodecluster = path.join(__dirname, common.program);
const socket = path.join(__dirname, common.socket);
const exits = path.join(__dirname, common.exits);

if (interceptSpawn(redirect)) {
  try {
    closeSync(openSync(path.join(__dirname, common.loaded), 'a', 0o600));
  } catch {
    // Another user's process may not write there.
  }
}

// redirect has nodecluster started with all that it needs to become the child. Where that is not possible, and where
// the child could not be started either, everything is left as it is.
function redirect(options, channel) {
  try {
    const file = findProgram(options);
    accessSync(nodecluster, constants.X_OK);
    findTracer();
    const ids = takeCredentials(options);
    options.args = [nodecluster, common.command, __dirname, ...ids, file, ...options.args];
    options.file = nodecluster;
    return (child) => holdExit(child, channel, common.patience, tellOfExit);
  } catch {
    return undefined;
  }
}

// findTracer throws where the tracer is gone, or another user's that does not listen to this one.
function findTracer() {
  try {
    accessSync(socket, constants.W_OK);
  } catch (err) {
    if (err.code !== 'EACCES' || !common.abstract) {
      throw err;
    }
  }
}

// tellOfExit has the tracer know how a child has ended, at once, since this process may be about to end itself.
function tellOfExit(pid, code, signal) {
  try {
    const pipe = openSync(exits, constants.O_RDWR);
    writeSync(pipe, `${JSON.stringify({ pid, code, signal })}\n`);
    closeSync(pipe);
  } catch (err) {
    if (err.code === 'EACCES' && common.abstract) {
      spawnSync(nodecluster, [common.exitCommand, __dirname, String(pid), String(code), signal], { stdio: 'ignore' });
    }
    // Or the tracer is gone.
  }
}
