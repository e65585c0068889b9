-- wrk script: sends the tokens of a file in turn, from a line on, and writes the result as one line of JSON.
--   wrk … -s tokens.lua URL -- FILE FIRST_LINE COUNT wrap|stop HEADER PREFIX
-- "stop" ends the run when the tokens are used up.
local set, at, may_wrap, header, prefix = {}, 0, true, nil, nil

local function read(file, first, count)
  local requests, line_number = {}, 0
  for line in io.lines(file) do
    line_number = line_number + 1
    if line_number >= first then
      local headers = { [header] = prefix .. line, Host = wrk.headers['Host'] }
      for name, value in pairs(wrk.headers) do
        if name ~= 'Host' then headers[name] = value end
      end
      requests[#requests + 1] = wrk.format('GET', nil, headers)
    end
    if #requests == count then break end
  end
  return requests
end

function init(args)
  header, prefix = args[5], args[6]
  set = read(args[1], tonumber(args[2]), tonumber(args[3]))
  may_wrap = args[4] == 'wrap'
end

function request()
  at = at + 1
  if at > #set then
    at = 1
    if not may_wrap then wrk.thread:stop() end
  end
  return set[at]
end

function done(summary, latency)
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"refused":%d,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
