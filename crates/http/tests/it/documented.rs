//! `docs/openapi.json` is what is served.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::served;

#[tokio::test]
async fn the_description_is_as_the_code_has_it_and_is_served() {
    let document = althing_http::document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let text = serde_json::to_string_pretty(&document).expect("it is JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("docs can be written");
    }
    let is = fs::read_to_string(&path).unwrap_or_default();
    assert!(is == text, "UPDATE=1 cargo test -p althing-http writes docs/openapi.json anew");
    let answer = served().await.ask("GET /openapi.json HTTP/1.1", &[], "").await;
    assert_eq!(serde_json::from_str::<Value>(&answer.body).ok(), Some(document));
}

#[tokio::test]
async fn every_endpoint_that_is_described_is_there() {
    let served = served().await;
    let document = althing_http::document();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("an object") {
        let path = path.replace("{peer}", "7").replace("{height}", "1").replace("{id}", "1");
        let path = path.replace("{row}", "1").replace("{place}", "0");
        // It goes on for as long as the process.
        if path == "/v1/events" {
            continue;
        }
        for (method, described) in methods.as_object().expect("an object") {
            let name = described["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let first = format!("{} {path} HTTP/1.1", method.to_uppercase());
            let answer = served.ask(&first, &["content-type: application/json"], "{}").await;
            if answer.status != 200 && answer.status != 503 {
                let detail = answer.problem().detail;
                assert!(!detail.starts_with("there is no /"), "{first}: {detail}");
                assert_ne!(answer.status, 405, "{first}");
            }
        }
    }
    assert!(names.len() > 10, "{names:?}");
}

#[test]
fn every_reference_in_the_description_leads_somewhere() {
    let document = althing_http::document();
    let mut count = 0;
    visit(&document, &mut |reference| {
        count += 1;
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    });
    assert!(count > 50, "{count}");
}

fn visit(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(reference) if name == "$ref" => found(reference),
                    value => visit(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_is_sent_compressed_and_only_once() {
    let served = served().await;
    let plain = served.ask("GET / HTTP/1.1", &[], "").await;
    assert_eq!(plain.status, 200);
    assert!(plain.body.contains("<title>Althing</title>"), "{}", plain.body);
    assert!(plain.head.contains("content-security-policy: default-src 'none'"), "{}", plain.head);
    let script = served.ask("HEAD /app.js HTTP/1.1", &["accept-encoding: br, gzip"], "").await;
    assert!(script.head.contains("content-encoding: gzip"), "{}", script.head);
    assert!(script.head.contains("content-type: text/javascript"), "{}", script.head);
    let tag = script.head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    let again = format!("if-none-match: {tag}");
    let same = served.ask("GET /app.js HTTP/1.1", &[&again], "").await;
    assert_eq!((same.status, same.body.as_str()), (304, ""));
}

#[tokio::test]
async fn the_page_for_people_uses_nothing_from_elsewhere() {
    let served = served().await;
    for path in ["/docs", "/docs/page.js", "/docs/page.css"] {
        let answer = served.ask(&format!("GET {path} HTTP/1.1"), &[], "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.head.contains("content-security-policy: default-src 'none'"), "{path}");
        assert!(!answer.body.contains("://"), "{path} names another host");
    }
}
