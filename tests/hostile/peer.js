// Node's own server for tests/hostile/compare.py: it reads the whole body, then answers with what it was sent.
const http = require("node:http");

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat([Buffer.from(`${request.method} ${request.url}\n`), ...parts]);
    response.writeHead(200, { "Content-Length": body.length });
    response.end(body);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
