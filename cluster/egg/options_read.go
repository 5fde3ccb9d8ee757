package egg

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
)

func (o *Options) readEnv(from OptionsFrom) (err error) {
	if o.env, err = o.all.string("env"); err != nil {
		return err
	}
	if o.env == "" && !o.release.four {
		if o.env = from.Getenv("EGG_SERVER_ENV"); o.env != "" {
			o.all.set("env", quote(o.env))
		}
	}
	o.nodeEnv = from.Getenv("NODE_ENV")
	o.production = o.env != "local" && o.env != "unittest"
	if o.env == "" {
		o.production = o.nodeEnv == "production"
	}
	return nil
}

// readHTTPS checks that the files of the certificate are there, and turns its old form into the one of by now.
func (o *Options) readHTTPS(OptionsFrom) error {
	value := o.all.values["https"]
	if !isTrue(value) {
		return nil
	}
	o.https = true
	if string(value) == "true" {
		old := &object{}
		for _, key := range []string{"key", "cert"} {
			if o.all.has(key) {
				old.set(key, o.all.values[key])
			}
		}
		value = old.text()
		o.all.set("https", value)
	}
	files, err := parseObject(value)
	if err != nil {
		return fmt.Errorf("https: give {key, cert, ca} with the paths of the files: %w", err)
	}
	for _, key := range []string{"key", "cert", "ca"} {
		if err := files.isFile(key, key != "ca", o.release.four); err != nil {
			return fmt.Errorf("https.%w", err)
		}
	}
	return nil
}

// isFile fails unless the member is the path of a file. Egg 4 also takes what is in the file, if that is no text.
func (o *object) isFile(key string, required, takesContent bool) error {
	if !isTrue(o.values[key]) {
		if required {
			return fmt.Errorf("%s: give the path of the file", key)
		}
		return nil
	}
	if takesContent && o.values[key][0] == '{' {
		return nil
	}
	path, err := o.string(key)
	if err == nil {
		if _, err = os.Stat(path); err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
	}
	return err
}

func (o *Options) readNumbers(OptionsFrom) (err error) {
	if o.workers, err = o.all.number("workers", 1, math.MaxInt16); err != nil {
		return err
	}
	if o.workers == 0 {
		o.workers = runtime.NumCPU()
	}
	o.all.set("workers", number(o.workers))
	if o.port, err = o.all.number("port", 0, math.MaxUint16); err != nil {
		return err
	}
	if o.port == 0 && o.https && !o.all.has("port") {
		o.port = 8443
	}
	o.all.drop("port")
	if o.port != 0 {
		o.all.set("port", number(o.port))
	}
	o.debugPort, err = o.all.number("debugPort", 0, math.MaxUint16)
	return err
}

func (o *Options) readRest(from OptionsFrom) (err error) {
	if o.pidFile, err = o.all.string("pidFile"); err != nil {
		return err
	}
	o.sticky = isTrue(o.all.values["sticky"])
	if o.all.has("require") && o.all.values["require"][0] == '"' {
		o.all.set("require", append(append([]byte{'['}, o.all.values["require"]...), ']'))
	}
	if isDebugged(from.ExecArgv) {
		o.all.set("isDebug", json.RawMessage("true"))
	}
	o.debug = isTrue(o.all.values["isDebug"])
	return nil
}
