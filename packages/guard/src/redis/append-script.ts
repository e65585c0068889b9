/**
 * Appends a revocation in one step, or not at all: what is refused half-way would be appended again with every try.
 *
 * Not-before times and doubts stand in a hash besides, by the rule of `createRevocationLog`: what was set later may have
 * been written by another process. A value in it that nobody can read gives way.
 *
 * How old is too old, Redis tells by its own clock: that of one process may be days ahead. Next to the stream stands a
 * mark, by which a process sees that the data is not the same any more.
 *
 * Keys: stream, hash, mark. Arguments: the revocation, when it was added, how long it is kept (both in milliseconds),
 * its field in the hash or an empty text, and a mark in case there is none.
 */
export const APPEND = `
local function read(text)
  local isJson, value = pcall(cjson.decode, text)
  if not isJson or type(value) ~= 'table' then return nil end
  local reach = tonumber(value.notBefore or value.issuedUntil)
  if reach == nil then return nil end
  return { reach = reach, setAt = tonumber(value.setAt) or reach }
end
if ARGV[4] ~= '' then
  local after = read(ARGV[1])
  local before = read(redis.call('HGET', KEYS[2], ARGV[4]) or '')
  local isNew = before == nil or after.reach > before.reach
  if isNew or (after.reach == before.reach and after.setAt > before.setAt) then
    redis.call('HSET', KEYS[2], ARGV[4], ARGV[1])
  end
end
redis.call('SET', KEYS[3], ARGV[5], 'NX')
local oldest = string.format('%.0f-0', redis.call('TIME')[1] * 1000 - ARGV[3])
return redis.call('XADD', KEYS[1], 'MINID', '~', oldest, '*', 'r', ARGV[1], 'at', ARGV[2])`;
