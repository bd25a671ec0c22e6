/*
 * The codes that functions of WebSocket servers return instead of a Result, and the words for them.
 */
#ifndef OSP_WS_ERROR_MESSAGE_H
#define OSP_WS_ERROR_MESSAGE_H

enum {
    OSP_WS_ERROR_ID = -1,
    OSP_WS_ERROR_SOCKET = -2,
    OSP_WS_ERROR_OPTIONS = -3,
    OSP_WS_ERROR_BIND = -4,
    OSP_WS_ERROR_LISTEN = -5,
    OSP_WS_ERROR_START = -6,
    OSP_WS_ERROR_PORT = -7,
    OSP_WS_ERROR_ADDRESS = -8,
    OSP_WS_ERROR_PATH = -9,
    OSP_WS_ERROR_CERTIFICATE = -10,
    OSP_WS_ERROR_NOT_TEXT = -11,
    OSP_WS_ERROR_NOT_LISTENING = -12
};

/* Why this code will be returned now, in more detail than the code says: websocketErrorMessage adds it, until another
 * failure on this thread. The text is copied. */
void osp__ws_explain(int code, const char *detail);

#endif
