//! The OpenAPI document, made from the operations and the types of their answers.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use tickmark_core::identity::separation::is_for_tokens;

use super::{BASE, MOST_ITEMS, Operation, PAGE_ITEMS, Writing, operations, writings};
use crate::permission::Needs;

/// Returns the document (OpenAPI 3.1).
///
/// # Panics
/// Never: schemas are JSON.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations() {
        let content = if operation.is_file {
            json!({"application/octet-stream": {}})
        } else {
            json!({"application/json": {"schema": (operation.schema)(&mut generator).to_value()}})
        };
        paths.insert(format!("{BASE}{}", operation.path), json!({ "get": described(operation, &content) }));
    }
    for writing in writings() {
        let schema = (writing.schema)(&mut generator);
        let path = paths.entry(format!("{BASE}{}", writing.path)).or_insert_with(|| json!({}));
        path[writing.method.as_str().to_lowercase()] = written(writing, &schema.to_value());
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tickmark",
            "version": "1",
            "summary": "What the pages show and do, for programs.",
            "description": "Requests carry a token of the page *API tokens* (`Authorization: Bearer tmk_api_…`), or the session of a browser. What may not be known to be there is not found. Every answer carries an entity tag; `If-None-Match` is answered with 304. What has versions is changed from the one that `If-Match` names. With an `Idempotency-Key` the same is done once, however often it is sent within a day. Approving, accepting, verifying, retiring and answering are for people: no token does it, a session does.",
            "license": {"name": "See the repository"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`tmk_api_` and what follows it, as shown once when it was made."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tickmark", "description": "The session of a browser in which somebody signed in."},
            },
            "headers": {
                "RateLimit": {"description": "Requests that are left, and seconds until all are back (draft-ietf-httpapi-ratelimit-headers).", "schema": {"type": "string"}},
                "RateLimitPolicy": {"description": "Requests in a window of so many seconds.", "schema": {"type": "string"}},
                "RequestId": {"description": "Id of the request; the log and the audit trail have it too.", "schema": {"type": "string"}},
                "ETag": {"description": "Changes when the answer does.", "schema": {"type": "string"}},
            },
            "responses": {
                "Problem": {
                    "description": "It was refused, as RFC 9457 says it.",
                    "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
            "schemas": schemas,
        },
    })
}

/// The parameters that stand in a path, each with what it is in the example.
fn in_path(path: &str, example: &str) -> Vec<Value> {
    let parts = path.split('/').zip(example.split('/'));
    let names = parts.filter_map(|(part, is)| Some((part.strip_prefix('{')?.strip_suffix('}')?, is)));
    names
        .map(|(name, is)| {
            let (kind, is) = match is.parse::<i64>() {
                Ok(number)
                    if matches!(name, "key" | "number" | "version" | "index" | "size" | "old" | "new") =>
                {
                    (json!({"type": "integer"}), json!(number))
                }
                _ => (json!({"type": "string"}), json!(is)),
            };
            json!({"name": name, "in": "path", "required": true, "schema": kind, "example": is})
        })
        .collect()
}

/// What an operation needs, in words.
fn needed(needs: Needs) -> String {
    match needs {
        Needs::Permission(atom) => format!("Needs the permission `{atom}` for the whole organization."),
        Needs::Reach(atom) => {
            format!("Needs the permission `{atom}`; what it is about is decided thing by thing.")
        }
        Needs::Nothing | Needs::Session => "Needs what the thing itself that it is about needs.".to_owned(),
    }
}

/// How whoever asks shows who they are: with what no token may be given, only by a session.
fn security(needs: Needs, is_for_people: bool) -> Value {
    let is_open = match needs {
        Needs::Permission(atom) | Needs::Reach(atom) => is_for_tokens(atom),
        Needs::Nothing | Needs::Session => true,
    };
    if is_open && !is_for_people { json!([{"token": []}, {"session": []}]) } else { json!([{"session": []}]) }
}

fn written(writing: &Writing, schema: &Value) -> Value {
    let mut parameters = in_path(writing.path, writing.example);
    parameters.push(json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "1 to 200 visible characters of ASCII. Sent again within a day with the same request, the answer is the same, with `Idempotency-Replayed`; with another request it is 422, and 409 while the first is being worked on.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    }));
    if writing.is_versioned {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "required": true,
            "description": "The `ETag` of the answer that showed what is changed. Without it the answer is 428, and 412 when it is not as it was any more.",
            "schema": {"type": "string"},
        }));
    }
    let body = (writing.body)().to_value();
    let mut responses = Map::new();
    responses.insert(
        writing.status.as_u16().to_string(),
        json!({
            "description": writing.summary,
            "headers": {
                "etag": {"$ref": "#/components/headers/ETag"},
                "ratelimit": {"$ref": "#/components/headers/RateLimit"},
                "ratelimit-policy": {"$ref": "#/components/headers/RateLimitPolicy"},
                "x-request-id": {"$ref": "#/components/headers/RequestId"},
            },
            "content": {"application/json": {"schema": schema}},
        }),
    );
    for status in [
        "400", "401", "403", "404", "405", "409", "412", "413", "415", "421", "422", "428", "429", "500",
        "503",
    ] {
        responses.insert(status.to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    }
    json!({
        "operationId": writing.id,
        "summary": writing.summary,
        "description": needed(writing.needs),
        "security": security(writing.needs, writing.is_for_people),
        "tags": [writing.path.split('/').nth(1).unwrap_or_default()],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    })
}

fn described(operation: &Operation, content: &Value) -> Value {
    let mut parameters = in_path(operation.path, operation.example);
    if operation.is_list {
        parameters.push(json!({
            "name": "limit", "in": "query", "description": "Most items of the page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": PAGE_ITEMS},
        }));
        parameters.push(json!({
            "name": "cursor", "in": "query", "description": "`next` of the page before.",
            "schema": {"type": "string"},
        }));
    }
    for (name, says) in operation.filters {
        parameters
            .push(json!({"name": name, "in": "query", "description": says, "schema": {"type": "string"}}));
    }
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": operation.summary,
            "headers": {
                "etag": {"$ref": "#/components/headers/ETag"},
                "ratelimit": {"$ref": "#/components/headers/RateLimit"},
                "ratelimit-policy": {"$ref": "#/components/headers/RateLimitPolicy"},
                "x-request-id": {"$ref": "#/components/headers/RequestId"},
            },
            "content": content,
        }),
    );
    responses.insert("304".to_owned(), json!({"description": "It is as it was."}));
    for status in ["400", "401", "404", "405", "421", "429", "500", "503"] {
        responses.insert(status.to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    }
    json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": needed(operation.needs),
        "security": security(operation.needs, operation.is_for_people),
        "tags": [operation.path.split('/').nth(1).unwrap_or_default()],
        "parameters": parameters,
        "responses": responses,
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "request"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "request": {"type": "string", "description": "Id of the request."},
            "errors": {
                "type": "array",
                "description": "What in the body does not fit.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {"type": "string", "description": "Where, as a JSON pointer in a fragment."},
                        "detail": {"type": "string"},
                    },
                },
            },
            "etag": {"type": "string", "description": "With 412: the version that there is now."},
            "current": {"description": "With 412: the record as it is now."},
            "changes": {
                "type": "array",
                "description": "With 412: what differs from the version that was looked at, where that is kept.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "before", "after"],
                    "properties": {
                        "pointer": {"type": "string", "description": "Where, as a JSON pointer in a fragment."},
                        "before": {},
                        "after": {},
                    },
                },
            },
        },
    })
}
