// Package secrets hides the values of secrets from those who look at an application.
package secrets

import (
	"regexp"
	"slices"
	"strings"
)

// Masked stands for a secret, and tells nothing of its length.
const Masked = "******"

// Mask is the value of a variable, an option or a field as it may be shown: [Masked] if the name is that of a secret, such as DB_PASSWORD or
// API_KEY, and else the value, without the password of a URL.
func Mask(name, value string) string {
	if value != "" && isSecret(name) {
		return Masked
	}
	return urlPassword.ReplaceAllString(value, "${1}"+Masked+"@")
}

// MaskAll are variables without their values, for those who may know the names alone.
func MaskAll[Variables ~map[string]string](variables Variables) Variables {
	shown := make(Variables, len(variables))
	for name := range variables {
		shown[name] = Masked
	}
	return shown
}

// MaskArguments are the words of a command line as they may be shown. It masks what stands behind = or in the next word of an option that is
// named as a secret.
func MaskArguments(words []string) []string {
	shown := make([]string, len(words))
	secret := false
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case secret && !strings.HasPrefix(word, "-"):
			shown[i] = Masked
		case assigned:
			shown[i] = name + "=" + Mask(name, value)
		default:
			shown[i] = Mask("", word)
		}
		secret = !assigned && strings.HasPrefix(word, "-") && isSecret(word)
	}
	return shown
}

var urlPassword = regexp.MustCompile(`(://[^/?#\s:@]*:)[^/?#\s]+@`)

// secretParts make a name that of a secret wherever they stand in it; secretWords only as a whole word.
var (
	secretParts = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "PRIVATE"}
	secretWords = []string{"KEY", "KEYS", "PASS", "PW", "AUTH", "AUTHORIZATION", "COOKIE", "SALT", "DSN", "SIGNATURE"}
	wordBounds  = regexp.MustCompile(`[^A-Z0-9]+`)
)

func isSecret(name string) bool {
	name = strings.ToUpper(name)
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := slices.DeleteFunc(wordBounds.Split(name, -1), func(word string) bool { return word == "" })
	if len(words) > 1 && words[len(words)-1] == "PWD" { // PWD alone is a folder
		return true
	}
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(secretWords, word) })
}

// MaskWithin masks the secrets in a decoded JSON value that stands under a name.
func MaskWithin(name string, value any) any {
	switch v := value.(type) {
	case string:
		return Mask(name, v)
	case []any:
		for i := range v {
			v[i] = MaskWithin(name, v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = MaskWithin(key, v[key])
		}
	}
	return value
}
