-- Joins a fingerprint to the cluster of its nearest recent neighbour, or to a new one of its own.
-- KEYS: four bands (fingerprints that share these 16 bits, as "fingerprint:cluster" scored by time),
--       the site's clusters scored by when they last grew, and their sizes by day.
-- ARGV: the fingerprint in 16 hex digits.
-- Two fingerprints at most 3 bits apart agree in one of four bands, so only those are compared.
-- Replies {cluster, size}.
local WINDOW_DAYS, DISTANCE, BAND_SIZE, CLUSTERS = 7, 3, 32, 10000
local DAY = 86400
local WINDOW = WINDOW_DAYS * DAY
local now = tonumber(redis.call('TIME')[1])
local own = ARGV[1]
local high, low = tonumber(string.sub(own, 1, 8), 16), tonumber(string.sub(own, 9), 16)

local function ones(word, atmost)
  local count = 0
  while word ~= 0 and count <= atmost do
    word = bit.band(word, word - 1)
    count = count + 1
  end
  return count
end

local function distance(other)
  local apart = ones(bit.bxor(high, tonumber(string.sub(other, 1, 8), 16)), DISTANCE)
  return apart + ones(bit.bxor(low, tonumber(string.sub(other, 9, 16), 16)), DISTANCE - apart)
end

local cluster, nearest = own, DISTANCE + 1
for band = 1, 4 do
  if nearest == 0 then
    break
  end
  local recent = redis.call(
    'ZREVRANGEBYSCORE', KEYS[band], '+inf', '(' .. (now - WINDOW), 'LIMIT', 0, BAND_SIZE)
  for _, member in ipairs(recent) do
    local apart = distance(member)
    if apart < nearest then
      cluster, nearest = string.sub(member, 18), apart
    end
  end
end

for band = 1, 4 do
  if redis.call('ZADD', KEYS[band], now, own .. ':' .. cluster) == 1 then
    redis.call('ZREMRANGEBYRANK', KEYS[band], 0, -1 - BAND_SIZE)
  end
  redis.call('EXPIRE', KEYS[band], WINDOW)
end

local today, counted, before, days = math.floor(now / DAY), 1, 0, {}
for day, count in string.gmatch(redis.call('HGET', KEYS[6], cluster) or '', '(%d+):(%d+)') do
  if tonumber(day) == today then
    counted = counted + count
  elseif tonumber(day) > today - WINDOW_DAYS then
    before = before + count
    days[#days + 1] = day .. ':' .. count
  end
end
days[#days + 1] = today .. ':' .. counted
redis.call('HSET', KEYS[6], cluster, table.concat(days, ' '))
redis.call('ZADD', KEYS[5], now, cluster)

-- One cluster can come with each call, so forgetting up to two holds the bound.
local excess = redis.call('ZCARD', KEYS[5]) - CLUSTERS
local oldest = redis.call('ZRANGE', KEYS[5], 0, 1, 'WITHSCORES')
for place = 1, #oldest, 2 do
  if excess > 0 or tonumber(oldest[place + 1]) <= now - WINDOW then
    redis.call('ZREM', KEYS[5], oldest[place])
    redis.call('HDEL', KEYS[6], oldest[place])
    excess = excess - 1
  end
end
redis.call('EXPIRE', KEYS[5], WINDOW)
redis.call('EXPIRE', KEYS[6], WINDOW)
return {cluster, before + counted}
