-- Each of wrk's connections is to the next of some ports: the arguments are the first of them, and how many there are.
local addresses, last = {}, 0

function init(arguments)
  local first, count = tonumber(arguments[1]), tonumber(arguments[2])
  for port = first, first + count - 1 do
    addresses[#addresses + 1] = wrk.lookup("127.0.0.1", tostring(port))[1]
  end
end

function request()
  last = last % #addresses + 1
  wrk.thread.addr = addresses[last]
  return wrk.request()
end
