//go:build unix

package main

import (
	"strconv"
	"strings"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// value is one of those that are measured.
type value struct {
	name string
	// expression is the value in JavaScript.
	expression string
	// typed is the value as a Go program has it, and marshalled what gives the same in JavaScript, if that is another.
	typed, marshalled any
	// key is that of a string in it, for Lookup.
	key string
}

type newconn struct {
	Cmd string `json:"cmd"`
	Act string `json:"act"`
	Key string `json:"key"`
	Seq int    `json:"seq"`
}

type queryServer struct {
	Cmd         string  `json:"cmd"`
	Act         string  `json:"act"`
	Address     *string `json:"address"`
	Port        int     `json:"port"`
	AddressType int     `json:"addressType"`
	Flags       int     `json:"flags"`
	Backlog     int     `json:"backlog"`
	Index       int     `json:"index"`
	Data        *string `json:"data"`
	Seq         int     `json:"seq"`
}

type userMessage struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

type record struct {
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Score  float64  `json:"score"`
	Tags   []string `json:"tags"`
	Active bool     `json:"active"`
}

type nest struct {
	N    int   `json:"n"`
	Next *nest `json:"next"`
}

const sentence = "Съешь ещё этих мягких французских булок, да выпей же чаю. "

func values() []value {
	const units = 1 << 15 // of two bytes each
	prose := []rune(strings.Repeat(sentence, units/len([]rune(sentence))+1))[:units]
	records := make([]record, 100)
	for i := range records {
		records[i] = record{i, "record " + strconv.Itoa(i), float64(i) / 3, []string{"first", "second"}, i%2 == 0}
	}
	doubles := make([]float64, 1000)
	entries, asMap := make([]sc.Entry, 1000), make(map[string]int, 1000)
	for i := range doubles {
		doubles[i] = float64(i) * 1.1
		key := "key " + strconv.Itoa(i)
		entries[i] = sc.Entry{Key: key, Value: i}
		asMap[key] = i
	}
	var deep *nest
	for i := range 1000 {
		deep = &nest{i, deep}
	}
	return []value{
		{name: "newconn", key: "cmd", typed: newconn{"NODE_CLUSTER", "newconn", "::1:8000:4:undefined:0", 7},
			expression: `({ cmd: 'NODE_CLUSTER', act: 'newconn', key: '::1:8000:4:undefined:0', seq: 7 })`},
		{name: "queryServer", key: "cmd", typed: queryServer{Cmd: "NODE_CLUSTER", Act: "queryServer", Port: 8000, AddressType: 4, Backlog: 511, Seq: 1},
			expression: `({ cmd: 'NODE_CLUSTER', act: 'queryServer', address: null, port: 8000, addressType: 4, flags: 0, backlog: 511, index: 0, data: null, seq: 1 })`},
		{name: "{text, n}", key: "text", typed: userMessage{"hello", 1234}, expression: `({ text: 'hello', n: 1234 })`},
		{name: "100 records", typed: records, expression: `Array.from({ length: 100 }, (_, i) =>
			({ id: i, name: 'record ' + i, score: i / 3, tags: ['first', 'second'], active: i % 2 === 0 }))`},
		{name: "64 KiB of ASCII", typed: strings.Repeat("x", 1<<16), expression: `'x'.repeat(2 ** 16)`},
		{name: "64 KiB of two-byte text", typed: string(prose),
			expression: strconv.Quote(sentence) + `.repeat(2 ** 15).slice(0, 2 ** 15)`},
		{name: "1000 doubles", typed: doubles, expression: `Array.from({ length: 1000 }, (_, i) => i * 1.1)`},
		{name: "Map of 1000", typed: asMap, marshalled: &sc.Map{Entries: entries},
			expression: `new Map(Array.from({ length: 1000 }, (_, i) => ['key ' + i, i]))`},
		{name: "1 MiB Buffer", typed: make([]byte, 1<<20), expression: `Buffer.alloc(2 ** 20)`},
		{name: "1000 deep", typed: deep, expression: `Array.from({ length: 1000 }).reduce((next, _, n) => ({ n, next }), null)`},
	}
}
