package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	platform := flag.String("platform", "", "build for this platform alone, such as linux-x64")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "npm-package: the arguments are [-platform OS-CPU] FOLDER")
		os.Exit(2)
	}
	version, err := write(flag.Arg(0), *platform)
	if err != nil {
		fmt.Fprintln(os.Stderr, "npm-package:", err)
		os.Exit(1)
	}
	fmt.Println(version)
}

// write writes the folders of all packages below a folder, or those of the npm package and of one platform, and returns their version.
func write(folder, only string) (version string, err error) {
	t, err := readTemplate()
	if err != nil {
		return "", err
	}
	platforms, err := t.platforms(only)
	if err != nil {
		return "", err
	}
	for _, p := range platforms {
		built, err := writePlatform(filepath.Join(folder, p.String()), t, p)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p, err)
		}
		if version != "" && built != version {
			return "", fmt.Errorf("two versions, %s and %s: the repository changed meanwhile", version, built)
		}
		version = built
	}
	return version, t.write(filepath.Join(folder, "nodecluster"), version)
}

// writePlatform writes the folder of one platform's package, and returns the version of its program.
func writePlatform(folder string, t template, p platform) (version string, err error) {
	program := filepath.Join(folder, "bin", "nodecluster")
	modules, version, err := p.build(program)
	if err != nil {
		return "", err
	}
	linked, err := p.notices()
	if err != nil {
		return "", err
	}
	if err := linked.expect(modules); err != nil {
		return "", err
	}
	return version, errors.Join(
		os.WriteFile(filepath.Join(folder, "THIRD-PARTY-LICENSES"), []byte(linked.String()), 0o644),
		t.writePlatform(folder, p, version),
	)
}
