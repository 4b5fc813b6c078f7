-- wrk sends the review in the file that the environment variable REVIEW names, as kube-apiserver would.
local file = assert(io.open(os.getenv("REVIEW"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "kube-apiserver-admission"
wrk.headers["Accept"] = "application/json, */*"
file:close()

-- With PAUSE_MS, each connection pauses before each request, half to one and a half of that by chance: the load is then
-- nearly the same for a fast server and a slow one.
local pause = tonumber(os.getenv("PAUSE_MS"))
if pause then
  function delay() return math.random(math.floor(pause / 2), math.floor(pause * 3 / 2)) end
end
