// The Lua scripts: each is one atomic step on one slot, so that what it says was true at one moment. All keys come as
// KEYS. Time is Redis's own; nonces and new epochs come from the caller, because Lua's random numbers repeat.
import { createHash } from 'node:crypto'

export interface Script {
  readonly lua: string
  readonly sha: string
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/**
 * Gives the epoch's id and state. The value is `<id> live` or `<id> recovering <until, s>`. Where there is none, a
 * caller with a candidate makes one: the data appeared out of nothing, so it starts as recovering.
 */
const EPOCH_LUA = `
local time = redis.call('TIME')
local now = tonumber(time[1])
local function epoch(key, candidate, window)
  local value = redis.call('GET', key)
  if not value and candidate ~= '' then
    if tonumber(window) > 0 then value = candidate .. ' recovering ' .. (now + tonumber(window))
    else value = candidate .. ' live' end
    redis.call('SET', key, value)
  end
  if not value then return {'', 'recovering', 0} end
  local id, state, till = string.match(value, '^(%S+) (%S+) ?(%d*)$')
  if not id then return {'', 'recovering', 0} end
  if state == 'recovering' and now >= tonumber(till) then return {id, 'live', 0} end
  return {id, state, tonumber(till) or 0}
end
local function last(feed)
  local entry = redis.call('XREVRANGE', feed, '+', '-', 'COUNT', 1)[1]
  if not entry then return {'0-0', ''} end
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'n' then return {entry[1], fields[i + 1]} end
  end
  return {entry[1], ''}
end
`

/**
 * KEYS revoked not_before feed epoch; ARGV candidate window nonce feed-ms feed-length healing-window touch, then for
 * each entry: kind (`r` revoked, `n` not before, `p` not before now plus), member, score.
 */
export const addScript = script(`${EPOCH_LUA}
local set = epoch(KEYS[4], ARGV[1], ARGV[2])
if set[2] == 'recovering' and set[1] ~= '' and tonumber(ARGV[6]) > 0 then
  local till = math.max(set[3], now + tonumber(ARGV[6]))
  redis.call('SET', KEYS[4], set[1] .. ' recovering ' .. till)
end
local previous = last(KEYS[3])
local changed = false
local oldest = (now * 1000 - tonumber(ARGV[4])) .. '-0'
for i = 8, #ARGV, 3 do
  local kind, member, score = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = KEYS[2]
  if kind == 'r' then key = KEYS[1] end
  if kind == 'p' then score = string.format('%d', now + tonumber(score)) end
  if redis.call('ZADD', key, 'GT', 'CH', score, member) == 1 then
    local nonce = ARGV[3] .. i
    local space = 'n'
    if kind == 'r' then space = 'r' end
    local id = redis.call('XADD', KEYS[3], 'MINID', '~', oldest, '*',
      's', space, 'm', member, 'v', score, 'p', previous[1], 'q', previous[2], 'n', nonce)
    previous = {id, nonce}
    changed = true
  end
end
if changed then redis.call('XTRIM', KEYS[3], 'MAXLEN', '~', ARGV[5])
elseif ARGV[7] == '1' then
  local value = redis.call('GET', KEYS[4])
  if value then redis.call('SET', KEYS[4], value) end
end
return {previous[1], time[1]}
`)

/**
 * KEYS revoked not_before feed epoch sidecars; ARGV candidate window mirror max-staleness-ms after-id after-nonce count.
 * An empty after-id: a process that keeps no copy (yet). A position that this feed does not have is not reported.
 */
export const beatScript = script(`${EPOCH_LUA}
local set = epoch(KEYS[4], ARGV[1], ARGV[2])
local entries = {}
local applied = '-'
if ARGV[5] ~= '' then
  applied = '0-0'
  local at = redis.call('XRANGE', KEYS[3], ARGV[5], ARGV[5])[1]
  if at and at[2][12] == ARGV[6] then applied = ARGV[5] end
  entries = redis.call('XRANGE', KEYS[3], '(' .. ARGV[5], '+', 'COUNT', ARGV[7])
end
local ms = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
-- A Redis out of memory refuses the line, and must not refuse the beat with it: nothing can be revoked either meanwhile,
-- and what was revoked before is in the entries of this answer.
local registered = redis.pcall('HSET', KEYS[5], ARGV[3], applied .. ' ' .. ARGV[4] .. ' ' .. ms)
if type(registered) == 'table' and registered.err and not string.find(registered.err, 'OOM', 1, true) then
  return registered
end
local newest = last(KEYS[3])
local size = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2])
return {set[1], set[2], ms, newest[1], newest[2], size, entries}
`)

/** KEYS feed epoch: where a snapshot starts from. */
export const noteScript = script(`${EPOCH_LUA}
local set = epoch(KEYS[2], '', 0)
local newest = last(KEYS[1])
return {set[1], set[2], newest[1], newest[2]}
`)

/** KEYS revoked not_before epoch; ARGV count of revoked members, then the members. */
export const lookupScript = script(`${EPOCH_LUA}
local set = epoch(KEYS[3], '', 0)
local count = tonumber(ARGV[1])
local revoked, not_before = {}, {}
for i = 2, #ARGV do
  if i - 1 <= count then revoked[#revoked + 1] = ARGV[i] else not_before[#not_before + 1] = ARGV[i] end
end
local scores = {}
if #revoked > 0 then scores[1] = redis.call('ZMSCORE', KEYS[1], unpack(revoked)) else scores[1] = {} end
if #not_before > 0 then scores[2] = redis.call('ZMSCORE', KEYS[2], unpack(not_before)) else scores[2] = {} end
return {set[1], set[2], scores[1], scores[2]}
`)

/** KEYS revoked not_before sidecars; ARGV retention (s), limit, how long (ms) a silent mirror stays registered. */
export const purgeScript = script(`
local time = redis.call('TIME')
local now = tonumber(time[1])
local removed = 0
local function purge(key, below)
  local over = redis.call('ZRANGEBYSCORE', key, '-inf', '(' .. below, 'LIMIT', 0, ARGV[2])
  if #over > 0 then removed = removed + redis.call('ZREM', key, unpack(over)) end
end
purge(KEYS[1], now)
purge(KEYS[2], now - tonumber(ARGV[1]))
local lines = redis.call('HGETALL', KEYS[3])
for i = 1, #lines, 2 do
  local beat = tonumber(string.match(lines[i + 1], '(%d+)$'))
  if not beat or beat < now * 1000 - tonumber(ARGV[3]) then redis.call('HDEL', KEYS[3], lines[i]) end
end
return removed
`)

/** KEYS sidecars: the registry and the time it was read at. */
export const registryScript = script(`
local time = redis.call('TIME')
local ms = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
return {ms, redis.call('HGETALL', KEYS[1])}
`)

/** KEYS epoch; ARGV candidate: the data set is what there is. */
export const initialiseScript = script(`${EPOCH_LUA}
local set = epoch(KEYS[1], ARGV[1], 0)
local id = set[1]
if id == '' then id = ARGV[1] end
redis.call('SET', KEYS[1], id .. ' live')
return {id}
`)
