-- wrk script: sends the tokens of a file in turn, from a line on, and writes the result as one line of JSON.
--   wrk … -s tokens.lua URL -- FILE FIRST_LINE COUNT wrap|stop HEADER PREFIX [SWITCH_FILE SWITCH_AFTER_SECONDS]
-- "stop" ends the run when the tokens are used up; after SWITCH_AFTER_SECONDS the second file is used.
local sets, current, at, may_wrap, switch_at, header, prefix = {}, 1, 0, true, nil, nil, nil

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
  sets[1] = read(args[1], tonumber(args[2]), tonumber(args[3]))
  may_wrap = args[4] == 'wrap'
  if args[7] then
    sets[2] = read(args[7], 1, tonumber(args[3]))
    switch_at = os.time() + tonumber(args[8])
  end
end

function request()
  if switch_at and os.time() >= switch_at then
    current, at, switch_at = 2, 0, nil
  end
  at = at + 1
  local set = sets[current]
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
