//! What can be asked at which path. One list: the router serves it, and `docs/openapi.json`
//! describes it.

use althing_api::{
    Action, Block, Demo, Done, Edit, Effect, Entry, Health, NewEntry, Node, Page, PeerStatus,
    Peers, Problem, Submitted, Tally,
};
use althing_feed::{PeerName, Record, Row};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Extension, Json};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::access::Granted;
use crate::asked::{Asked, Wanted};
use crate::process::Process;
use crate::request::{Asking, Named, Refused, Sent, wanted};
use crate::right::Right;
use crate::{events, health};

/// Something that can be asked.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Its name for programs, in which no two are alike.
    pub(crate) name: &'static str,
    /// What it does, as a sentence.
    pub(crate) what: &'static str,
    /// What its caller must be allowed to; nothing is needed without it.
    pub(crate) right: Option<Right>,
    /// What its path and what stands after the question mark hold.
    pub(crate) parameters: Vec<Parameter>,
    /// What is sent to it.
    pub(crate) sent: Option<Described>,
    /// The schema of its answer.
    pub(crate) answer: Described,
    /// The media types in which it answers.
    pub(crate) media: &'static [&'static str],
    pub(crate) handler: MethodRouter<Process>,
}

/// Returns the schema of a type.
pub(crate) type Described = fn(&mut SchemaGenerator) -> Schema;

/// A parameter of an endpoint.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) what: &'static str,
    pub(crate) schema: Described,
}

const JSON: &[&str] = &["application/json"];

/// Which events are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventsOf {
    from: Option<u64>,
}

type Answer<T> = Result<Json<T>, Refused>;

/// Returns all that can be asked.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        read::<Node>("/v1/node", "getNode", "What runs in this process.", get(node)),
        read::<Peers>(
            "/v1/peers",
            "listPeers",
            "How things stand with each peer of this process.",
            get(peers),
        ),
        Endpoint {
            parameters: vec![in_path(
                "peer",
                "The peer, as it is named in the records.",
                peer_name,
            )],
            ..read::<PeerStatus>(
                "/v1/peers/{peer}",
                "getPeer",
                "How things stand with a peer.",
                get(peer),
            )
        },
        read::<PeerStatus>(
            "/v1/status",
            "getStatus",
            "How things stand with the first peer of this process, the only one outside of demos.",
            get(status),
        ),
        list::<Row>(
            "/v1/rows",
            "listRows",
            "Rows of the table, in networks with rounds.",
            get(rows),
        ),
        list::<Block>(
            "/v1/blocks",
            "listBlocks",
            "Blocks of the best chain, in networks with a chain.",
            get(blocks),
        ),
        Endpoint {
            parameters: vec![in_path("height", "The height of the block.", whole_number)],
            ..read::<Block>(
                "/v1/blocks/{height}",
                "getBlock",
                "A block of the best chain.",
                get(block),
            )
        },
        list::<Entry>(
            "/v1/entries",
            "listEntries",
            "Entries of the best chain, from those of the block at a height on. A page ends with a \
             block, so it may have more than were asked for.",
            get(entries),
        ),
        Endpoint {
            method: "post",
            right: Some(Right::Submit),
            sent: Some(schema::<NewEntry>),
            ..read::<Submitted>(
                "/v1/entries",
                "addEntry",
                "Gets an entry into the chain, and waits until it is there: for as long as it \
                 takes to mine the blocks that make it hard to undo.",
                post(add),
            )
        },
        read::<Tally>(
            "/v1/tally",
            "getTally",
            "The ballots in the chain, counted, in networks that hold ballots.",
            get(tally),
        ),
        Endpoint {
            method: "post",
            sent: Some(schema::<Edit>),
            ..read::<Effect>(
                "/v1/what-if",
                "whatIf",
                "Which blocks would no longer be valid if one byte of a block were another. \
                 Nothing is changed.",
                post(what_if),
            )
        },
        Endpoint {
            parameters: vec![
                in_query("from", "The number of the first record; without it, the next.", number),
                Parameter {
                    name: "Last-Event-ID",
                    place: "header",
                    what: "The number of the last record read, by which a browser resumes.",
                    schema: number,
                },
            ],
            media: &["text/event-stream", "application/x-ndjson"],
            ..read::<Record>(
                "/v1/events",
                "followEvents",
                "What happens, from a record on and then live: server-sent events whose data are \
                 records, or lines of JSON where the request accepts application/x-ndjson. A \
                 reader that is too slow is told how many it has missed.",
                get(follow),
            )
        },
        read::<Demo>("/v1/demo", "getDemo", "How the network of a demo stands.", get(demo)),
        Endpoint {
            method: "post",
            right: Some(Right::Control),
            sent: Some(schema::<Action>),
            ..read::<Done>(
                "/v1/demo/actions",
                "act",
                "Does something to the network of a demo.",
                post(act),
            )
        },
        Endpoint {
            method: "delete",
            right: Some(Right::Control),
            parameters: vec![in_path("id", "The number of the fault.", whole_number)],
            ..read::<Done>(
                "/v1/demo/faults/{id}",
                "undo",
                "Undoes a fault of the network of a demo.",
                delete(undo),
            )
        },
        Endpoint {
            answer: text,
            media: &["application/openmetrics-text"],
            ..read::<String>(
                "/metrics",
                "getMetrics",
                "Numbers for Prometheus, which docs/metrics.md describes.",
                get(health::metrics),
            )
        },
        Endpoint {
            right: None,
            ..read::<Health>(
                "/healthz",
                "isAlive",
                "Whether each peer of the process runs. With status 503 it says what to do.",
                get(health::alive),
            )
        },
        Endpoint {
            right: None,
            ..read::<Health>(
                "/readyz",
                "isReady",
                "Whether each peer of the process can do what it is for. With status 503 it says \
                 what to do.",
                get(health::ready),
            )
        },
    ]
}

fn read<T: JsonSchema>(
    path: &'static str,
    name: &'static str,
    what: &'static str,
    handler: MethodRouter<Process>,
) -> Endpoint {
    Endpoint {
        method: "get",
        path,
        name,
        what,
        right: Some(Right::Read),
        parameters: Vec::new(),
        sent: None,
        answer: schema::<T>,
        media: JSON,
        handler,
    }
}

fn list<T: JsonSchema>(
    path: &'static str,
    name: &'static str,
    what: &'static str,
    handler: MethodRouter<Process>,
) -> Endpoint {
    let parameters = vec![
        in_query("from", "The number of the first: a row's from 0 on, or a height.", number),
        in_query("limit", "How many at most; 100 if it is not given.", limit),
        in_query("peer", "Whose, in a demo; the first peer's if it is not given.", peer_name),
    ];
    Endpoint { parameters, ..read::<Page<T>>(path, name, what, handler) }
}

fn in_path(name: &'static str, what: &'static str, schema: Described) -> Parameter {
    Parameter { name, place: "path", what, schema }
}

fn in_query(name: &'static str, what: &'static str, schema: Described) -> Parameter {
    Parameter { name, place: "query", what, schema }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn number(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "integer", "minimum": 0 })
}

use number as whole_number;

fn limit(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "integer",
        "minimum": 1,
        "maximum": althing_api::LIMIT_MAX,
        "default": althing_api::LIMIT_DEFAULT,
    })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string" })
}

fn peer_name(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string" })
}

async fn node(State(process): State<Process>) -> Json<Node> {
    Json(process.node())
}

async fn peers(State(process): State<Process>) -> Json<Peers> {
    Json(Peers { items: process.statuses().await })
}

async fn peer(State(process): State<Process>, Named(peer): Named<PeerName>) -> Answer<PeerStatus> {
    Ok(Json(process.peer(Some(&peer))?.asked.status().await?))
}

async fn status(State(process): State<Process>) -> Answer<PeerStatus> {
    Ok(Json(process.peer(None)?.asked.status().await?))
}

/// Which items of which peer are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListOf {
    from: u64,
    limit: Option<u64>,
    peer: Option<PeerName>,
}

impl ListOf {
    fn wanted(&self) -> Result<Wanted, Refused> {
        wanted(self.from, self.limit)
    }
}

async fn rows(State(process): State<Process>, Asking(of): Asking<ListOf>) -> Answer<Page<Row>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.rows(wanted)).await
}

async fn blocks(State(process): State<Process>, Asking(of): Asking<ListOf>) -> Answer<Page<Block>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.blocks(wanted)).await
}

async fn block(State(process): State<Process>, Named(height): Named<u64>) -> Answer<Block> {
    from_disk(&process, None, move |asked| asked.block(height)).await
}

async fn entries(
    State(process): State<Process>,
    Asking(of): Asking<ListOf>,
) -> Answer<Page<Entry>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.entries(wanted)).await
}

async fn tally(State(process): State<Process>) -> Answer<Tally> {
    from_disk(&process, None, Asked::tally).await
}

async fn what_if(State(process): State<Process>, Sent(edit): Sent<Edit>) -> Answer<Effect> {
    from_disk(&process, None, move |asked| asked.what_if(edit)).await
}

/// Answers what is read from a peer's store, beside the tasks that must not wait.
async fn from_disk<T: Send + 'static>(
    process: &Process,
    peer: Option<&PeerName>,
    answer: impl FnOnce(&Asked) -> Result<T, Problem> + Send + 'static,
) -> Answer<T> {
    let reading = process.reading().await;
    let held = process.peer(peer)?;
    let read = tokio::task::spawn_blocking(move || {
        let answer = answer(&held.asked);
        drop((held, reading));
        answer
    });
    Ok(Json(read.await.expect("reading does not panic")?))
}

async fn add(State(process): State<Process>, Sent(new): Sent<NewEntry>) -> Answer<Submitted> {
    if !new.as_written {
        let text = new.text.clone();
        let Json(doubt) = from_disk(&process, None, move |asked| asked.doubt(&text)).await?;
        if let Some(reason) = doubt {
            return Ok(Json(Submitted::Doubted { reason }));
        }
    }
    Ok(Json(process.peer(None)?.asked.add(new).await?))
}

async fn follow(
    State(process): State<Process>,
    Extension(granted): Extension<Granted>,
    Asking(of): Asking<EventsOf>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let resumed = last.and_then(|last| last.parse::<u64>().ok()).map(|last| last.saturating_add(1));
    Ok(events::stream(process, granted, resumed.or(of.from), &headers)?)
}

async fn demo(State(process): State<Process>) -> Answer<Demo> {
    let control = process.control()?;
    Ok(Json(control.demo().await.map_err(Problem::from)?))
}

async fn act(State(process): State<Process>, Sent(action): Sent<Action>) -> Answer<Done> {
    let control = process.control()?;
    Ok(Json(control.act(action).await.map_err(Problem::from)?))
}

async fn undo(State(process): State<Process>, Named(fault): Named<u64>) -> Answer<Done> {
    let control = process.control()?;
    Ok(Json(control.undo(fault).await.map_err(Problem::from)?))
}
