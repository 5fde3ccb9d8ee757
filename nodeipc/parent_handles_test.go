//go:build unix

package nodeipc_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Each handle goes to a Go child and comes back.
func TestHandlesToAGoChildAndBack(t *testing.T) {
	for name, script := range map[string]string{
		"net.Server": `
			const server = net.createServer().listen(0, '127.0.0.1', () => child.send('m', server));
			back = (server2) => {
				server2.on('connection', (socket) => { socket.end(); console.log('ok'); child.disconnect(); server.close(); server2.close(); });
				server.removeAllListeners('connection').on('connection', (socket) => server2.emit('connection', socket));
				net.connect(server.address().port);
			};`,
		"net.Server of a path": `
			const server = net.createServer().listen(require('path').join(require('os').tmpdir(), 'go' + process.pid), () => child.send('m', server));
			back = (server2) => {
				server2.on('connection', (socket) => { socket.end(); console.log('ok'); child.disconnect(); server.close(); server2.close(); });
				server.removeAllListeners('connection').on('connection', (socket) => server2.emit('connection', socket));
				net.connect(server.address());
			};`,
		"net.Socket": `
			const server = net.createServer((socket) => child.send('m', socket)).listen(0, '127.0.0.1', () => {
				net.connect(server.address().port).on('data', (data) => console.log(String(data))).on('end', () => { child.disconnect(); server.close(); });
			});
			back = (socket) => socket.end('ok');`,
		"net.Native": `
			const server = net.createServer().listen(0, '127.0.0.1', () => child.send('m', server._handle));
			back = (handle) => {
				console.log(handle === server._handle ? 'the same' : 'ok');
				handle.close();
				server.close();
				child.disconnect();
			};`,
		"dgram.Socket": `
			const socket = require('dgram').createSocket('udp4').bind(0, '127.0.0.1', () => child.send('m', socket));
			back = (socket2) => {
				assert.deepStrictEqual(socket2.address(), socket.address());
				console.log('ok');
				socket.close();
				socket2.close();
				child.disconnect();
			};`,
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
				nodetest.NoLeaks(t)
				runParent(t, node, `
					const child = go('echo');
					let back;
					child.on('message', (m, handle) => {
						assert.strictEqual(m, 'm');
						back(handle);
					});
					child.on('exit', (code) => console.log(code));
					`+script,
					"ok\n0\n")
			})
		})
	}
}

func TestBoundSocketToAGoChildAndBack(t *testing.T) {
	nodetest.NoLeaks(t)
	runParent(t, nodetest.Node(t, 26), `
		const child = go('echo');
		const bound = new net.BoundSocket({ port: 0, host: '127.0.0.1' });
		const { port } = bound.address();
		child.send('m', bound);
		child.on('message', (m, back) => {
			const server = net.createServer().listen(back, () => {
				console.log(server.address().port === port);
				server.close();
				child.disconnect();
			});
		});`, "true\n")
}

func init() {
	// serve answers HTTP on the server that it is sent.
	childPrograms["serve"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		m, err := c.Receive(context.Background())
		if err != nil {
			return err
		}
		l, err := m.Handle.Listener()
		if err != nil {
			return err
		}
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "from Go")
		})}
		served := make(chan error)
		go func() { served <- server.Serve(l) }()
		if err := c.Send(context.Background(), "serving"); err != nil {
			return err
		}
		<-c.Done()
		server.Close()
		<-served
		return nil
	}
}

func TestGoChildServesANodeServer(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const child = go('serve');
			const server = net.createServer().listen(0, '127.0.0.1', () => {
				const { port } = server.address();
				child.send('server', server, () => server.close());
				child.on('message', () => require('http').get({ port, host: '127.0.0.1', agent: false }, (response) => {
					response.on('data', (data) => console.log(String(data)));
					response.on('end', () => child.disconnect());
				}));
			});`, "from Go\n")
	})
}

func init() {
	// keep keeps sockets until it is told to close one.
	childPrograms["keep"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		var kept []nodeipc.Message
		for {
			m, err := c.Receive(context.Background())
			if err == nodeipc.ErrDisconnected {
				return nil
			}
			if err != nil {
				return err
			}
			if m.Handle != nil {
				kept = append(kept, m)
				err = c.Send(context.Background(), len(kept))
			} else {
				err = kept[0].Handle.Close()
				kept = kept[1:]
			}
			if err != nil {
				return err
			}
		}
	}
}

// A Node server's getConnections and close ask the Go child that has its sockets.
func TestNodeServerCountsTheSocketsOfAGoChild(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const child = go('keep');
			const server = net.createServer((socket) => child.send('socket', socket)).listen(0, '127.0.0.1', () => {
				net.connect(server.address().port);
				net.connect(server.address().port);
			});
			const count = (next) => server.getConnections((err, n) => { console.log(err, n); next(); });
			child.on('message', (n) => {
				if (n !== 2) return;
				count(() => {
					server.close(() => { console.log('closed'); child.disconnect(); process.exitCode = 0; });
					child.send('close one');
					child.send('close the other');
				});
			});
			child.on('exit', (code) => process.exit(code));`,
			"null 2\nclosed\n")
	})
}
