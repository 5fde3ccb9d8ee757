package logs

const openFlags = 0
