// Package stdio is what this process has as its standard streams, and its terminal.
package stdio
