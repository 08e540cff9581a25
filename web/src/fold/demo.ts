/** What a demo, or one that watches, tells of messages, faults and its pace, and what the page asks of hash rates. */
import type { Record } from "../feed/record";
import { launch } from "./flights";
import { hear, listPeer } from "./peers";
import type { Peer, State } from "./state";

/** Applies an event of a demo; null if it is something else. */
export function foldDemo(state: State, record: Record): boolean | null {
  switch (record.event) {
    case "message_sent":
      state.flightsTold = true;
      if (record.peer) launch(state, record.kind, record.peer, record.to ?? null, false);
      return false;
    case "message_heard":
      state.flightsTold = true;
      launch(state, record.kind, record.from, null, false);
      return false;
    case "message_lost":
      state.flightsTold = true;
      launch(state, record.kind, record.from, record.to, true);
      return false;
    case "messages_untold":
      return false;
    case "fault_set":
      state.faults.set(record.fault, record.sentence);
      return true;
    case "fault_cleared":
      state.faults.delete(record.fault);
      return true;
    case "peer_crashed":
      change(state, record.crashed, (peer) => {
        peer.crashed = true;
        peer.frozen = false;
        peer.connected = false;
        peer.rate = null;
        peer.waiting = null;
      });
      stopSearch(state, record.crashed, record.at_ms);
      return true;
    case "peer_restarted":
      change(state, record.restarted, (peer) => {
        peer.crashed = false;
        peer.frozen = false;
        peer.byzantine = record.byzantine ?? null;
      });
      hear(state, record.restarted);
      searchAgain(state, record.restarted, false);
      return true;
    case "peer_frozen":
      change(state, record.frozen, (peer) => (peer.frozen = true));
      stopSearch(state, record.frozen, record.at_ms);
      return true;
    case "peer_thawed":
      change(state, record.thawed, (peer) => (peer.frozen = false));
      searchAgain(state, record.thawed, true);
      return true;
    case "pace_changed":
      state.pace = { paused: record.paused, speed: record.speed };
      return true;
    case "hashes_sampled":
      for (const [id, total] of record.hashes) noteHashes(state, id, total);
      return false;
    default:
      return null;
  }
}

function change(state: State, id: string, apply: (peer: Peer) => void): void {
  const peer = listPeer(state, id);
  if (peer) apply(peer);
}

function stopSearch(state: State, id: string, at: number): void {
  const lane = state.current?.lanes.get(id);
  if (lane) lane.stoppedAt = at;
}

/** A peer that starts anew has to hear the challenge again; one that stood still knows it. */
function searchAgain(state: State, id: string, knowsChallenge: boolean): void {
  const lane = state.current?.lanes.get(id);
  if (!lane) return;
  delete lane.stoppedAt;
  if (!knowsChallenge) delete lane.challengeAt;
}

/** The rate is the growth between two samples, half of it from the samples before. */
function noteHashes(state: State, id: string, total: number): void {
  const peer = state.peers.get(id);
  if (!peer) return;
  const before = peer.hashes;
  peer.hashes = { at: state.at, total };
  // A peer that has started again counts from zero.
  if (!before || total < before.total || state.at <= before.at) return;
  const rate = ((total - before.total) * 1000) / (state.at - before.at);
  peer.rate = peer.rate === null ? rate : (peer.rate + rate) / 2;
}
