package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
)

// The files that browsers get. What is in uplot is uPlot's own, put there by scripts/page-assets, with its licence.
//
//go:embed assets
var assets embed.FS

// assetTags are the ETags of the files, by their paths.
var assetTags = hashAssets()

func hashAssets() map[string]string {
	tags := make(map[string]string)
	fs.WalkDir(assets, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := assets.ReadFile(path)
		sum := sha256.Sum256(content)
		tags["/"+path] = `"` + hex.EncodeToString(sum[:8]) + `"`
		return err
	})
	return tags
}

// serveAssets answers with the files themselves. A browser asks each time whether its copy is still right.
func serveAssets() http.Handler {
	files := http.FileServerFS(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag, ok := assetTags[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}
