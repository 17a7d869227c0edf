/**
 * Keys: the table, the ends of its rows, the log, its counter. Arguments: how long the log may become; then field,
 * `STAMP SEALED` and milliseconds in turn. Returns the id of the log's entry.
 */
export const putScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 64 + #ARGV)
if #over > 0 then
  redis.call('ZREM', KEYS[2], unpack(over))
  redis.call('HDEL', KEYS[1], unpack(over))
end
local function stamp(value) return tonumber(string.match(value, '^%d+') or 0) end
local entry = {}
for i = 2, #ARGV, 3 do
  local field, value = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', KEYS[1], field)
  if not old or stamp(old) <= stamp(value) then
    redis.call('HSET', KEYS[1], field, value)
    redis.call('ZADD', KEYS[2], now + ARGV[i + 2], field)
  end
  entry[#entry + 1] = field
  entry[#entry + 1] = value
end
local n = redis.call('INCR', KEYS[4])
return redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[1], '*', 'n', n, unpack(entry))`;

/** Key: the marks. Arguments: the list, its mark, the mark that it may replace. Returns nil, or another one that is held. */
export const markScript = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and held ~= ARGV[2] and held ~= ARGV[3] then return held end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return false`;
