// Node's own http module; PORT is the only argument.
const http = require("node:http");

const server = http.createServer((request, response) => {
  if (request.url === "/plaintext") {
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": 13 });
    response.end("Hello, World!");
  } else {
    response.writeHead(404);
    response.end();
  }
});
server.keepAliveTimeout = 120_000;
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
