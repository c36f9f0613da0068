//! The OpenAPI document, made from the operations and the types of their answers.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{BASE, MOST_ITEMS, OPERATIONS, Operation, PAGE_ITEMS};

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
    for operation in OPERATIONS {
        let schema = (operation.schema)(&mut generator);
        paths.insert(
            format!("{BASE}{}", operation.path),
            json!({ "get": described(operation, &schema.to_value()) }),
        );
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tickmark",
            "version": "1",
            "summary": "What the pages show, for programs.",
            "description": "Requests carry a token of the page *API tokens* (`Authorization: Bearer tmk_api_…`), or the session of a browser. What may not be known to be there is not found. Every answer carries an entity tag; `If-None-Match` is answered with 304.",
            "license": {"name": "See the repository"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`tmk_api_` and what follows it, as shown once when it was made."},
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

fn described(operation: &Operation, schema: &Value) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let kind = if matches!(name, "key" | "number") {
                json!({"type": "integer"})
            } else {
                json!({"type": "string"})
            };
            json!({"name": name, "in": "path", "required": true, "schema": kind})
        })
        .collect();
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
            "content": {"application/json": {"schema": schema}},
        }),
    );
    responses.insert("304".to_owned(), json!({"description": "It is as it was."}));
    for status in ["400", "401", "404", "405", "421", "429", "500", "503"] {
        responses.insert(status.to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    }
    json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": format!("Needs the permission `{}`.", operation.needs),
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
        },
    })
}
