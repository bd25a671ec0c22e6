/* reply.c - see reply.h.
 *
 * Content-Length and Transfer-Encoding are ours alone: a handler's are dropped, so that what it says about the length
 * can never disagree with what is sent. Connection is ours too, but a handler may ask for "close". */
#include "reply.h"

#include <string.h>
#include <strings.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "header.h"

/* Bodies up to this size are copied behind their head; larger ones are sent from where they are. */
#define COPIED_BODY 8192
/* Room for what we write ourselves around the handler's fields. */
#define OWN_FIELDS 512

#define TEXT(literal) (literal), sizeof(literal) - 1

/* ---- content type ------------------------------------------------------------------------------------------------ */

static const char *sniffed_type(const char *body, size_t length) {
    size_t i = 0;
    while (i < length && (body[i] == ' ' || body[i] == '\t' || body[i] == '\r' || body[i] == '\n')) i++;
    body += i;
    length -= i;
    if (length > 0 && (*body == '{' || *body == '[')) return "application/json; charset=utf-8";
    if (length >= 9 && strncasecmp(body, "<!doctype", 9) == 0) return "text/html; charset=utf-8";
    if (length >= 5 && strncasecmp(body, "<html", 5) == 0) return "text/html; charset=utf-8";
    return "text/plain; charset=utf-8";
}

/* ---- the handler's fields ---------------------------------------------------------------------------------------- */

/* What the handler's fields say about those that we would write. */
struct survey {
    bool safe, has_date, has_type, has_close;
};

static bool named(const osp_http_field *field, const char *lower) {
    return osp_http_equals_lower(field->name, field->name_length, lower);
}

static bool is_ours(const osp_http_field *field) {
    return named(field, "content-length") || named(field, "transfer-encoding") || named(field, "connection") ||
           named(field, "keep-alive");
}

static struct survey survey_fields(const struct osp__reply *reply) {
    struct survey survey = {.safe = true};
    size_t position;
    if (reply->content_type_length > 0)
        for (size_t i = 0; i < reply->content_type_length; i++)
            if (!osp__is(reply->content_type[i], OSP_CLASS_VALUE)) survey.safe = false;
    if (reply->headers_length == 0) return survey;
    if (!osp_http_headers_are_safe(reply->headers, reply->headers_length, &position)) survey.safe = false;
    const char *cursor = reply->headers, *end = cursor + reply->headers_length;
    osp_http_field field;
    while (survey.safe && osp_http_header_next(&cursor, end, &field)) {
        if (named(&field, "date")) survey.has_date = true;
        if (named(&field, "content-type")) survey.has_type = true;
        if (named(&field, "connection"))
            survey.has_close |= osp_http_header_has_token(reply->headers, reply->headers_length, "connection", "close");
    }
    return survey;
}

static char *put(char *end, const char *bytes, size_t length) { return mempcpy(end, bytes, length); }
static char *put_text(char *end, const char *text) { return put(end, text, strlen(text)); }

static char *put_number(char *end, uint64_t value) {
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0) *end++ = digits[--count];
    return end;
}

static char *put_handler_fields(char *end, const struct osp__reply *reply, bool drop_type) {
    const char *cursor = reply->headers, *limit = cursor + reply->headers_length;
    osp_http_field field;
    while (osp_http_header_next(&cursor, limit, &field)) {
        if (is_ours(&field) || (drop_type && named(&field, "content-type"))) continue;
        end = put(end, field.name, field.name_length);
        end = put(end, TEXT(": "));
        end = put(end, field.value, field.value_length);
        end = put(end, TEXT("\r\n"));
    }
    return end;
}

/* ---- the head ---------------------------------------------------------------------------------------------------- */

static char *put_status_line(char *end, int64_t status) {
    if (OSP_LIKELY(status == 200)) return put(end, TEXT("HTTP/1.1 200 OK\r\n"));
    end = put(end, TEXT("HTTP/1.1 "));
    end = put_number(end, (uint64_t)status);
    *end++ = ' ';
    end = put_text(end, osp__http_reason(status));
    return put(end, TEXT("\r\n"));
}

static char *put_framing(char *end, const struct osp__reply *reply) {
    /* A length has no meaning with 204 (RFC 9110 section 8.6), and none is known for 304. */
    if (reply->status == 204 || reply->status == 304) return end;
    if (reply->framing == OSP_FRAMING_CHUNKED) return put(end, TEXT("Transfer-Encoding: chunked\r\n"));
    if (reply->framing == OSP_FRAMING_CLOSE) return end;
    end = put(end, TEXT("Content-Length: "));
    end = put_number(end, reply->content_length);
    return put(end, TEXT("\r\n"));
}

static char *put_connection(char *end, const struct osp__connection *connection) {
    if (connection->close_after) return put(end, TEXT("Connection: close\r\n"));
    if (connection->parser.minor_version == 0) return put(end, TEXT("Connection: keep-alive\r\n"));
    return end;
}

static char *put_head(char *end, struct osp__connection *connection, const struct osp__reply *reply,
                      struct survey survey) {
    end = put_status_line(end, reply->status);
    if (!survey.has_date) end = put(end, osp__http_date(connection->local), OSP_DATE_LENGTH);
    if (reply->content_type_length > 0) {
        end = put(end, TEXT("Content-Type: "));
        end = put(end, reply->content_type, reply->content_type_length);
        end = put(end, TEXT("\r\n"));
    } else if (!survey.has_type && reply->status != 204 && reply->status != 304) {
        end = put(end, TEXT("Content-Type: "));
        end = put_text(end, sniffed_type(reply->body, reply->body_length));
        end = put(end, TEXT("\r\n"));
    }
    end = put_framing(end, reply);
    end = put_connection(end, connection);
    if (reply->headers_length > 0) end = put_handler_fields(end, reply, reply->content_type_length > 0);
    return put(end, TEXT("\r\n"));
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

bool osp__reply_without_body(const struct osp__connection *connection, int64_t status) {
    return connection->parser.method_index == OSP_HTTP_HEAD || status == 204 || status == 304;
}

struct osp__reply osp__reply_whole(int64_t status, const char *body, size_t body_length) {
    return (struct osp__reply){.status = status, .body = body, .body_length = body_length,
                               .framing = OSP_FRAMING_LENGTH, .content_length = body_length};
}

/* Memory for a reply has run out: what the client gets is the end of the connection. */
static void give_up(struct osp__connection *connection) {
    connection->close_after = true;
    connection->broken = true;
}

static void append_body(struct osp__connection *connection, const struct osp__reply *reply) {
    if (reply->body_length == 0) return;
    if (reply->body_string != NULL && reply->body_length > COPIED_BODY &&
        reply->body_length == osp__length(reply->body_string)) {
        osp_dup(reply->body_string);
        connection->tail = reply->body_string;
        connection->tail_sent = 0;
    } else if (!osp__buffer_append(&connection->out, &connection->local->buffers, reply->body, reply->body_length)) {
        give_up(connection);
    }
}

bool osp__reply(struct osp__connection *connection, const struct osp__reply *reply) {
    if (connection->replied) return false;
    struct survey survey = survey_fields(reply);
    if (!survey.safe || reply->status < 200 || reply->status > 599) {
        osp__diagnose(survey.safe ? "the handler's status %lld is not between 200 and 599"
                                  : "the handler's header fields are malformed (status %lld)",
                      (long long)reply->status);
        osp__reply_error(connection, 500, TEXT("internal server error"));
        return false;
    }
    connection->replied = true;
    connection->reply_status = (uint16_t)reply->status;
    connection->reply_body_bytes = osp__reply_without_body(connection, reply->status) ? 0 : reply->body_length;
    osp__count(&connection->local->counters.responses[reply->status / 100]);
    if (survey.has_close || reply->framing == OSP_FRAMING_CLOSE) connection->close_after = true;
    /* A field "a:b\n" grows by three bytes when it is written out: at most doubled. */
    size_t room = OWN_FIELDS + 2 * reply->headers_length + reply->content_type_length;
    if (!osp__buffer_reserve(&connection->out, &connection->local->buffers, room, (size_t)-1 / 4)) {
        give_up(connection);
        return false;
    }
    char *start = connection->out.bytes + connection->out.end;
    connection->out.end += (size_t)(put_head(start, connection, reply, survey) - start);
    if (!osp__reply_without_body(connection, reply->status) && reply->framing == OSP_FRAMING_LENGTH)
        append_body(connection, reply);
    return !connection->broken;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* Copies text into a JSON string; bytes that are not ASCII pass, since handlers speak UTF-8. */
static size_t escape_json(char *out, size_t capacity, const char *text, size_t length) {
    size_t used = 0;
    for (size_t i = 0; i < length && used + 6 < capacity; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            out[used++] = '\\';
            out[used++] = (char)byte;
        } else if (byte < 32) {
            static const char digits[] = "0123456789abcdef";
            memcpy(out + used, "\\u00", 4);
            out[used + 4] = digits[byte >> 4];
            out[used + 5] = digits[byte & 15];
            used += 6;
        } else {
            out[used++] = (char)byte;
        }
    }
    return used;
}

void osp__reply_error(struct osp__connection *connection, int64_t status, const char *message, size_t length) {
    char body[2048];
    char *end = put(body, TEXT("{\"error\":\""));
    end += escape_json(end, sizeof body - 32, message, length);
    end = put(end, TEXT("\"}"));
    struct osp__reply reply = osp__reply_whole(status, body, (size_t)(end - body));
    reply.content_type = "application/json; charset=utf-8";
    reply.content_type_length = strlen(reply.content_type);
    osp__reply(connection, &reply);
}

void osp__reply_refusal(struct osp__connection *connection, int status, const char *reason) {
    connection->close_after = true;
    connection->linger = true;
    osp__count(&connection->local->counters.refused);
    osp__reply_error(connection, status, reason, strlen(reason));
    osp__connection_answered(connection);
}
