// Package config is what an application is configured with: the files of this program and of PM2, and what is kept on disk of them.
package config

//go:generate go run ./schema
