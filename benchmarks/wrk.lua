-- For wrk: GET <path>/<id> for the ids 1..highest in random order, each once before any comes again.
-- So a cache that is emptied more often than once a cycle never hits. Prints one line of JSON.
-- Arguments: path, highest id, seed.

local paths = {}
local sent = 0

function init(arguments)
  local highest = tonumber(arguments[2])
  math.randomseed(tonumber(arguments[3]))
  for id = 1, highest do
    paths[id] = wrk.format("GET", arguments[1] .. "/" .. id)
  end
  for last = highest, 2, -1 do
    local other = math.random(last)
    paths[last], paths[other] = paths[other], paths[last]
  end
end

function request()
  sent = sent % #paths + 1
  return paths[sent]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "failed": %d, "p50_us": %d, "p99_us": %d}\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
