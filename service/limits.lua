-- GCRA over several limits at once: all are checked before any is consumed.
-- KEYS: one for each limit, in order; then, where form tokens are counted, the token's.
-- ARGV[1]: "count/seconds" of each limit, ARGV[2]: the seconds a token is remembered.
-- A key holds "TAT:interval": the theoretical arrival time in microseconds of the server's clock,
-- and the interval it was reckoned with, so that a changed rate still knows how many were admitted.
-- Replies {0, uses of the token} when admitted, {microseconds to wait, number of the limit} if not.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local held = redis.call('MGET', unpack(KEYS))

local function hold(key, tat, interval)
  local value = string.format('%.0f:%.0f', tat, interval)
  redis.call('SET', key, value, 'PX', math.ceil((tat - now) / 1000))
end

local index, wait, refused, tats, intervals = 0, 0, 0, {}, {}
for count, seconds in string.gmatch(ARGV[1], '(%d+)/(%d+)') do
  index = index + 1
  local interval = math.ceil(seconds * 1000000 / count) -- rounded to the strict side
  local span, tat = interval * count, now
  if held[index] then
    local at, old = string.match(held[index], '(%d+):(%d+)')
    local ahead = math.max(at - now, 0)
    if tonumber(old) ~= interval then
      ahead = math.ceil(ahead / old * interval)
    end
    tat = now + math.min(ahead, span)
    if ahead > span then
      -- No admission leads this far: the clock went back, or the limit was made tighter.
      hold(KEYS[index], tat, interval)
    end
  end
  tats[index], intervals[index] = tat + interval, interval
  local early = tats[index] - span - now
  if early > wait then
    wait, refused = early, index
  end
end
if wait > 0 then
  return {wait, refused}
end

for number, tat in ipairs(tats) do
  hold(KEYS[number], tat, intervals[number])
end
local uses = 0
if KEYS[index + 1] then
  uses = redis.call('INCR', KEYS[index + 1])
  if uses == 1 then
    redis.call('EXPIRE', KEYS[index + 1], ARGV[2])
  end
end
return {0, uses}
