-- What Redis remembers of recent submissions, asked and told in one step.
--
-- KEYS: one for each limit, in order; the form token's, where one is counted; then the four bands
--       of the comment's fingerprint, where it is compared with others; then the site's pace.
-- ARGV: "count/seconds" of each limit; the seconds a token is remembered, 0 without one; the
--       fingerprint in 16 hex digits, empty where there is none; the seconds a band is remembered;
--       "recent usual learns" where the pace is counted: the seconds in which its counts fade, and
--       whether this comment counts as usual; else empty.
-- Replies {0, uses of the token, cluster, its size} when admitted, {microseconds to wait, number of
-- the limit} if not, and then nothing is consumed, counted or remembered.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local held = redis.call('MGET', unpack(KEYS))

-- Limits, by GCRA: all are checked before any is consumed. A key holds "TAT:interval": the
-- theoretical arrival time in microseconds of the server's clock, and the interval it was reckoned
-- with, so that a changed rate still knows how many were admitted.
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
if ARGV[2] ~= '0' then
  index = index + 1
  uses = redis.call('INCR', KEYS[index])
  if uses == 1 then
    redis.call('EXPIRE', KEYS[index], ARGV[2])
  end
end

-- Near-identical comments. Two fingerprints at most 3 bits apart agree in one of four bands of 16
-- bits, so only the newest comment of each band is looked at: "fingerprint:cluster:size". A flood
-- comes quickly, so it is found; a band that another comment has taken meanwhile costs a likeness,
-- never a comment.
local own, DISTANCE = ARGV[3], 3
if own == '' then
  return {0, uses}
end

local function ones(word, atmost)
  local count = 0
  while word ~= 0 and count <= atmost do
    word = bit.band(word, word - 1)
    count = count + 1
  end
  return count
end

local high, low = tonumber(string.sub(own, 1, 8), 16), tonumber(string.sub(own, 9), 16)
local cluster, nearest, size = own, DISTANCE + 1, 0
for band = index + 1, index + 4 do
  if held[band] then
    local first, second, its, count = string.match(held[band], '(%x%x%x%x%x%x%x%x)(%x+):(%x+):(%d+)')
    local apart = ones(bit.bxor(high, tonumber(first, 16)), DISTANCE)
    apart = apart + ones(bit.bxor(low, tonumber(second, 16)), DISTANCE - apart)
    if apart <= DISTANCE and its == cluster then
      nearest, size = math.min(nearest, apart), math.max(size, tonumber(count))
    elseif apart < nearest or (apart == nearest and apart <= DISTANCE and tonumber(count) > size) then
      cluster, nearest, size = its, apart, tonumber(count)
    end
  end
end
size = size + 1
for band = index + 1, index + 4 do
  redis.call('SET', KEYS[band], own .. ':' .. cluster .. ':' .. size, 'EX', ARGV[4])
end
if ARGV[5] == '' then
  return {0, uses, cluster, size}
end

-- The pace: three counts that fade, as "microseconds:recent:usual:alike"; see pace.py.
local recently, usually, learns = string.match(ARGV[5], '(%d+) (%d+) (%d)')
local key, at, recent, usual, alike = KEYS[index + 5], now, 0, 0, 0
if held[index + 5] then
  local a, b, c, d = string.match(held[index + 5], '(.+):(.+):(.+):(.+)')
  at, recent, usual, alike = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end
local past = math.max(now - at, 0) / 1000000
local quick, slow = math.exp(-past / recently), math.exp(-past / usually)
recent, usual = recent * quick + 1, usual * slow + learns
alike = alike * quick + (size > 1 and 1 or 0)
local counts = string.format('%.0f:%.4f:%.4f:%.4f', now, recent, usual, alike)
redis.call('SET', key, counts, 'EX', 5 * usually)
usual = usual * recently / usually
return {0, uses, cluster, size, math.floor(recent * 1000), math.floor(usual * 1000), math.floor(alike * 1000)}
