// Lets the clients of a server that is closed go without a loss: the next answer on a connection says that it is the last one, and a
// connection without a request stays open for a moment longer, since one may be on its way. Until a server is closed this only knows
// which connections it has. What the primary decides stands before it, as common: preload.go writes it there.

const { setImmediate, setTimeout } = global;
const state = Symbol('nodecluster.drain');

leaveEnvironment();
try {
  if (isWorker()) {
    followServers();
  }
} catch (err) {
  process.emitWarning(`nodecluster does not drain connections: ${err && err.message}`);
}

// leaveEnvironment keeps this from the processes that the worker starts.
function leaveEnvironment() {
  const options = process.env.NODE_OPTIONS || '';
  if (options === common.option) {
    delete process.env.NODE_OPTIONS;
  } else if (options.startsWith(`${common.option} `)) {
    process.env.NODE_OPTIONS = options.slice(common.option.length + 1);
  }
}

// isWorker is false in worker threads, for which Node loads this too, in processes that a shell script starts beside the worker, and
// in runtimes whose servers are not Node's.
function isWorker() {
  const { bun, deno } = process.versions;
  return !bun && !deno && Boolean(process.send) && require('worker_threads').isMainThread && require('cluster').isWorker;
}

function followServers() {
  const { Server } = require('net');
  const original = Server.prototype.listen;
  Server.prototype.listen = function listen(...args) {
    if (this[state]) {
      this[state].drains = false;
    } else if (isHTTP(this)) {
      follow(this);
    }
    return Reflect.apply(original, this, args);
  };
}

// isHTTP reports whether a server is one of http, https or http2.
function isHTTP(server) {
  return 'keepAliveTimeout' in server || isHTTP2(server);
}

function isHTTP2(server) {
  return typeof server.updateSettings === 'function';
}

// follow knows the connections of a server from now on, and drains them when it is closed.
function follow(server) {
  const known = { sockets: new Set(), sessions: new Map(), drains: false, seen: null };
  hide(server, state, known);
  const isTLS = typeof server.setSecureContext === 'function';
  server.prependListener(isTLS ? 'secureConnection' : 'connection', (socket) => {
    known.sockets.add(socket);
    socket.once('close', () => known.sockets.delete(socket));
    if (known.drains) {
      beginToSweep(known);
    }
  });
  if (isHTTP2(server)) {
    server.prependListener('session', (session) => followSession(known, session));
  }
  const { close, closeIdleConnections } = server;
  hide(server, 'close', function(...args) {
    if (server.listening) {
      drain(known);
    }
    return Reflect.apply(close, this, args);
  });
  // Node calls it when a server is closed, and programs do after that.
  if (closeIdleConnections) {
    hide(server, 'closeIdleConnections', function(...args) {
      return known.drains ? undefined : Reflect.apply(closeIdleConnections, this, args);
    });
  }
}

// hide gives an object a property that is not listed.
function hide(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

// followSession counts the streams of an HTTP/2 session. One that comes to a server that drains is the last: a GOAWAY says so before
// the answer, on which the client ends the session.
function followSession(known, session) {
  const streams = { open: 0, since: Date.now() };
  known.sessions.set(session, streams);
  session.once('close', () => known.sessions.delete(session));
  session.prependListener('stream', (stream) => {
    streams.open++;
    stream.once('close', () => {
      streams.open--;
      streams.since = Date.now();
    });
    if (known.drains && !streams.last) {
      streams.last = true;
      session.goaway();
    }
  });
  if (known.drains) {
    postponeClose(session);
  }
}

// postponeClose leaves it to sweep to close a session. Node itself closes those of a server at once, where it does; and before version
// 20 a session that is closed while it has streams may lose answers.
function postponeClose(session) {
  hide(session, 'close', (callback) => {
    if (callback) {
      session.once('close', callback);
    }
  });
}

function drain(known) {
  known.drains = true;
  announceEnd();
  for (const [session, streams] of known.sessions) {
    streams.since = Date.now();
    postponeClose(session);
  }
  beginToSweep(known);
}

// beginToSweep is for a server that is closed, and again for a connection that comes to it when it had none any more: TLS takes a while.
function beginToSweep(known) {
  if (!known.seen) {
    known.seen = new WeakMap();
    sweep(known);
  }
}

// sweep ends the connections on which nothing has happened for a moment, and comes again while there are others, unless the server listens
// again. known.seen has how many bytes one had read, and since when. Where the program has done nothing else for long, timers come before
// what clients have sent meanwhile is read: so this looks after that.
function sweep(known) {
  const { seen } = known;
  if (!known.drains || known.sockets.size === 0) {
    known.seen = null;
    return;
  }
  const now = Date.now();
  for (const [session, streams] of known.sessions) {
    if (streams.open === 0 && now - streams.since >= common.moment) {
      delete session.close;
      session.close();
    }
  }
  for (const socket of known.sockets) {
    const last = seen.get(socket);
    if (!last || last.bytes !== socket.bytesRead || !isQuiet(socket)) {
      seen.set(socket, { bytes: socket.bytesRead, since: now });
    } else if (now - last.since >= common.moment) {
      seen.delete(socket);
      if (socket.writableEnded) {
        socket.destroy();
      } else {
        hangUp(socket);
      }
    }
  }
  setTimeout(() => setImmediate(() => sweep(known)), common.moment / 4).unref();
}

// isQuiet reports whether nothing is under way on a connection but perhaps the rest of what was hung up. It is not so for WebSockets
// and others that were upgraded.
function isQuiet({ parser, _httpMessage: response, writableEnded }) {
  const request = parser && parser.incoming;
  return writableEnded || Boolean(parser) && !response && (!request || request.complete && !request.upgrade);
}

// hangUp ends a connection in our direction, and reads on until the client ends it too: to close it while the client sends would reset
// it, and the client could lose the answer that it has not read yet.
function hangUp(socket) {
  socket.end();
  const request = socket.parser && socket.parser.incoming;
  if (request && !request.complete) {
    request.once('end', () => ignoreRest(socket));
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
  const { ServerResponse } = require('http');
  const original = ServerResponse.prototype.writeHead;
  ServerResponse.prototype.writeHead = function writeHead(status, ...rest) {
    if (isLast(this) && status !== 101) {
      hide(this.req.socket, 'destroySoon', function() { hangUp(this); });
      this.shouldKeepAlive = false;
      // A header more would cost those their order and their repetitions that are given as an array.
      if (!rest.some(Array.isArray)) {
        this.setHeader('Connection', 'close');
      }
      rest = rest.map(closing);
    }
    return Reflect.apply(original, this, [status, ...rest]);
  };
}

// isLast reports whether a response is one of a server that drains, to the last request that has come on its connection.
function isLast({ req: request }) {
  const socket = request && request.socket;
  const known = socket && socket.server && socket.server[state];
  if (!known || !known.drains) {
    return false;
  }
  const newest = socket.parser && socket.parser.incoming;
  return !newest || newest === request;
}

// closing gives the headers of writeHead with no Connection but close.
function closing(headers) {
  if (Array.isArray(headers)) {
    return headers.map((value, i) => {
      if (Array.isArray(value)) {
        return closing(value);
      }
      return i % 2 === 1 && isConnection(headers[i - 1]) ? 'close' : value;
    });
  }
  if (!headers || typeof headers !== 'object') {
    return headers;
  }
  const changed = Object.assign({}, headers);
  for (const name of Object.keys(changed).filter(isConnection)) {
    changed[name] = 'close';
  }
  return changed;
}

function isConnection(name) {
  return String(name).toLowerCase() === 'connection';
}
