-- For wrk: small and large requests, alone and in pipelines, in an order that differs between runs.
local kinds = {}

function init(arguments)
   math.randomseed(os.time())
   local get = wrk.format("GET", "/get?a=b")
   local post = function(size) return wrk.format("POST", "/post", nil, string.rep("x", size)) end
   kinds = { get, post(10), post(1000), post(20000), string.rep(get, 16), string.rep(get, 16) .. post(10), string.rep(post(100), 8) }
   for i = 1, 6 do
      kinds[#kinds + 1] = string.rep(get, 16)
   end
end

function request()
   return kinds[math.random(#kinds)]
end
