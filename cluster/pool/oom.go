package pool

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// oomMargin is how far workers are above the primary in what the kernel of Linux goes by when memory runs out, in thousandths of the
// memory that ran out: more than the primary needs of it where memory is short.
const oomMargin = 50

// offerToOOMKiller has the kernel take a process that was just started before it takes this one, with which all workers would end. The
// process keeps that whatever it runs and whichever user it becomes. Where the kernel refuses, or is another, all stays as it is.
func offerToOOMKiller(pid int) {
	own, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return
	}
	// What is open stays this process's, even if it ends and another gets its pid.
	file, err := os.OpenFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer file.Close()
	theirs := make([]byte, 16)
	n, _ := file.ReadAt(theirs, 0)
	// One that has set its own by now, as choom does, keeps that if it is higher.
	if score := min(oomScore(own)+oomMargin, maxOOMScore); oomScore(theirs[:n]) < score {
		file.WriteAt([]byte(strconv.Itoa(score)), 0)
	}
}

// maxOOMScore is that of a process that the kernel takes first.
const maxOOMScore = 1000

// oomScore is a score as the kernel writes it.
func oomScore(text []byte) int {
	score, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return maxOOMScore
	}
	return score
}
