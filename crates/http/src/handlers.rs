//! What is done with each request that can be asked.

use althing_api::{
    Action, Ballot, Block, Certificate, Charter, Demo, Done, Edit, Effect, Entry, EntryProof,
    NewEntry, Node, Page, PeerStatus, Peers, Problem, Submitted, Tally,
};
use althing_feed::{PeerName, Row};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;

use crate::access::Granted;
use crate::asked::{Asked, Wanted, read};
use crate::events;
use crate::process::Process;
use crate::request::{Asking, Named, Refused, Sent, wanted};

/// Which events are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventsOf {
    from: Option<u64>,
}

type Answer<T> = Result<Json<T>, Refused>;

pub(crate) async fn node(State(process): State<Process>) -> Json<Node> {
    Json(process.node())
}

pub(crate) async fn peers(State(process): State<Process>) -> Json<Peers> {
    Json(Peers { items: process.statuses().await })
}

pub(crate) async fn peer(
    State(process): State<Process>,
    Named(peer): Named<PeerName>,
) -> Answer<PeerStatus> {
    Ok(Json(process.found(Some(&peer)).await?.asked.status().await?))
}

pub(crate) async fn status(
    State(process): State<Process>,
    Asking(of): Asking<OfPeer>,
) -> Answer<PeerStatus> {
    Ok(Json(process.found(of.peer.as_ref()).await?.asked.status().await?))
}

/// Which peer is asked; the first if none is named.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OfPeer {
    peer: Option<PeerName>,
}

/// Which items of which peer are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListOf {
    from: u64,
    limit: Option<u64>,
    peer: Option<PeerName>,
}

impl ListOf {
    fn wanted(&self) -> Result<Wanted, Refused> {
        wanted(self.from, self.limit)
    }
}

pub(crate) async fn rows(
    State(process): State<Process>,
    Asking(of): Asking<ListOf>,
) -> Answer<Page<Row>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.rows(wanted)).await
}

pub(crate) async fn certificate(
    State(process): State<Process>,
    Named(row): Named<u64>,
    Asking(of): Asking<OfPeer>,
) -> Answer<Certificate> {
    let members = process.found(of.peer.as_ref()).await?.asked.members().await?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.certificate(row, &members)).await
}

pub(crate) async fn blocks(
    State(process): State<Process>,
    Asking(of): Asking<ListOf>,
) -> Answer<Page<Block>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.blocks(wanted)).await
}

pub(crate) async fn block(
    State(process): State<Process>,
    Named(height): Named<u64>,
    Asking(of): Asking<OfPeer>,
) -> Answer<Block> {
    from_disk(&process, of.peer.as_ref(), move |asked| asked.block(height)).await
}

pub(crate) async fn proof(
    State(process): State<Process>,
    Named((height, place)): Named<(u64, u64)>,
    Asking(of): Asking<OfPeer>,
) -> Answer<EntryProof> {
    from_disk(&process, of.peer.as_ref(), move |asked| asked.proof(height, place)).await
}

pub(crate) async fn entries(
    State(process): State<Process>,
    Asking(of): Asking<ListOf>,
) -> Answer<Page<Entry>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.entries(wanted)).await
}

pub(crate) async fn charter(
    State(process): State<Process>,
    Asking(of): Asking<OfPeer>,
) -> Answer<Charter> {
    Ok(Json(process.found(of.peer.as_ref()).await?.asked.charter()?))
}

pub(crate) async fn ballots(
    State(process): State<Process>,
    Asking(of): Asking<ListOf>,
) -> Answer<Page<Ballot>> {
    let wanted = of.wanted()?;
    from_disk(&process, of.peer.as_ref(), move |asked| asked.ballots(wanted)).await
}

pub(crate) async fn tally(
    State(process): State<Process>,
    Asking(of): Asking<OfPeer>,
) -> Answer<Tally> {
    from_disk(&process, of.peer.as_ref(), Asked::tally).await
}

pub(crate) async fn what_if(
    State(process): State<Process>,
    Asking(of): Asking<OfPeer>,
    Sent(edit): Sent<Edit>,
) -> Answer<Effect> {
    from_disk(&process, of.peer.as_ref(), move |asked| asked.what_if(edit)).await
}

/// Answers what is read from a peer's store, beside the tasks that must not wait.
async fn from_disk<T: Send + 'static>(
    process: &Process,
    peer: Option<&PeerName>,
    answer: impl FnOnce(&Asked) -> Result<T, Problem> + Send + 'static,
) -> Answer<T> {
    let reading = process.reading().await;
    let held = process.found(peer).await?;
    let answer = read(move || {
        let answer = answer(&held.asked);
        drop((held, reading));
        answer
    });
    Ok(Json(answer.await??))
}

pub(crate) async fn add(
    State(process): State<Process>,
    Asking(of): Asking<OfPeer>,
    Sent(new): Sent<NewEntry>,
) -> Answer<Submitted> {
    let peer = of.peer.as_ref();
    if !new.as_written {
        let text = new.text.clone();
        let Json(doubt) = from_disk(&process, peer, move |asked| asked.doubt(&text)).await?;
        if let Some(reason) = doubt {
            return Ok(Json(Submitted::Doubted { reason }));
        }
    }
    Ok(Json(process.found(peer).await?.asked.add(new).await?))
}

pub(crate) async fn follow(
    State(process): State<Process>,
    Extension(granted): Extension<Granted>,
    Asking(of): Asking<EventsOf>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let resumed = last.and_then(|last| last.parse::<u64>().ok()).map(|last| last.saturating_add(1));
    Ok(events::stream(process, granted, resumed.or(of.from), &headers)?)
}

pub(crate) async fn demo(State(process): State<Process>) -> Answer<Demo> {
    let control = process.control()?;
    Ok(Json(control.demo().await.map_err(Problem::from)?))
}

pub(crate) async fn act(
    State(process): State<Process>,
    Sent(action): Sent<Action>,
) -> Answer<Done> {
    let control = process.control()?;
    Ok(Json(control.act(action).await.map_err(Problem::from)?))
}

pub(crate) async fn undo(State(process): State<Process>, Named(fault): Named<u64>) -> Answer<Done> {
    let control = process.control()?;
    Ok(Json(control.undo(fault).await.map_err(Problem::from)?))
}
