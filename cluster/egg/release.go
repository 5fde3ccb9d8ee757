package egg

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A release is the package that has a framework's own master, of which the scripts of agent and app workers are run.
type release struct {
	folder string
	// four is whether it is Egg 4's, @eggjs/cluster, and not egg-cluster of Egg 3 and before.
	four bool
	// modules is whether its scripts are the ES modules.
	modules bool
}

// The names of the packages that have a master.
const (
	packageThree = "egg-cluster"
	packageFour  = "@eggjs/cluster"
)

func (r release) agentScript() string { return filepath.Join(r.scripts(), "agent_worker.js") }
func (r release) appScript() string   { return filepath.Join(r.scripts(), "app_worker.js") }

func (r release) scripts() string {
	switch {
	case !r.four:
		return filepath.Join(r.folder, "lib")
	case r.modules:
		return filepath.Join(r.folder, "dist", "esm")
	default:
		return filepath.Join(r.folder, "dist", "commonjs")
	}
}

// check fails where the scripts are not.
func (r release) check() error {
	for _, script := range []string{r.agentScript(), r.appScript()} {
		if _, err := os.Stat(script); err != nil {
			return fmt.Errorf("%s has no worker of Egg's: %w", r.folder, err)
		}
	}
	return nil
}

// manifest is what is read of a package.json.
type manifest struct {
	Name         string
	Version      string
	Type         string
	Dependencies map[string]string
	Peers        map[string]string `json:"peerDependencies"`
	// Egg says which framework an application uses; that a package is one is said there too.
	Egg struct{ Framework any }
}

func readManifest(folder string) (m manifest, err error) {
	path := filepath.Join(folder, "package.json")
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, withoutPath(err))
	}
	return m, nil
}

// releaseIn is the release in the folder of a package of that kind.
func releaseIn(folder string, modules bool) (release, error) {
	m, err := readManifest(folder)
	if err != nil {
		return release{}, err
	}
	r := release{folder: folder, four: m.Name == packageFour, modules: modules}
	return r, r.check()
}

// maxPackages is how many packages are looked at for the one with the master.
const maxPackages = 2000

// findRelease looks for the package with the master that a framework uses: among what it depends on, and what that does, the nearest first.
func findRelease(framework string, modules bool) (release, error) {
	todo, seen := []string{framework}, map[string]bool{}
	for len(todo) > 0 && len(seen) < maxPackages {
		folder := real(todo[0])
		todo = todo[1:]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		names := dependencies(folder)
		for _, name := range []string{packageFour, packageThree} {
			if at := resolvePackage(folder, name); at != "" && slices.Contains(names, name) {
				return releaseIn(at, modules)
			}
		}
		for _, name := range names {
			if at := resolvePackage(folder, name); at != "" {
				todo = append(todo, at)
			}
		}
	}
	// A framework that does not say what it depends on finds what is around it.
	for _, name := range []string{packageThree, packageFour} {
		if at := resolvePackage(real(framework), name); at != "" {
			return releaseIn(at, modules)
		}
	}
	return release{}, fmt.Errorf("framework: %s uses neither %s nor %s: is it a framework of Egg's, and are its packages installed?", framework, packageThree, packageFour)
}

// dependencies are the names of what a package depends on. Egg comes first, and is there for a package that says nothing.
func dependencies(folder string) []string {
	m, err := readManifest(folder)
	if err != nil {
		return nil
	}
	names := []string{}
	for name := range m.Dependencies {
		names = append(names, name)
	}
	for name := range m.Peers {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 || slices.Contains(names, "egg") {
		names = append([]string{"egg"}, names...)
	}
	return slices.Compact(names)
}

// resolvePackage is the folder of a package as Node finds it for a file in a folder, or "".
func resolvePackage(from, name string) string {
	for folder := from; ; folder = filepath.Dir(folder) {
		if filepath.Base(folder) != "node_modules" {
			at := filepath.Join(folder, "node_modules", filepath.FromSlash(name))
			if _, err := os.Stat(filepath.Join(at, "package.json")); err == nil {
				return at
			}
		}
		if folder == filepath.Dir(folder) {
			return ""
		}
	}
}

// real is a folder without symbolic links: Node looks for packages from where a file really is, which is what pnpm is built on.
func real(folder string) string {
	if at, err := filepath.EvalSymlinks(folder); err == nil {
		return at
	}
	return folder
}

// findFramework is the folder of the framework that an application uses: the one that is named, that of its package.json, or Egg.
func findFramework(baseDir, named string) (string, error) {
	m, err := readManifest(baseDir)
	if err != nil {
		return "", fmt.Errorf("baseDir: %w", err)
	}
	from := "framework"
	if name, ok := m.Egg.Framework.(string); ok && named == "" && name != "" {
		named, from = name, filepath.Join(baseDir, "package.json")+": egg.framework"
	}
	if named == "" {
		named = "egg"
	}
	at := named
	if !filepath.IsAbs(named) {
		if at = resolveFramework(baseDir, named); at == "" {
			return "", fmt.Errorf("%s: the package %s is not installed in %s", from, named, baseDir)
		}
	}
	if _, err := os.Stat(at); err != nil {
		return "", fmt.Errorf("%s: %w", from, err)
	}
	return at, nil
}

// resolveFramework looks around the application, and then around the working directory, where the packages of an application that is a test's are.
func resolveFramework(baseDir, name string) string {
	if strings.HasPrefix(name, ".") {
		return ""
	}
	places := []string{baseDir, real(baseDir)}
	if cwd, err := os.Getwd(); err == nil {
		places = append(places, cwd)
	}
	for _, place := range places {
		if at := resolvePackage(place, name); at != "" {
			return at
		}
	}
	return ""
}
