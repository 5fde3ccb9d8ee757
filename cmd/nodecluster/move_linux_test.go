package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// shop is an unchanged program for PM2, of the npm world.
const shop = `
	const express = require('express5'), app = express();
	app.use(express.json());
	app.get('/', (request, response) => setTimeout(() => response.send('served'), 20 * Math.random()));
	app.get('/items/:id', (request, response) => response.json({ id: request.params.id, mode: process.env.MODE, args: process.argv.slice(2) }));
	app.get('/place', (request, response) => response.send(/^[01]$/.test(process.env.NODE_APP_INSTANCE) ? 'a place' : 'no place'));
	app.post('/items', (request, response) => response.status(201).json(request.body));
	app.listen(process.env.PORT);`

// shopEcosystem is its file, as PM2's users write them.
const shopEcosystem = `module.exports = {
	apps: [{
		name: 'shop', script: './server.js', cwd: __dirname, args: '--color red', instances: 2, exec_mode: 'cluster',
		env: { NODE_ENV: 'development', PORT: %d, NODE_PATH: %q, MODE: 'development' },
		env_production: { NODE_ENV: 'production', MODE: 'production' },
		max_memory_restart: '1G', kill_timeout: 8000, listen_timeout: 10000, autorestart: true, max_restarts: 10, watch: false,
		error_file: './err.log', out_file: './out.log', merge_logs: true,
	}],
	deploy: { production: { user: 'node', host: 'example.org', ref: 'origin/main' } },
}`

// shopAnswers are what its URLs answer.
var shopAnswers = []string{
	"GET / 200 served",
	`GET /items/7 200 {"id":"7","mode":"production","args":["--color","red"]}`,
	"GET /place 200 a place",
	`POST /items 201 {"color":"red"}`,
	"GET /none 404",
}

// askShop asks all URLs.
func askShop(t *testing.T, port int) (answers []string) {
	t.Helper()
	for _, what := range shopAnswers {
		words := strings.Fields(what)
		request, err := http.NewRequest(words[0], "http://"+localhost(port)+words[1], strings.NewReader(`{"color":"red"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		answer := fmt.Sprintf("%s %s %d", words[0], words[1], response.StatusCode)
		if response.StatusCode < 400 {
			answer += " " + string(text)
		}
		answers = append(answers, answer)
	}
	return answers
}

// An application of PM2's is run by PM2's own file: its URLs answer as they do under PM2, and a reload under load loses nothing.
func TestMoveFromPM2(t *testing.T) {
	m := newManager(t)
	port, folder := nodetest.FreePort(t), t.TempDir()
	file := filepath.Join(folder, "ecosystem.config.js")
	for path, text := range map[string]string{
		filepath.Join(folder, "server.js"): shop,
		file:                               fmt.Sprintf(shopEcosystem, port, filepath.Join(nodetest.Apps(t), "node_modules")),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if nodetest.All() {
		askUnderPM2(t, folder, file, port)
	}
	if got, want := m.do("start", file, "--env-name", "production"), "shop: online, 2 workers\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	if diff := cmp.Diff(shopAnswers, askShop(t, port)); diff != "" {
		t.Error(diff)
	}
	expectNoneLost(t, port, func() { m.do("reload", "shop") })
	if a := m.app("shop"); a.Restarts != 0 || a.ReloadsBy["done"] != 1 {
		t.Errorf("it is %+v", a)
	}
}

// askUnderPM2 has the real PM2 run the file meanwhile.
func askUnderPM2(t *testing.T, folder, file string, port int) {
	t.Helper()
	program, err := pm2.Fetch(nodetest.Context(t), "../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := pm2.Start(nodetest.Default(t).Path, program, folder, nil, file, "--env", "production")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.End()
	poll(t, "the application answers under PM2", func() bool {
		response, err := http.Get("http://" + localhost(port))
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	if diff := cmp.Diff(shopAnswers, askShop(t, port)); diff != "" {
		t.Error(diff)
	}
}
