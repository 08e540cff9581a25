/** Networks with a chain: blocks, branches, and the entries that wait for a block. */
import type { Record } from "../feed/record";
import { inferFlight, launch } from "./flights";
import { hear, heardBy, listPeer } from "./peers";
import {
  ENTRIES_MAX,
  POINTS_MAX,
  pushBounded,
  ROWS_MAX,
  setBounded,
  type Block,
  type Peer,
  type State,
} from "./state";

const RECENT_MAX = 64;

/** Applies an event of a network with a chain; null if it is something else. */
export function foldChain(state: State, record: Record): boolean | null {
  const by = record.peer ?? null;
  const me = by ? (state.peers.get(by) ?? null) : null;
  switch (record.event) {
    case "peer_found": {
      const isNews = !state.peers.has(record.found);
      state.kind = "chain";
      listPeer(state, record.found);
      heardBy(state, record.found, by);
      if (me) me.known = record.known + 1;
      if (!state.flightsTold) launch(state, "gossip", record.found, by, false);
      return isNews;
    }
    case "block_mined": {
      state.kind = "chain";
      if (me) me.won += 1;
      if (by) inferFlight(state, "block", `block ${record.hash}`, by, by);
      const block = noteBlock(state, record.height, record.hash, record.at_ms);
      const isNews = block.finder === null;
      block.finder ??= by;
      // It stands on what its finder had, unless the finder has already gone over to it.
      if (me?.tip && me.tip.hash !== record.hash && me.tip.height + 1 === record.height) {
        block.parent ??= me.tip.hash;
      }
      return isNews;
    }
    case "tip_changed":
      return me ? changeTip(state, me, record) : false;
    case "block_held": {
      const block = noteBlock(state, record.height, record.hash, record.at_ms);
      const isNews = block.heldBy === null;
      block.heldBy ??= record.holder;
      block.onlyHere = false;
      hear(state, record.holder);
      return isNews;
    }
    case "block_only_here":
      noteBlock(state, record.height, record.hash, record.at_ms).onlyHere = true;
      return true;
    case "blocks_sampled":
      for (const it of record.blocks) {
        const block = noteBlock(state, it.height, it.hash, record.at_ms);
        block.parent ??= it.previous;
        block.stored = { work: it.work, difficulty: it.difficulty, entries: it.entries };
        const point = state.points.find((shown) => shown.hash === it.hash);
        if (point) {
          point.bits = it.difficulty;
          point.rate = point.took ? (it.work * 1000) / point.took : null;
        }
      }
      return false;
    case "entry_pooled": {
      const text = record.entry;
      const key = `${record.author ?? ""} ${text}`;
      const known = state.entries.get(key);
      if (by) inferFlight(state, "entry", `entry ${key}`, known?.from ?? by, by);
      if (known) return false;
      const entry = { text, author: record.author ?? null, at: record.at_ms, from: by ?? "" };
      setBounded(state.entries, key, { ...entry, refused: null }, ENTRIES_MAX);
      return true;
    }
    case "entry_refused": {
      const key = `${record.author ?? ""} ${record.entry}`;
      const known = state.entries.get(key);
      const isNews = known?.refused == null;
      if (known) known.refused = record.reason;
      return isNews;
    }
    case "peer_banned":
    case "peer_shunned":
    case "clock_wrong":
    case "download_started":
    case "download_failed":
    case "headers_fetched":
      return true;
    default:
      return null;
  }
}

type TipChanged = Extract<Record, { event: "tip_changed" }>;

function changeTip(state: State, me: Peer, record: TipChanged): boolean {
  const { height, hash, disconnected, connected } = record;
  const isNewBlock = !state.blocks.has(hash);
  const block = noteBlock(state, height, hash, record.at_ms);
  if (block.parent === null && connected === 1 && me.tip) {
    block.parent = ancestor(state, me.tip.hash, disconnected);
  }
  if (block.finder && block.finder !== me.id) {
    inferFlight(state, "block", `block ${hash}`, block.finder, me.id);
    heardBy(state, block.finder, me.id);
  }
  me.tip = { height, hash };
  state.kind = "chain";
  if (disconnected > 0) {
    state.reorgs.count += 1;
    state.reorgs.deepest = Math.max(state.reorgs.deepest, disconnected);
  }
  const best = state.best ? state.blocks.get(state.best) : undefined;
  // Among chains of one length, the one that more peers have; else the one that was there first.
  const isLonger = !best || height > best.height;
  const isShared =
    best !== undefined && height === best.height && holders(state, hash) > holders(state, best.hash);
  if (isLonger) {
    const last = state.recent.at(-1);
    const took = last === undefined ? null : record.at_ms - last;
    pushBounded(state.recent, record.at_ms, RECENT_MAX);
    const point = { at: record.at_ms, bits: null, took, rate: null, hash };
    pushBounded(state.points, point, POINTS_MAX);
  }
  if (isLonger || isShared) state.best = hash;
  return isNewBlock || isLonger || disconnected > 0;
}

/** Returns the hash so many blocks before another, or null if a parent is not known. */
function ancestor(state: State, hash: string, steps: number): string | null {
  let at: string | null = hash;
  for (let step = 0; step < steps && at !== null; step += 1) {
    at = state.blocks.get(at)?.parent ?? null;
  }
  return at;
}

function holders(state: State, hash: string): number {
  let count = 0;
  for (const peer of state.peers.values()) if (peer.tip?.hash === hash) count += 1;
  return count;
}

function noteBlock(state: State, height: number, hash: string, at: number): Block {
  const known = state.blocks.get(hash);
  if (known) return known;
  const block: Block = {
    hash,
    height,
    parent: null,
    finder: null,
    at,
    heldBy: null,
    onlyHere: false,
    stored: null,
  };
  setBounded(state.blocks, hash, block, ROWS_MAX);
  return block;
}
