-- GCRA over several limits at once: all are checked before any is consumed.
-- KEYS: one for each limit, in order; then, where form tokens are counted, the token's.
-- ARGV[1]: "interval/count" of each limit (interval in microseconds), ARGV[2]: the token's seconds.
-- A key holds the limit's theoretical arrival time (TAT) in microseconds of the server's clock.
-- Replies {0, uses of the token} when admitted, {microseconds to wait, number of the limit} if not.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local held = redis.call('MGET', unpack(KEYS))

local index, wait, refused, tats = 0, 0, 0, {}
for interval, count in string.gmatch(ARGV[1], '(%d+)/(%d+)') do
  index = index + 1
  local span = interval * count
  local tat = math.max(tonumber(held[index]) or now, now)
  if tat > now + span then
    -- No admission leads this far: the clock went back, or the limit was made tighter.
    tat = now + span
    redis.call('SET', KEYS[index], string.format('%.0f', tat), 'PX', math.ceil(span / 1000))
  end
  tats[index] = tat + interval
  local early = tats[index] - span - now
  if early > wait then
    wait, refused = early, index
  end
end
if wait > 0 then
  return {wait, refused}
end

for number, tat in ipairs(tats) do
  redis.call('SET', KEYS[number], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))
end
local uses = 0
if KEYS[index + 1] then
  uses = redis.call('INCR', KEYS[index + 1])
  if uses == 1 then
    redis.call('EXPIRE', KEYS[index + 1], ARGV[2])
  end
end
return {0, uses}
