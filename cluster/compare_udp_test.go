//go:build unix

package cluster_test
