"""Programs in the style of the language's chapter on HTTP and WebSockets: all of them have to check."""

from __future__ import annotations

import pytest

from tests.types.checked import types

EXAMPLES = {
    "server": """
        let serverResult = httpCreateServer(port: 8080, address: "127.0.0.1")
        match serverResult {
            Success serverId => print("Server created with ID: ${serverId}")
            Err message => print("Failed to create server: ${message}")
        }
        """,
    "raw handler": r"""
        fn handleRawRequest(method: String, path: String, headers: String, body: String) -> String =
            match method {
                "GET" => match path {
                    "/health" => "{\"status\": \"healthy\"}"
                    "/api/users" => "[{\"id\": 1, \"name\": \"Alice\"}, {\"id\": 2, \"name\": \"Bob\"}]"
                    _ => "Not Found"
                }
                "POST" => match path {
                    "/api/users" => "{\"id\": 3, \"name\": \"New User\", \"message\": \"User created\"}"
                    _ => "Endpoint not found"
                }
                "DELETE" => match path {
                    "/api/users/1" => "{\"message\": \"User deleted\"}"
                    _ => "Not Found"
                }
                _ => "Method not allowed"
            }

        match httpCreateServer(8080, "127.0.0.1") {
            Success serverId => {
                let listenResult = httpListen(serverID: serverId, handler: handleRawRequest)
                let again = httpListen(serverId, handleRawRequest)
                match listenResult {
                    Success => print("listening")
                    Err message => print(message)
                }
            }
            Err message => print(message)
        }
        """,
    "types of the chapter": """
        type HttpMethod = GET | POST | PUT | DELETE | PATCH | HEAD | OPTIONS
        type HttpRequest = {
            method: HttpMethod,
            path: String,
            headers: String,
            body: String,
            queryParams: String
        }
        type HttpResponse = {
            status: Int,
            headers: String,
            contentType: String,
            contentLength: Int,
            streamFd: Int,        // file descriptor for streaming
            isComplete: Bool,
            partialBody: String,
            partialLength: Int
        }
        fn answer(request: HttpRequest) -> HttpResponse = HttpResponse { status: 200, body: request.path }
        let r = httpListen(serverID: 1, handler: answer)
        """,
    "typed handler": r"""
        fn getUserList() -> Result<HttpResponse, String> =
            Success(HttpResponse { status: 200, contentType: "application/json", body: "[]" })
        fn createUser(body: String) -> Result<HttpResponse, String> = match isEmpty(body) {
            true => Err("empty body")
            false => Success(HttpResponse { status: 201, body: body })
        }
        fn handleHttpRequest(request: HttpRequest) -> Result<HttpResponse, String> =
            match request.method {
                GET => match request.path {
                    "/api/users" => getUserList()
                    "/api/health" => Success(HttpResponse {
                        status: 200,
                        contentType: "application/json",
                        body: "{\"status\": \"healthy\"}"
                    })
                    _ => Success(HttpResponse {
                        status: 404,
                        contentType: "text/plain",
                        body: "Not Found"
                    })
                }
                POST => match request.path {
                    "/api/users" => createUser(request.body)
                    _ => Err("Endpoint not found")
                }
                _ => Err("Method not supported")
            }
        let listening = httpListen(1, handleHttpRequest)
        """,
    "client": r"""
        let clientResult = httpCreateClient(baseUrl: "http://127.0.0.1:1", timeout: 5000)
        fn main() {
            let clientId = clientResult ?: 0
            let getResult = httpGet(clientID: clientId, path: "/users", headers: "")
            match getResult {
                Success statusCode => print("Request completed with status: ${statusCode}")
                Err message => print("Request failed: ${message}")
            }
            let postData = "{\"name\": \"John\", \"email\": \"john@example.com\"}"
            let headers = "Content-Type: application/json\r\n"
            let posted = httpPost(clientID: clientId, path: "/users", body: postData, headers: headers)
            let put = httpPut(clientId, "/users/1", postData, headers)
            let deleted = httpDelete(clientId, "/users/1", headers)
            let other = httpRequest(clientID: clientId, method: PATCH, path: "/", headers: "", body: "")
            match httpCloseClient(clientID: clientId) {
                Success() => print("closed")
                Err message => print(message)
            }
        }
        """,
    "web socket client": """
        fn handleMessage(message: String) -> Result<Success, String> = {
            print("Received: ${message}")
            Success()
        }
        let wsResult = websocketConnect(url: "ws://localhost:8080/chat", messageHandler: handleMessage)
        fn hello(wsId: WebSocketID) = websocketSend(wsID: wsId, message: "Hello, WebSocket!")
        fn bye(wsId: WebSocketID) -> Result<Success, String> = websocketClose(wsID: wsId)
        """,
    "web socket server": """
        let serverId = websocketCreateServer(8080, "127.0.0.1", "/chat")
        print("Server created with ID: ${serverId}")
        match websocketServerListen(serverID: serverId) {
            0 => print("listening")
            -4 => print("bind failed")
            code => print("failed: ${code}")
        }
        """,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    assert types(EXAMPLES[name])
