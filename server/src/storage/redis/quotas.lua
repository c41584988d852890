-- Debits the windows of one subject together or not at all, or looks at them.
-- KEYS[1]: the times of the grants, oldest first, milliseconds since 1970.
-- ARGV: 'debit' or 'peek'; now; how far a clock may step back; then limit and length of each window.
-- Answers {taken, now, {{used, oldest, leaving}, …}}; a time that is not there is false.
-- The reasons are in server/src/limits/windows.rs, which must give the same answers.
local log, now, step = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local debit = ARGV[1] == 'debit'
local longest = 0
for i = 5, #ARGV, 2 do longest = math.max(longest, tonumber(ARGV[i])) end

local function at(index) return tonumber(redis.call('LINDEX', log, index) or nil) end
local function text(time) return string.format('%.0f', time) end

if debit then
  local last = at(-1)
  if last and last - now > step then
    local ahead, times = last - now, redis.call('LRANGE', log, 0, -1)
    for i, time in ipairs(times) do redis.call('LSET', log, i - 1, text(time - ahead)) end
    last = now
  end
  if last then now = math.max(now, last) end
  local first = at(0)
  while first and now - first >= longest do
    redis.call('LPOP', log)
    first = at(0)
  end
end

-- How many grants, from the oldest, have left a window of this length.
local function left(length, size)
  local low, high = 0, size
  while low < high do
    local middle = math.floor((low + high) / 2)
    if now - at(middle) >= length then low = middle + 1 else high = middle end
  end
  return low
end

local function figures()
  local all, full, size = {}, false, redis.call('LLEN', log)
  for i = 4, #ARGV, 2 do
    local limit, length = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local start = left(length, size)
    local used, oldest, leaving = size - start, false, false
    if used > 0 then oldest = at(start) end
    if limit > 0 and size >= limit then leaving = at(size - limit) end
    if limit > 0 and used >= limit then full = true end
    all[#all + 1] = { used, oldest, leaving }
  end
  return all, full
end

local all, full = figures()
if debit and not full then
  redis.call('RPUSH', log, text(now))
  redis.call('PEXPIRE', log, text(longest + 2 * step))
  return { 1, now, (figures()) }
end
return { 0, now, all }
