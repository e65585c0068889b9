/**
 * Appends a revocation atomically: a partial append would be repeated with every retry.
 *
 * Not-before times and doubts are also kept in a hash, by the rule of `createRevocationLog`, because another process may
 * have written a later one. An unreadable value in the hash is replaced.
 *
 * Redis decides by its own clock which entries are too old: the clock of a process may be days ahead. The mark beside the
 * stream shows a process that Redis lost its data.
 *
 * Keys: stream, hash, mark. Arguments: the revocation, when it was added, how long it is kept (both in milliseconds),
 * its field in the hash or an empty string, and a new mark in case none exists.
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
