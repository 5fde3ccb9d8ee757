// Share gives what it has opened to Node programs; this needs a system that passes descriptors.
package main

import "log"

func main() { log.Fatal("share: not on windows, where handles are passed in another way") }
