package utilformat

import (
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// isError reports whether an object is what is sent of an Error.
func isError(o *structuredclone.Object) bool {
	message, _ := o.Get("message")
	stack, _ := o.Get("stack")
	_, hasMessage := message.(string)
	text, hasStack := stack.(string)
	return hasMessage && hasStack && message != "" && text != ""
}

// stackOf is an error's stack, as far to the right as what it stands in. One without frames is in brackets.
func (i *inspector) stackOf(o *structuredclone.Object) string {
	value, _ := o.Get("stack")
	stack := value.(string)
	i.budget -= len(stack) / scanned
	if !strings.Contains(stack, "\n    at") {
		stack = "[" + stack + "]"
	}
	if i.indentation == 0 {
		return stack
	}
	return strings.ReplaceAll(stack, "\n", "\n"+strings.Repeat(" ", i.indentation))
}

// beside are the properties of an error that every error of its kind has not.
func beside(o *structuredclone.Object) (own []structuredclone.Property) {
	for _, p := range o.Properties {
		if p.Key != "message" && p.Key != "stack" {
			own = append(own, p)
		}
	}
	return own
}

// untold are those that its stack does not tell of.
func untold(o *structuredclone.Object) []structuredclone.Property {
	stack, _ := o.Get("stack")
	return slices.DeleteFunc(beside(o), func(p structuredclone.Property) bool {
		name, ok := p.Value.(string)
		return ok && p.Key == "name" && strings.Contains(stack.(string), name)
	})
}

// hidden shows what is not shown but in detail.
func (i *inspector) hidden(o *structuredclone.Object, level int) (parts []string) {
	for _, key := range []string{"stack", "message"} {
		v, _ := o.Get(key)
		parts = append(parts, "["+key+"]: "+i.indented(func() string { return i.value(v, level+1) }))
	}
	return parts
}
