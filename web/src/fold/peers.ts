/** The peers, in the order in which they were first heard. */
import { PEERS_MAX, type Peer, type State } from "./state";
import { short } from "./text";

/** Returns a peer, which is listed if it is new and there is room. */
export function listPeer(state: State, id: string): Peer | null {
  const known = state.peers.get(id);
  if (known) return known;
  if (state.peers.size >= PEERS_MAX) return null;
  const peer: Peer = {
    id,
    number: id === state.watcher ? 0 : peersCount(state) + 1,
    name: null,
    like: null,
    connected: null,
    crashed: false,
    frozen: false,
    byzantine: null,
    member: null,
    suspectedBy: new Set(),
    known: 1,
    refused: 0,
    won: 0,
    next: 0,
    leader: null,
    term: 0,
    view: null,
    observes: null,
    tip: null,
    failures: { transaction: 0, count: 0 },
    waiting: null,
    remark: null,
    rate: null,
    hashes: null,
    lastHeard: state.at,
  };
  state.peers.set(id, peer);
  return peer;
}

/** Returns how many peers there are, without one that only watches. */
export function peersCount(state: State): number {
  const watches = state.watcher !== null && state.peers.has(state.watcher);
  return state.peers.size - (watches ? 1 : 0);
}

/** Notes that a peer is there: it is suspected no more. */
export function hear(state: State, id: string): void {
  const peer = state.peers.get(id);
  if (!peer) return;
  peer.suspectedBy.clear();
  peer.lastHeard = state.at;
}

/** Notes that `by` has heard a peer itself. */
export function heardBy(state: State, id: string, by: string | null | undefined): void {
  const peer = state.peers.get(id);
  if (!peer) return;
  if (by) peer.suspectedBy.delete(by);
  peer.lastHeard = state.at;
}

/**
 * Returns the peers in the order in which they were first heard, without one that only watches: copies, since the state is changed
 * in place, and a view is drawn anew only for values that are new.
 */
export function peersOf(state: State): Peer[] {
  const peers = [];
  for (const peer of state.peers.values()) if (peer.id !== state.watcher) peers.push({ ...peer });
  return peers;
}

/** Returns whether a peer takes part as far as others can tell. */
export function isHere(peer: Peer): boolean {
  return !peer.crashed && !peer.frozen && peer.connected !== false && peer.member !== false;
}

/** Returns the share of the others that suspect a peer, from 0 to 1. */
export function suspicion(state: State, peer: Peer): number {
  // One that watches is alone in what it tells.
  const others = state.watcher === null ? Math.max(1, state.peers.size - 1) : 1;
  return Math.min(1, peer.suspectedBy.size / others);
}

/**
 * Returns what a peer is called: by its number, with its name if it has one, since a name may be
 * that of another as well; or else by the end of its id.
 */
export function nameOf(state: State, id: string | null | undefined): string {
  if (!id) return "the process";
  if (id === state.watcher) return "the watcher";
  const peer = state.peers.get(id);
  if (!peer) return `…${id.slice(-6)}`;
  return peer.name ? `peer ${peer.number} (${short(peer.name)})` : `peer ${peer.number}`;
}

/** Returns the end of an id, which is enough to tell peers apart. */
export function shortId(id: string): string {
  if (id.includes(":")) return id.replace(/^127\.0\.0\.1/, "");
  return id.length > 6 ? `…${id.slice(-6)}` : id;
}
