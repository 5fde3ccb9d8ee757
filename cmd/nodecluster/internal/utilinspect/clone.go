package utilinspect

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// value writes what structuredclone.Decode gives.
func (p *inspector) value(v structuredclone.Value) {
	switch v := v.(type) {
	case nil:
		p.text("null")
	case structuredclone.Undefined:
		p.text("undefined")
	case structuredclone.Hole:
		p.text("<hole>")
	case bool:
		p.text(strconv.FormatBool(v))
	case int32:
		p.number(float64(v))
	case float64:
		p.number(v)
	case string:
		p.string(v)
	case *big.Int:
		p.bigInt(v)
	case *structuredclone.Date:
		p.date(v)
	case *structuredclone.RegExp:
		p.text(Printable("/" + v.Source + "/" + v.Flags))
	case *structuredclone.ArrayBuffer:
		p.bytes("ArrayBuffer", v.Bytes)
	case *structuredclone.View:
		p.bytes(v.Kind.String(), v.Bytes)
	default:
		p.object(v)
	}
}

// object writes what other values are within.
func (p *inspector) object(v any) {
	if p.full {
		return
	}
	if p.within[v] {
		p.text("[Circular]")
		return
	}
	if p.within == nil {
		p.within = map[any]bool{}
	}
	p.within[v] = true
	defer delete(p.within, v)
	switch v := v.(type) {
	case *structuredclone.Object:
		p.properties("{", v.Properties)
	case *structuredclone.Array:
		p.array(v)
	case *structuredclone.Map:
		p.list(fmt.Sprintf("Map(%d) {", len(v.Entries)), "}", len(v.Entries), func(i int) {
			p.value(v.Entries[i].Key)
			p.text(" => ")
			p.value(v.Entries[i].Value)
		})
	case *structuredclone.Set:
		p.list(fmt.Sprintf("Set(%d) {", len(v.Values)), "}", len(v.Values), func(i int) { p.value(v.Values[i]) })
	case *structuredclone.Error:
		p.text("[" + Printable(v.Error()))
		if v.Cause != nil {
			p.text(", cause: ")
			p.value(v.Cause)
		}
		p.text("]")
	case *structuredclone.Boxed:
		p.text("Object(")
		p.value(v.Value)
		p.text(")")
	default:
		p.text(fmt.Sprintf("[%T]", v))
	}
}

func (p *inspector) properties(open string, properties []structuredclone.Property) {
	p.list(open, "}", len(properties), func(i int) {
		p.key(properties[i].Key)
		p.value(properties[i].Value)
	})
}

func (p *inspector) array(a *structuredclone.Array) {
	if a.Sparse {
		p.properties(fmt.Sprintf("Array(%d) {", a.Len()), a.Properties)
		return
	}
	p.list("[", "]", len(a.Elements), func(i int) { p.value(a.Elements[i]) })
	if len(a.Properties) > 0 {
		p.properties(" {", a.Properties)
	}
}

func (p *inspector) bigInt(n *big.Int) {
	if n.BitLen() > 4*maxString {
		p.text(fmt.Sprintf("[BigInt of %d bits]", n.BitLen()))
		return
	}
	p.text(n.String() + "n")
}

func (p *inspector) date(d *structuredclone.Date) {
	t, ok := d.Time()
	if !ok {
		p.text("Invalid Date")
		return
	}
	p.text(t.Format(time.RFC3339Nano))
}

func (p *inspector) bytes(class string, b []byte) {
	text := fmt.Sprintf("<%s", class)
	for _, c := range b[:min(len(b), maxBytes)] {
		text += fmt.Sprintf(" %02x", c)
	}
	if len(b) > maxBytes {
		text += fmt.Sprintf("… %d more bytes", len(b)-maxBytes)
	}
	p.text(text + ">")
}
