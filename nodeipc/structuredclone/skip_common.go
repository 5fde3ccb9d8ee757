package structuredclone

// endOfCommon gives where the value at pos ends, if it is one of those that messages have most and something follows
// it. It saves time where it knows, and decides nothing.
func endOfCommon(data []byte, pos int) (end int, ok bool) {
	if pos >= len(data) {
		return 0, false
	}
	switch data[pos] {
	case tagUndefined, tagNull, tagTrue, tagFalse:
		end = pos + 1
	case tagInt32:
		// Of one byte or two.
		if end = pos + 2; end < len(data) && data[pos+1] >= 0x80 {
			if end++; data[pos+2] >= 0x80 {
				return 0, false
			}
		}
	case tagDouble:
		end = pos + 9
	default:
		return endOfShort(data, pos)
	}
	return end, end < len(data)
}

// endOfShort is endOfCommon for a string of one byte a character and fewer than 128 of them.
func endOfShort(data []byte, pos int) (end int, ok bool) {
	if pos+1 >= len(data) || data[pos] != tagOneByte || data[pos+1] >= 0x80 {
		return 0, false
	}
	end = pos + 2 + int(data[pos+1])
	return end, end < len(data)
}
