// Package papers reads the Markdown files that describe this code, and finds what they name and the code no longer has.
//
// What stands in backticks is a name of this code, and must be there:
//
//   - A word with a slash, or one that ends in .go, .md or .json, is a file or folder, below the paper's folder or below the
//     repository's root: `testdata/facts`, `./cmd/nodecluster`, `cluster/...`. It may be a pattern: `testdata/facts/wire-*.json`.
//   - Words with a dot between them, a word before a parenthesis, and a word that is written LikeThis, are Go names:
//     `Channel.Send`, `cluster.Primary.Fork`, `cutFrame()`, `Handler`. They are declared in the package in whose folder the
//     paper lies, in a package of this module that is called so, or in one that the paper's package imports. Unexported names
//     count, names of tests do not.
//   - All other words say nothing: `newconn`, `NODE_HANDLE`, `127.0.0.1`. So does what stands in double quotes, which are for
//     values that look like names: `"net.Socket"`. A word before one digit in parentheses is a page of the manual: `sendmsg(2)`.
//
// Names of other programs' code are not written in backticks. A link to a file must lead to one.
//
// A fenced block is not read, and has to say so by what it is: sh, text, json or js. A block that does not, a block or a pair of
// backticks without an end, and a paper that names nothing are faults as well, so that no paper gets past the reader.
package papers
