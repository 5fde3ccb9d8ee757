package supervise

import "os"

func notifyUSR2(chan<- os.Signal) {}
