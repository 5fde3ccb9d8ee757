package home

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestSaveAndLoad(t *testing.T) {
	nodetest.NoLeaks(t)
	a := open(t)
	if _, err := a.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v before there is a record", err)
	}
	want := Record{
		Wanted: Running, Config: json.RawMessage(`{"name":"api"}`), Source: "/srv/nodecluster.yaml", Environment: []string{"A=b"},
		CreatedAt: time.Unix(1, 0).UTC(), Foreground: true,
		LastEnd: &End{At: time.Unix(2, 0).UTC(), Error: "exit code 1", Output: []string{"Error: bad"}, ExitStatus: 1},
	}
	for i := range reflect.TypeFor[Record]().NumField() {
		if f := reflect.ValueOf(want).Field(i); f.IsZero() && reflect.TypeFor[Record]().Field(i).IsExported() {
			t.Fatalf("the test has no %s", reflect.TypeFor[Record]().Field(i).Name)
		}
	}
	save(t, a, want)
	got := load(t, a)
	var config map[string]string
	if err := json.Unmarshal(got.Config, &config); err != nil || config["name"] != "api" {
		t.Errorf("the configuration is %s (%v)", got.Config, err)
	}
	got.Config = want.Config
	if !reflect.DeepEqual(got, want) {
		t.Errorf("loaded %+v, want %+v", got, want)
	}
}

// What a newer version has added is there after an older one has saved.
func TestSaveKeepsUnknownFields(t *testing.T) {
	a := open(t)
	save(t, a, Record{Wanted: Running})
	content := `{"format":1,"wanted":"running","color":{"of":["newer"]}}`
	if err := os.WriteFile(a.recordFile(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r := load(t, a)
	r.Wanted = Stopped
	save(t, a, r)
	var fields map[string]any
	saved, err := os.ReadFile(a.recordFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(saved, &fields); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"format": 1.0, "wanted": "stopped", "color": map[string]any{"of": []any{"newer"}}}
	if !reflect.DeepEqual(fields, want) {
		t.Errorf("saved %s, want %v", saved, want)
	}
}

func TestSaveRefusesWhatIsNoRecord(t *testing.T) {
	a := open(t)
	wantOneLine(t, a.Save(Record{}), "api", `"running"`)
	wantOneLine(t, a.Save(Record{Wanted: Running, Config: json.RawMessage("{")}), "api")
	if _, err := os.Stat(a.Folder()); err == nil {
		t.Error("a folder is there")
	}
}

func TestLoadNamesDamagedFile(t *testing.T) {
	a := open(t)
	save(t, a, Record{Wanted: Running})
	for _, c := range []struct {
		content string
		want    error
	}{
		{"", ErrDamaged}, {`{"format":1,"wan`, ErrDamaged}, {"null", ErrDamaged}, {"[]", ErrDamaged}, {`{"wanted":"running"}`, ErrDamaged},
		{`{"format":0,"wanted":"running"}`, ErrDamaged}, {`{"format":"1","wanted":"running"}`, ErrDamaged}, {`{"format":1}`, ErrDamaged},
		{`{"format":1,"wanted":"asleep"}`, ErrDamaged}, {`{"format":1,"wanted":7}`, ErrDamaged}, {"\x00\x00\x00", ErrDamaged},
		{`{"format":2,"wanted":"asleep"}`, ErrNewer}, {`{"format":2}`, ErrNewer},
	} {
		if err := os.WriteFile(a.recordFile(), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := a.Load()
		wantOneLine(t, err, a.recordFile())
		if !errors.Is(err, c.want) {
			t.Errorf("%q gives %v, want %v", c.content, err, c.want)
		}
	}
	if apps, err := a.home.Apps(); err != nil || len(apps) != 1 {
		t.Errorf("%d applications (%v), want the damaged one", len(apps), err)
	}
}

func TestLoadOfNoFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"huge": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, maxRecordSize+1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			save(t, a, Record{Wanted: Running})
			if err := errors.Join(os.Remove(a.recordFile()), make(a.recordFile())); err != nil {
				t.Fatal(err)
			}
			_, err := a.Load()
			wantOneLine(t, err, a.recordFile(), "move it away")
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v, want ErrDamaged", err)
			}
		})
	}
}

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"format":1,"wanted":"running"}`, `{"format":1,"wanted":"stopped","x":1,"lastEnd":{"at":"2026-01-01T00:00:00Z"}}`, `{"format":2}`, `null`,
		`{"format":1,"Wanted":"running"}`, `{"format":1,"wanted":"running","config":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := parseRecord(content)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Fatalf("error %v", err)
			}
			return
		}
		saved, err := r.content()
		if err != nil {
			t.Fatalf("%q is read and cannot be written: %v", content, err)
		}
		again, err := parseRecord(saved)
		if err != nil {
			t.Fatalf("%q is written as %q, which cannot be read: %v", content, saved, err)
		}
		if twice, err := again.content(); err != nil || string(twice) != string(saved) {
			t.Fatalf("%q is written as %q and then as %q (%v)", content, saved, twice, err)
		}
	})
}
