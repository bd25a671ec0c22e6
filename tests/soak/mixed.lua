-- For wrk: small and large requests, in one run alone and in the next in pipelines of sixteen, in an order that differs
-- between runs. wrk counts the requests in the first piece and expects as many in every other.
local kinds = {}

function init(arguments)
   math.randomseed(os.time())
   local get = wrk.format("GET", "/get?a=b")
   local post = function(size) return wrk.format("POST", "/post", nil, string.rep("x", size)) end
   local small, large = post(10), post(20000)
   if os.time() % 2 == 0 then
      kinds = { get, get, get, small, post(1000), large }
   else
      kinds = { string.rep(get, 16), string.rep(get .. small, 8), string.rep(post(100), 16),
                string.rep(get, 7) .. large .. string.rep(small, 7) .. post(1000) }
   end
end

function request()
   return kinds[math.random(#kinds)]
end
