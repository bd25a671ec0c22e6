-- Sends 16 requests at a time and waits for their 16 responses.
local batch

function init(arguments)
   local requests = {}
   for i = 1, 16 do
      requests[i] = wrk.format("GET", wrk.path)
   end
   batch = table.concat(requests)
end

function request()
   return batch
end
