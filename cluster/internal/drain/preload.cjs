// Lets the clients of a server that is closed go without a loss: the next answer on a connection says that it is the last one, and a
// connection without a request stays open for a moment longer, since one may be on its way. Until a server is closed this only knows
// which connections it has. The primary writes settings before it: the option of NODE_OPTIONS that has Node load this, and how many
// milliseconds a moment has.

// Programs and their tests may replace the global ones.
const { setImmediate, setTimeout } = global;

const state = Symbol('nodecluster.drain');
const sweepsInMoment = 4;
const maxStreamID = 2 ** 31 - 1;

safely(leaveEnvironment)();
safely(followServers)();

// safely makes a function that does nothing where the other fails: this must not end a program.
function safely(f) {
  return function(...args) {
    try {
      return Reflect.apply(f, this, args);
    } catch (err) {
      process.emitWarning(`nodecluster does not drain connections: ${err && err.message}`);
    }
  };
}

// leaveEnvironment keeps this from the processes that the worker starts.
function leaveEnvironment() {
  const options = process.env.NODE_OPTIONS || '';
  if (options === settings.option) {
    delete process.env.NODE_OPTIONS;
  } else if (options.startsWith(`${settings.option} `)) {
    process.env.NODE_OPTIONS = options.slice(settings.option.length + 1);
  }
}

// isWorker is false in worker threads, for which Node loads this too, in processes that a shell script starts beside the worker, and
// in runtimes whose servers are not Node's.
function isWorker() {
  const { bun, deno } = process.versions;
  return !bun && !deno && Boolean(process.send) && require('worker_threads').isMainThread && require('cluster').isWorker;
}

function followServers() {
  if (isWorker()) {
    require('diagnostics_channel').channel('net.server.socket').subscribe(safely(({ socket }) => {
      const known = socket.server[state] || follow(socket.server);
      if (known.isOpen) {
        known.add(socket);
      }
    }));
  }
}

// follow knows the connections of a server from its first one on, and drains them when it is closed. Those of TLS are known when they
// are encrypted, and others are not.
function follow(server) {
  const isHTTP2 = typeof server.updateSettings === 'function';
  const isTLS = typeof server.setSecureContext === 'function';
  const isHTTP = isHTTP2 || 'keepAliveTimeout' in server;
  const known = { server, isOpen: isHTTP && !isTLS, sockets: new Set(), sessions: new Map(), closed: false, defers: false, quiet: null };
  hide(server, state, known);
  if (!isHTTP) {
    return known;
  }
  const forget = function() {
    known.sockets.delete(this);
  };
  known.add = (socket) => {
    known.sockets.add(socket);
    socket.on('close', forget);
    beginToSweep(known);
  };
  if (isTLS) {
    server.on('secureConnection', safely(known.add));
  }
  if (isHTTP2) {
    server.on('session', safely((session) => followSession(known, session)));
  }
  followClose(known);
  return known;
}

// hide gives an object a property that is not listed.
function hide(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

function followClose(known) {
  const { server } = known;
  const { close, closeIdleConnections } = server;
  const drainOnce = safely(drain);
  hide(server, 'close', function(...args) {
    if (server.listening) {
      drainOnce(known);
    }
    return Reflect.apply(close, this, args);
  });
  // Node calls it when a server is closed, and programs do right before or after that.
  if (closeIdleConnections) {
    hide(server, 'closeIdleConnections', function() {
      process.nextTick(() => drains(known) || Reflect.apply(closeIdleConnections, this, []));
    });
  }
}

// drains reports whether a server is closed, and does not listen again.
function drains({ server, closed }) {
  return closed && !server.listening;
}

function drain(known) {
  known.closed = true;
  announceEnd();
  deferRequests(known);
  for (const session of known.sessions.keys()) {
    announceEndOf(session);
  }
  // Not before it is closed.
  process.nextTick(safely(() => beginToSweep(known)));
}

// beginToSweep is for a server that drains, again when it gets a connection and had none any more: TLS takes a while.
function beginToSweep(known) {
  if (!known.quiet && drains(known)) {
    known.quiet = new WeakMap();
    sweep(known);
  }
}

// sweep ends the connections on which nothing has happened for a moment, and comes again while there are others. One that was ended in our
// direction is closed when the client sends nothing more; in the middle of a request it may pause for a moment. known.quiet has how many
// bytes a connection had read, and for how many sweeps. Where the program has done nothing else for long, timers come before what clients
// have sent meanwhile is read: so this looks after that.
function sweep(known) {
  if (!drains(known) || known.sockets.size === 0) {
    known.quiet = null;
    known.sessions.forEach((_, session) => delete session.close);
    return;
  }
  known.sessions.forEach(sweepSession);
  for (const socket of known.sockets) {
    const last = known.quiet.get(socket);
    if (!last || last.bytes !== socket.bytesRead || !isQuiet(socket)) {
      known.quiet.set(socket, { bytes: socket.bytesRead, sweeps: 0 });
    } else if (++last.sweeps >= sweepsInMoment || socket.writableEnded && !isReceiving(socket)) {
      if (socket.writableEnded) {
        socket.destroy();
      } else {
        hangUp(socket);
      }
    }
  }
  setTimeout(() => setImmediate(safely(() => sweep(known))), settings.moment / sweepsInMoment).unref();
}

// isQuiet reports whether nothing is under way on a connection but perhaps the rest of what was hung up. It is not so for WebSockets
// and others that were upgraded.
function isQuiet({ parser, _httpMessage: response, writableEnded }) {
  const request = parser && parser.incoming;
  return writableEnded || Boolean(parser) && !response && (!request || request.complete && !request.upgrade);
}

// isReceiving reports whether a request has come in part.
function isReceiving({ parser }) {
  return Boolean(parser && parser.incoming && !parser.incoming.complete);
}

// hangUp ends a connection in our direction, and reads on until the client ends it too: to close it while the client sends would reset
// it, and the client could lose the answer that it has not read yet.
function hangUp(socket) {
  socket.end();
  if (isReceiving(socket)) {
    socket.parser.incoming.once('end', safely(() => ignoreRest(socket)));
  } else {
    ignoreRest(socket);
  }
}

// ignoreRest takes no further request from a connection, to which there would be no answer.
function ignoreRest(socket) {
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  socket.resume();
}

let announces = false;

// announceEnd has every answer of a server that drains say that it is the last one on its connection, if it is.
function announceEnd() {
  if (announces) {
    return;
  }
  announces = true;
  const { prototype } = require('http').ServerResponse;
  const { writeHead } = prototype;
  const isLastOne = safely(isLast);
  const closeAfterIt = safely(closeAfter);
  prototype.writeHead = function(status, ...rest) {
    const last = status !== 101 && isLastOne(this);
    if (last) {
      this.shouldKeepAlive = false;
    }
    const result = Reflect.apply(writeHead, this, [status, ...rest]);
    if (last) {
      closeAfterIt(this);
    }
    return result;
  };
}

// deferRequests has programs get a request when all is parsed that was read with it. What they answer at once would seem to be the last
// answer otherwise, and the next request would be lost.
function deferRequests(known) {
  const { server } = known;
  if (known.defers) {
    return;
  }
  known.defers = true;
  const { emit } = server;
  const { ServerResponse } = require('http');
  hide(server, 'emit', function(...args) {
    if (args[0] === 'request' && args[2] instanceof ServerResponse && drains(known)) {
      process.nextTick(() => Reflect.apply(emit, this, args));
      return true;
    }
    return Reflect.apply(emit, this, args);
  });
}

// isLast reports whether a response is one of a server that drains, to the last request that has come on its connection.
function isLast({ req: request }) {
  const socket = request && request.socket;
  const known = socket && socket.server && socket.server[state];
  if (!known || !drains(known)) {
    return false;
  }
  const newest = socket.parser && socket.parser.incoming;
  return !newest || newest === request;
}

// closeAfter has a connection end after a response whose head is written, though the program may want to keep it.
function closeAfter(response) {
  if (!response._last) {
    response._last = true;
    response._header = response._header.replace(/^(connection:).*$/im, '$1 close');
  }
  hide(response.req.socket, 'destroySoon', function() { hangUp(this); });
}

// followSession counts the streams of an HTTP/2 session.
function followSession(known, session) {
  const streams = { open: 0, sweeps: 0, quiet: 0 };
  const end = () => { streams.open--; };
  known.sessions.set(session, streams);
  session.on('close', () => known.sessions.delete(session));
  session.on('stream', (stream) => {
    streams.open++;
    stream.on('close', end);
  });
  if (drains(known)) {
    announceEndOf(session);
  }
}

// announceEndOf asks the client of a session to send nothing more on it. What is on its way is answered. Node itself closes the sessions
// of a server at once, where it does; and before version 20 a session that is closed while it has streams may lose answers.
function announceEndOf(session) {
  session.goaway(0, maxStreamID);
  hide(session, 'close', (callback) => {
    if (callback) {
      session.once('close', callback);
    }
  });
}

// sweepSession refuses the streams of clients that go on a moment after they were asked not to, and closes a session that has had none for
// a moment.
function sweepSession(streams, session) {
  if (++streams.sweeps === sweepsInMoment) {
    session.goaway();
  }
  if (streams.open > 0) {
    streams.quiet = 0;
  } else if (++streams.quiet > sweepsInMoment) {
    delete session.close;
    session.close();
  }
}
