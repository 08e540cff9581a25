//! What can be asked at which path. One list: the router serves it, and `docs/openapi.json`
//! describes it.

use althing_api::{
    Action, Ballot, Block, Certificate, Charter, Demo, Done, Edit, Effect, Entry, EntryProof,
    Health, NewEntry, Node, Page, PeerStatus, Peers, Submitted, Tally,
};
use althing_feed::{Record, Row};
use axum::routing::{MethodRouter, delete, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::handlers::{
    act, add, ballots, block, blocks, certificate, charter, demo, entries, follow, node, peer,
    peers, proof, rows, status, tally, undo, what_if,
};
use crate::health;
use crate::process::Process;
use crate::right::Right;

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
                "The peer, as it is named in the records; in a demo also its number.",
                peer_name,
            )],
            ..read::<PeerStatus>(
                "/v1/peers/{peer}",
                "getPeer",
                "How things stand with a peer.",
                get(peer),
            )
        },
        of_peer(read::<PeerStatus>(
            "/v1/status",
            "getStatus",
            "How things stand with a peer; with the first if none is named, the only one outside \
             of demos.",
            get(status),
        )),
        list::<Row>(
            "/v1/rows",
            "listRows",
            "Rows of the table, in networks with rounds.",
            get(rows),
        ),
        of_peer(Endpoint {
            parameters: vec![in_path("row", "The transaction of the row.", whole_number)],
            ..read::<Certificate>(
                "/v1/rows/{row}/certificate",
                "getCertificate",
                "What decided a row: the signed votes of its members.",
                get(certificate),
            )
        }),
        list::<Block>(
            "/v1/blocks",
            "listBlocks",
            "Blocks of the best chain, in networks with a chain.",
            get(blocks),
        ),
        of_peer(Endpoint {
            parameters: vec![in_path("height", "The height of the block.", whole_number)],
            ..read::<Block>(
                "/v1/blocks/{height}",
                "getBlock",
                "A block of the best chain.",
                get(block),
            )
        }),
        of_peer(Endpoint {
            parameters: vec![
                in_path("height", "The height of the block.", whole_number),
                in_path("place", "The place of the entry in the block, from 0 on.", whole_number),
            ],
            ..read::<EntryProof>(
                "/v1/blocks/{height}/entries/{place}/proof",
                "getProof",
                "What shows that an entry is in a block: the header with a Merkle path, or the \
                 block.",
                get(proof),
            )
        }),
        list::<Entry>(
            "/v1/entries",
            "listEntries",
            "Entries of the best chain, from those of the block at a height on. A page ends with a \
             block, so it may have more than were asked for.",
            get(entries),
        ),
        of_peer(Endpoint {
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
        }),
        of_peer(read::<Charter>(
            "/v1/charter",
            "getCharter",
            "What the members of an assembly have agreed on, as a document.",
            get(charter),
        )),
        list::<Ballot>(
            "/v1/ballots",
            "listBallots",
            "Ballots in the chain, in networks that hold ballots, from those of the block at a \
             height on. A page ends with a block.",
            get(ballots),
        ),
        of_peer(read::<Tally>(
            "/v1/tally",
            "getTally",
            "The ballots in the chain, counted, in networks that hold ballots.",
            get(tally),
        )),
        of_peer(Endpoint {
            method: "post",
            sent: Some(schema::<Edit>),
            ..read::<Effect>(
                "/v1/what-if",
                "whatIf",
                "Which blocks would no longer be valid if one byte of a block were another. \
                 Nothing is changed.",
                post(what_if),
            )
        }),
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
        in_query("from", "The first: the transaction of a row, or the height of a block.", number),
        in_query("limit", "How many at most; 100 if it is not given.", limit),
    ];
    of_peer(Endpoint { parameters, ..read::<Page<T>>(path, name, what, handler) })
}

/// Returns an endpoint that can also be asked of another peer than the first.
fn of_peer(mut endpoint: Endpoint) -> Endpoint {
    let what = "Which peer is asked, by its name in the records or, in a demo, its number; the \
                first if none is named.";
    endpoint.parameters.push(in_query("peer", what, peer_name));
    endpoint
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
