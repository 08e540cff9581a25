//! Everything that is refused is a problem with its code, and changes nothing.

use althing_api::Code;
use althing_http::BODY_BYTES_MAX;

use crate::harness::served;

#[tokio::test]
async fn what_is_refused_is_a_problem_with_its_code() {
    let served = served().await;
    let json = "content-type: application/json";
    let long = "x".repeat(BODY_BYTES_MAX + 1);
    for (first, lines, body, code) in [
        ("GET /v1/nothing HTTP/1.1", &[][..], "", Code::NotFound),
        ("GET /v1/status HTTP/1.1", &[], "", Code::NotFound),
        ("GET /v1/peers/7 HTTP/1.1", &[], "", Code::NotFound),
        ("GET /v1/demo HTTP/1.1", &[], "", Code::NotFound),
        ("PUT /v1/node HTTP/1.1", &[], "", Code::MethodNotAllowed),
        ("GET /v1/rows?from=x HTTP/1.1", &[], "", Code::InvalidRequest),
        ("GET /v1/rows?form=1 HTTP/1.1", &[], "", Code::InvalidRequest),
        ("GET /v1/rows?limit=0 HTTP/1.1", &[], "", Code::InvalidRequest),
        ("GET /v1/rows?limit=1001 HTTP/1.1", &[], "", Code::InvalidRequest),
        ("GET /v1/blocks/x HTTP/1.1", &[], "", Code::InvalidRequest),
        ("GET /v1/events?from=-1 HTTP/1.1", &[], "", Code::InvalidRequest),
        ("POST /v1/entries HTTP/1.1", &[json], "{", Code::InvalidRequest),
        ("POST /v1/entries HTTP/1.1", &[json], "{}", Code::InvalidRequest),
        ("POST /v1/entries HTTP/1.1", &[json], r#"{"text":"x","oops":1}"#, Code::InvalidRequest),
        ("POST /v1/entries HTTP/1.1", &[json], "{\"text\":\"\u{1}\"}", Code::InvalidRequest),
        ("POST /v1/entries HTTP/1.1", &[], r#"{"text":"x"}"#, Code::UnsupportedMediaType),
        (
            "POST /v1/entries HTTP/1.1",
            &["content-type: text/plain"],
            r#"{"text":"x"}"#,
            Code::UnsupportedMediaType,
        ),
        ("POST /v1/entries HTTP/1.1", &[json], &long, Code::TooLarge),
        ("GET /v1/node HTTP/1.1", &["origin: http://evil.example"], "", Code::ForbiddenOrigin),
        ("GET / HTTP/1.1", &["origin: null"], "", Code::ForbiddenOrigin),
    ] {
        let answer = served.ask(first, lines, body).await;
        assert_eq!(answer.problem().code, code, "{first} {lines:?}");
        assert!(!answer.head.contains("access-control-"), "{}", answer.head);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_not_answered() {
    let served = served().await;
    for host in ["rebound.example", "127.0.0.1:1"] {
        let request = format!("GET /v1/node HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let problem = served.send(&request).await.problem();
        assert_eq!(problem.code, Code::ForbiddenOrigin, "{host}");
    }
    let problem = served.send("GET /v1/node HTTP/1.0\r\n\r\n").await.problem();
    assert_eq!(problem.code, Code::ForbiddenOrigin);
}

#[tokio::test]
async fn what_is_no_request_gets_an_answer_and_harms_no_later_one() {
    let served = served().await;
    for nonsense in ["\r\n\r\n\r\n\r\nX", "{\"request\":\"status\"}\n", "GET\r\n\r\n"] {
        let answer = served.send(&format!("{nonsense}\r\n\r\n")).await;
        assert!((400..500).contains(&answer.status), "{}", answer.head);
    }
    let head = format!("x-long: {}", "x".repeat(althing_http::HEADER_BYTES_MAX));
    assert_eq!(served.ask("GET /v1/node HTTP/1.1", &[&head], "").await.status, 431);
    assert_eq!(served.ask("GET /v1/node HTTP/1.1", &[], "").await.status, 200);
}
