/**
 * The fold: one record after the other changes the state. It reads no clock and draws no lots, so
 * the same records always give the same state, live or from a file.
 *
 * If several peers report the same fact, the first report counts; what the others say changes only
 * what is shown of them. This is the rule of the terminal's screen (`crates/board`), too.
 */
import type { Record } from "../feed/record";
import { foldAssembly } from "./assembly";
import { foldChain } from "./chain";
import { foldDemo } from "./demo";
import { hear, heardBy, listPeer } from "./peers";
import { foldRounds } from "./rounds";
import { pushBounded, REFUSALS_MAX, type State } from "./state";

/** Applies a record, and returns whether it told something new of the network. */
export function fold(state: State, record: Record): boolean {
  state.at = Math.max(state.at, record.at_ms);
  state.time = record.time || state.time;
  state.network ??= record.network ?? null;
  const isSample = record.event === "hashes_sampled" || record.event === "blocks_sampled";
  if (!isSample) state.records += 1;
  const isNews = foldKnown(state, record) ?? true;
  nameThose(state, record);
  return isNews;
}

/** Applies what a record tells; null if its event is one that this page does not know. */
export function foldKnown(state: State, record: Record): boolean | null {
  return (
    foldPeer(state, record) ??
    foldDemo(state, record) ??
    foldRounds(state, record) ??
    foldAssembly(state, record) ??
    foldChain(state, record) ??
    foldTracker(state, record) ??
    (CHANGES_NOTHING.has(record.event) ? true : null)
  );
}

/** Events that are listed, and change nothing else that is shown. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set([
  "summary",
  "slept",
  "clock_set",
  "reachable",
  "serving",
  "listening_for_miners",
  "worker_joined",
  "worker_left",
  "worker_dropped",
  "workers_moved",
  "block_found",
  "shares_accepted",
  "connection_refused",
  "progress",
  "peer_watched",
]);

/** Names stand in each line, so that they are known from whichever line on it is read. */
function nameThose(state: State, record: Record): void {
  for (const [id, name] of Object.entries(record.names ?? {})) {
    const peer = state.peers.get(id);
    if (peer) peer.name = name;
  }
}

/** What can happen to any peer; null if it is something else. */
function foldPeer(state: State, record: Record): boolean | null {
  if (record.event === "started" && record.watching && record.peer) state.watcher = record.peer;
  const peer = record.peer ? listPeer(state, record.peer) : null;
  switch (record.event) {
    case "started":
      if (record.rows != null) state.kind = "rounds";
      if (record.blocks != null) state.kind = "chain";
      if (peer && record.rows != null) peer.next = Math.max(peer.next, record.rows);
      return true;
    case "connected":
      if (peer) {
        const isNews = peer.connected !== true;
        peer.connected = true;
        peer.crashed = false;
        hear(state, peer.id);
        return isNews;
      }
      return true;
    case "disconnected":
      if (peer) peer.connected = false;
      return true;
    case "peer_lost": {
      const lost = state.peers.get(record.lost);
      // A peer without a connection hears no other, which says nothing about them.
      if (!lost || !record.peer || peer?.connected === false) return false;
      const isNews = lost.suspectedBy.size === 0;
      lost.suspectedBy.add(record.peer);
      return isNews;
    }
    case "peer_heard": {
      const isNews = (state.peers.get(record.heard)?.suspectedBy.size ?? 0) > 0;
      heardBy(state, record.heard, record.peer);
      return isNews;
    }
    case "message_refused": {
      const count = record.count ?? 1;
      if (peer) peer.refused += count;
      const claimed = record.claimed ?? record.from ?? null;
      const known = state.refusals.findLast(
        (it) => it.claimed === claimed && it.reason === record.reason,
      );
      const isNews = !known || known.by === record.peer || record.at_ms - known.at > 1000;
      const by = record.peer ?? "";
      pushBounded(
        state.refusals,
        { at: record.at_ms, by, claimed, reason: record.reason },
        REFUSALS_MAX,
      );
      // A stranger can claim any name, and as many as it likes.
      if (claimed && state.current && state.peers.has(claimed)) {
        const lane = state.current.lanes.get(claimed) ?? { checked: 0 };
        lane.refused ??= { at: record.at_ms, reason: record.reason };
        state.current.lanes.set(claimed, lane);
      }
      return isNews;
    }
    case "lagged":
      state.missed += record.missed;
      return true;
    case "network_overheard":
      return true;
    default:
      return null;
  }
}

function foldTracker(state: State, record: Record): boolean | null {
  switch (record.event) {
    case "listening":
      state.kind = "tracker";
      return true;
    case "peer_left":
    case "peer_gone": {
      const peer = state.peers.get(record.address);
      if (peer) peer.connected = false;
      return true;
    }
    default:
      return null;
  }
}
