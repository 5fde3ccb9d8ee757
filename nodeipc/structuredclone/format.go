package structuredclone

// MaxDepth is how deeply values may be nested within each other, both ways. Node itself reads between 1,600 and
// 5,700 levels before its stack ends, and writes between 2,600 and 3,700.
const MaxDepth = 10_000

// FirstByte is what every message begins with, and no JSON does.
const FirstByte = tagVersion

// The versions of the format: 13 is what Node 16 writes, 15 what Node 18 to 26 do, and 16, which is the same for all that
// is read here, what Deno does.
const (
	oldestVersion = 13
	latestVersion = 15
	newestRead    = 16
)

// The header is tagVersion and the version.
const headerSize = 2

const (
	tagVersion    = 0xFF
	tagPadding    = 0x00
	tagHole       = '-'
	tagUndefined  = '_'
	tagNull       = '0'
	tagTrue       = 'T'
	tagFalse      = 'F'
	tagInt32      = 'I'
	tagUint32     = 'U'
	tagDouble     = 'N'
	tagBigInt     = 'Z'
	tagUTF8       = 'S'
	tagOneByte    = '"'
	tagTwoByte    = 'c'
	tagReference  = '^'
	tagObject     = 'o'
	tagObjectEnd  = '{'
	tagDense      = 'A'
	tagDenseEnd   = '$'
	tagSparse     = 'a'
	tagSparseEnd  = '@'
	tagDate       = 'D'
	tagTrueBox    = 'y'
	tagFalseBox   = 'x'
	tagNumberBox  = 'n'
	tagBigIntBox  = 'z'
	tagStringBox  = 's'
	tagRegExp     = 'R'
	tagMap        = ';'
	tagMapEnd     = ':'
	tagSet        = '\''
	tagSetEnd     = ','
	tagBuffer     = 'B'
	tagResizable  = '~'
	tagHostObject = '\\'
	tagError      = 'r'
)

// What follows tagError, up to errorEnd.
const (
	errorMessage = 'm'
	errorCause   = 'c'
	errorStack   = 's'
	errorEnd     = '.'
)

// What Node writes first in a host object.
const (
	hostView  = 0
	hostPlain = 1
)

// errorNames has the kinds of Error that the format knows; every other is written as a plain Error.
var errorNames = map[byte]string{
	'E': "EvalError",
	'R': "RangeError",
	'F': "ReferenceError",
	'S': "SyntaxError",
	'T': "TypeError",
	'U': "URIError",
}

var errorTags = func() map[string]byte {
	tags := make(map[string]byte, len(errorNames))
	for tag, name := range errorNames {
		tags[name] = tag
	}
	return tags
}()

// typeName is how JavaScript calls what a tag begins.
func typeName(tag byte) string {
	switch tag {
	case tagUndefined:
		return "undefined"
	case tagNull:
		return "null"
	case tagTrue, tagFalse:
		return "boolean"
	case tagInt32, tagUint32, tagDouble:
		return "number"
	case tagBigInt:
		return "bigint"
	case tagUTF8, tagOneByte, tagTwoByte:
		return "string"
	case tagObject:
		return "Object"
	case tagDense, tagSparse:
		return "Array"
	case tagDate:
		return "Date"
	case tagTrueBox, tagFalseBox:
		return "Boolean"
	case tagNumberBox:
		return "Number"
	case tagBigIntBox:
		return "BigInt"
	case tagStringBox:
		return "String"
	case tagRegExp:
		return "RegExp"
	case tagMap:
		return "Map"
	case tagSet:
		return "Set"
	case tagBuffer, tagResizable:
		return "ArrayBuffer"
	case tagError:
		return "Error"
	}
	return "object"
}
