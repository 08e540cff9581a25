//! The description of the API for programs: OpenAPI 3.1, from the list of endpoints and the schemas
//! of their types.

use std::sync::OnceLock;

use althing_api::Problem;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::endpoints::{Endpoint, Parameter, endpoints};
use crate::right::Right;

/// Returns the description of the API, as `docs/openapi.json` has it.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints() {
        let described = operation(&endpoint, &mut generator);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = described;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Althing",
            "version": "1",
            "description": "Asks the peers of a running process, and follows what happens to \
                            them. What a record says is in docs/events.md.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "Why the request is refused.",
                "content": { "application/problem+json": { "schema": problem } },
            } },
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Needed where the API is served beyond its own machine: see \
                                althing token --help.",
            } },
        },
        "security": [{}, { "token": [] }],
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let answer = (endpoint.answer)(generator);
    let content: Map<String, Value> = endpoint
        .media
        .iter()
        .map(|media| ((*media).to_owned(), json!({ "schema": answer })))
        .collect();
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": endpoint.what,
        "x-right": endpoint.right.map(Right::name),
        "responses": {
            "200": { "description": "The answer.", "content": content },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    if endpoint.right.is_none() {
        let same = operation["responses"]["200"].clone();
        operation["responses"]["503"] = same;
        operation["security"] = json!([]);
    }
    if !endpoint.parameters.is_empty() {
        let all = endpoint.parameters.iter().map(|it| parameter(it, generator));
        operation["parameters"] = all.collect();
    }
    if let Some(sent) = endpoint.sent {
        let schema = sent(generator);
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": schema } },
        });
    }
    operation
}

fn parameter(parameter: &Parameter, generator: &mut SchemaGenerator) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.what,
        "schema": (parameter.schema)(generator),
    })
}

/// Answers with the description.
pub(crate) async fn answer() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], text.as_str()).into_response()
}
