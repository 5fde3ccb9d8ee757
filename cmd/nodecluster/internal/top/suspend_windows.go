package top

import (
	"errors"
	"os"
)

// needsTERM reports whether every terminal has a name.
const needsTERM = false

// suspend is of no use: there is no job control.
func (p *program) suspend(*os.File) error {
	return errors.New("Windows suspends no program: q quits")
}
