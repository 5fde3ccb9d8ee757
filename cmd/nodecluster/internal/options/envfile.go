package options

import (
	"fmt"
	"os"
	"strings"
)

// addEnvFile adds the variables of a file.
func (o *Options) addEnvFile(path string) error {
	full, err := o.absolute(path)
	if err != nil {
		return err
	}
	file := envFile{path: full}
	if err := file.read(); err != nil {
		return err
	}
	info, err := os.Stat(full)
	file.isRegular = err == nil && info.Mode().IsRegular()
	o.envFiles = append(o.envFiles, file)
	return nil
}

// blank is what stands around names and values.
const blank = " \t"

// parseEnvFile returns the variables "K=V" of a file as node --env-file reads them, from Node 22 on. A line that Node would pass over
// is an error, and so is a name that is hardly meant.
func parseEnvFile(text string) (variables []string, err error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r", "")
	for line := 1; text != ""; {
		first, rest, _ := strings.Cut(text, "\n")
		used := len(text) - len(rest)
		if trimmed := strings.Trim(first, blank); trimmed != "" && trimmed[0] != '#' {
			name, _, ok := strings.Cut(trimmed, "=")
			name = strings.Trim(strings.TrimPrefix(name, "export "), blank)
			if !ok || name == "" || strings.ContainsAny(name, blank) {
				return nil, fmt.Errorf("line %d: use NAME=VALUE", line)
			}
			begin := strings.IndexByte(text, '=') + 1
			value, length := envFileValue(text[begin:])
			if strings.Contains(name+value, "\x00") {
				return nil, fmt.Errorf("line %d: a variable has no byte 0", line)
			}
			variables = append(variables, name+"="+value)
			used = begin + length
		}
		line += strings.Count(text[:used], "\n")
		text = text[used:]
	}
	return variables, nil
}

// envFileValue returns the value that a text begins with, and the length of the lines that it takes. It may be in quotes of three
// kinds, which hold several lines. Only in double ones \n is a new line. What follows them is a comment.
func envFileValue(text string) (value string, length int) {
	quoted := strings.TrimLeft(text, blank)
	if quoted != "" && strings.IndexByte("\"'`", quoted[0]) >= 0 {
		if inside, after, closed := strings.Cut(quoted[1:], quoted[:1]); closed {
			if quoted[0] == '"' {
				inside = strings.ReplaceAll(inside, `\n`, "\n")
			}
			_, rest, _ := strings.Cut(after, "\n")
			return inside, len(text) - len(rest)
		}
	}
	line, rest, _ := strings.Cut(text, "\n")
	value, _, _ = strings.Cut(line, "#")
	return strings.Trim(value, blank), len(text) - len(rest)
}
