/** Networks with rounds: a leader, its challenge, solutions, votes, and rows of a table. */
import type { Record } from "../feed/record";
import { inferFlight } from "./flights";
import { hear, heardBy, listPeer } from "./peers";
import { POINTS_MAX, pushBounded, ROWS_MAX, type Lane, type Round, type State } from "./state";

/** Rounds whose times give the pace. */
const RECENT_MAX = 64;

/** Applies an event of a network with rounds; null if it is something else. */
export function foldRounds(state: State, record: Record): boolean | null {
  const by = record.peer ?? null;
  const me = by ? (state.peers.get(by) ?? null) : null;
  switch (record.event) {
    case "peer_joined": {
      if (!("joined" in record)) {
        listPeer(state, record.address);
        hear(state, record.address);
        return true;
      }
      const isNews = !state.peers.has(record.joined);
      listPeer(state, record.joined);
      heardBy(state, record.joined, by);
      if (me) me.known = Math.max(me.known, record.known);
      if (isNews) inferFlight(state, "init", `init ${record.joined}`, record.joined, record.joined);
      return isNews;
    }
    case "peer_named": {
      const { named, name, like } = record;
      const peer = listPeer(state, named);
      const isNews = peer?.name !== name;
      if (peer) {
        peer.name = name;
        peer.like = like ?? null;
      }
      return isNews;
    }
    case "membership_settled": {
      const isNews = !state.settled;
      state.kind = "rounds";
      state.settled = true;
      for (const peer of state.peers.values()) peer.member ??= false;
      for (const id of record.members) {
        const member = listPeer(state, id);
        if (member) member.member = true;
      }
      if (state.waiting?.what === "peers") state.waiting = null;
      if (me) me.waiting = null;
      return isNews;
    }
    case "leader_elected": {
      const { leader, term } = record;
      if (me) {
        me.leader = leader;
        me.term = term;
        me.waiting = null;
      }
      if (by) inferFlight(state, "election", `promise ${term} ${by}`, by, by);
      const known = state.leader;
      if (known && term < known.term) return false;
      if (!known || known.term < term) state.draws.clear();
      for (const { peer, draw } of record.draws ?? []) {
        if (!state.draws.has(peer)) state.draws.set(peer, draw);
      }
      const draw = record.draw ?? state.draws.get(leader) ?? null;
      if (known && known.term === term && known.peer === leader) {
        known.draw ??= draw;
        return false;
      }
      state.kind = "rounds";
      state.leader = { peer: leader, term, draw };
      state.waiting = null;
      hear(state, leader);
      return true;
    }
    case "challenge_issued": {
      const { transaction, challenge: bits, leader } = record;
      if (me) {
        me.leader = leader;
        me.stage = "mining";
        me.waiting = null;
      }
      inferFlight(state, "challenge", `challenge ${transaction} ${bits}`, leader, by);
      heardBy(state, leader, by);
      const round = roundOf(state, transaction, true);
      if (!round) return false;
      if (by) laneOf(round, by).challengeAt ??= record.at_ms;
      const isNews = round.challenge?.bits !== bits || round.challenge.leader !== leader;
      if (!isNews) return false;
      if (round.challenge) startAgain(round);
      round.challenge = { bits, leader, at: record.at_ms };
      if (by) laneOf(round, by).challengeAt = record.at_ms;
      if (state.leader?.peer !== leader) {
        const term = state.leader?.term ?? 0;
        state.leader = { peer: leader, term, draw: state.draws.get(leader) ?? null };
      }
      return true;
    }
    case "solution_found": {
      if (!("finder" in record)) return true;
      const { transaction, finder, seed } = record;
      if (me) me.stage = "voting";
      inferFlight(state, "solution", `solution ${transaction} ${finder}`, finder, by);
      heardBy(state, finder, by);
      const round = roundOf(state, transaction, false);
      if (!round) return false;
      if (by) laneOf(round, by).solutionAt ??= record.at_ms;
      if (round.solutions.some((it) => it.finder === finder)) return false;
      round.solutions.push({ finder, seed, at: record.at_ms });
      const lane = laneOf(round, finder);
      lane.foundAt = record.at_ms;
      lane.seed = seed;
      return true;
    }
    case "vote_cast": {
      const { transaction, voter, vote } = record;
      inferFlight(state, vote ? "vote" : "refusal", `vote ${transaction} ${voter}`, voter, by);
      heardBy(state, voter, by);
      const round = roundOf(state, transaction, false);
      if (!round) return false;
      const lane = laneOf(round, voter);
      if (by !== voter) lane.checked += 1;
      // A peer may say no to one solution and yes to another, but takes no yes back.
      if (lane.vote === true || lane.vote === vote) return false;
      lane.vote = vote;
      lane.voteAt = record.at_ms;
      return true;
    }
    case "round_decided":
      return decide(state, record);
    case "round_failed": {
      const round = roundOf(state, record.transaction, false);
      if (!round || !by) return false;
      const isNews = round.solutions.length > 0;
      if (isNews) {
        round.failures += 1;
        startAgain(round);
      }
      return isNews;
    }
    case "waiting": {
      if (me) me.waiting = record.for;
      if (state.finished) return false;
      const isNews = state.waiting?.what !== record.for;
      const since = state.waiting?.since ?? record.at_ms;
      const here = "here" in record ? (record.here ?? null) : null;
      const needed = "needed" in record ? (record.needed ?? null) : null;
      state.waiting = { what: record.for, here, needed, since };
      return isNews;
    }
    case "all_recorded": {
      const isNews = !state.finished;
      state.finished = true;
      state.waiting = null;
      return isNews;
    }
    case "peer_copied":
      if (me) me.remark = "another copy of it speaks; it no longer votes";
      return true;
    case "member_equivocated": {
      const member = state.peers.get(record.member);
      const isNews = member?.remark == null;
      if (member) member.remark = record.reason;
      return isNews;
    }
    default:
      return null;
  }
}

type Decided = Extract<Record, { event: "round_decided" }>;

function decide(state: State, record: Decided): boolean {
  const by = record.peer ?? null;
  const me = by ? state.peers.get(by) : null;
  const { transaction, challenge, seed, winner } = record;
  if (me) {
    me.next = Math.max(me.next, transaction + 1);
    me.stage = "decided";
    me.waiting = null;
  }
  const isNews = transaction >= state.next;
  if (isNews) {
    let round = state.current?.transaction === transaction ? state.current : null;
    round ??= newRound(transaction, record.at_ms);
    if (state.current && state.current.transaction <= transaction) state.current = null;
    const took = round.challenge ? record.at_ms - round.challenge.at : null;
    const { yes, no } = record;
    round.row = { transaction, challenge, seed, winner, yes, no, at: record.at_ms, took };
    pushBounded(state.rows, round.row, ROWS_MAX);
    state.previous = round;
    state.next = transaction + 1;
    state.waiting = null;
    state.kind = "rounds";
    const peer = state.peers.get(winner);
    if (peer) peer.won += 1;
    pushBounded(state.recent, record.at_ms, RECENT_MAX);
    // So many hashes it takes on average, by all who search.
    const rate = took && took > 0 ? (2 ** challenge * 1000) / took : null;
    const point = { at: record.at_ms, bits: challenge, took, rate, hash: null };
    pushBounded(state.points, point, POINTS_MAX);
  }
  const round = state.previous;
  if (round?.transaction !== transaction) return isNews;
  for (const voter of record.voters ?? []) {
    const lane = laneOf(round, voter);
    if (lane.vote !== true) {
      lane.vote = true;
      lane.voteAt ??= record.at_ms;
    }
  }
  if (by) laneOf(round, by).decidedAt ??= record.at_ms;
  if (round.row) {
    const votes = [...round.lanes.values()];
    round.row.yes = Math.max(round.row.yes, votes.filter((it) => it.vote === true).length);
    round.row.no = Math.max(round.row.no, votes.filter((it) => it.vote === false).length);
  }
  return isNews;
}

function newRound(transaction: number, since: number): Round {
  return {
    transaction,
    since,
    challenge: null,
    lanes: new Map(),
    solutions: [],
    failures: 0,
    row: null,
  };
}

/**
 * The round of a row that is under way, or was the last. A peer may hear of a solution or a vote
 * before the challenge, but of no row further ahead, which may be made up.
 */
function roundOf(state: State, transaction: number, isChallenge: boolean): Round | null {
  if (state.previous?.transaction === transaction) return state.previous;
  if (transaction < state.next) return null;
  const current = state.current;
  if (current?.transaction === transaction) return current;
  const opens = isChallenge
    ? !current || current.transaction < transaction
    : !current && transaction === state.next;
  if (!opens) return null;
  state.current = newRound(transaction, state.at);
  return state.current;
}

function laneOf(round: Round, id: string): Lane {
  let lane = round.lanes.get(id);
  if (!lane) {
    lane = { checked: 0 };
    round.lanes.set(id, lane);
  }
  return lane;
}

function startAgain(round: Round): void {
  round.solutions = [];
  round.lanes.clear();
}
