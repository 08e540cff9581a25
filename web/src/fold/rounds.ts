/** Networks with rounds: a leader, its challenge, solutions, votes, and rows of a table. */
import type { Record } from "../feed/record";
import { inferFlight } from "./flights";
import { hear, heardBy, listPeer } from "./peers";
import { POINTS_MAX, pushBounded, ROWS_MAX, type Lane, type Round, type Row, type State } from "./state";

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
      state.members = record.members.length;
      for (const peer of state.peers.values()) peer.member ??= false;
      for (const id of record.members) {
        const member = listPeer(state, id);
        if (member) member.member = true;
      }
      const waits = state.waiting?.what;
      if (waits === "peers" || waits === "adoption") state.waiting = null;
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
      if (known?.term !== term) state.waiting = null;
      hear(state, leader);
      return true;
    }
    case "challenge_issued": {
      const { transaction, challenge: bits, leader } = record;
      if (me) {
        me.leader = leader;
        me.waiting = null;
      }
      inferFlight(state, "challenge", `challenge ${transaction} ${bits}`, leader, by);
      heardBy(state, leader, by);
      const before = state.current;
      const round = roundOf(state, transaction, true);
      if (!round) return false;
      const isFirst = round !== before && !round.row;
      if (isFirst && state.leader?.peer !== leader) {
        const term = state.leader?.term ?? 0;
        state.leader = { peer: leader, term, draw: state.draws.get(leader) ?? null };
      }
      const isNews = !round.row && replaces(state, round.challenge, { bits, leader });
      if (isNews) {
        if (round.challenge) startAgain(round);
        round.challenge = { bits, leader, at: record.at_ms };
      }
      if (by) laneOf(round, by).challengeAt ??= record.at_ms;
      return isNews;
    }
    case "solution_found": {
      if (!("finder" in record)) return true;
      const { transaction, finder, seed } = record;
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
      if (!round || round.row || !me) return false;
      // Each peer counts the failures itself, so the nth that any of them reports is the nth.
      const { transaction } = record;
      const before = me.failures.transaction === transaction ? me.failures.count : 0;
      me.failures = { transaction, count: before + 1 };
      const isNews = me.failures.count > round.failures;
      if (isNews) {
        round.failures = me.failures.count;
        startAgain(round);
      }
      return isNews;
    }
    case "waiting": {
      if (me) me.waiting = record.for;
      // What one peer waits for alone is not what the network waits for.
      const isAlone = record.for === "confirmation" || record.for === "copied";
      if (state.finished || isAlone) return isAlone;
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
      for (const peer of state.peers.values()) peer.waiting = null;
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
    me.waiting = null;
  }
  const isNews = transaction >= state.next;
  state.leastYes = Math.min(state.leastYes ?? Infinity, record.yes);
  const isOther = !isNews && by !== null && differs(state, by, record);
  if (isNews) {
    let round = state.current?.transaction === transaction ? state.current : null;
    round ??= newRound(transaction, record.at_ms);
    if (state.current && state.current.transaction <= transaction) state.current = null;
    const took = round.challenge ? record.at_ms - round.challenge.at : null;
    const { yes, no } = record;
    const others = new Map<string, { seed: string; winner: string }>();
    round.row = { transaction, challenge, seed, winner, yes, no, at: record.at_ms, took, others };
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
  if (round?.transaction !== transaction) return isNews || isOther;
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
  return isNews || isOther;
}

/** Returns the row of a transaction, or undefined if it is not kept: rows are in their order. */
export function rowOf(state: State, transaction: number): Row | undefined {
  let [low, high] = [0, state.rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((state.rows[middle]?.transaction ?? 0) < transaction) low = middle + 1;
    else high = middle;
  }
  const row = state.rows[low];
  return row?.transaction === transaction ? row : undefined;
}

/** Notes whether a peer has recorded something else than the first one that reported the row. */
function differs(state: State, by: string, { transaction, seed, winner }: Decided): boolean {
  const row = rowOf(state, transaction);
  const isSame = !row || (row.seed === seed && row.winner === winner);
  if (isSame || !state.peers.has(by) || row.others.has(by)) return false;
  row.others.set(by, { seed, winner });
  return true;
}

/** An easier challenge replaces the one before, and so does one of the leader that is known. */
function replaces(
  state: State,
  before: Round["challenge"],
  now: { bits: number; leader: string },
): boolean {
  if (!before) return true;
  if (before.leader === now.leader) return now.bits < before.bits;
  return state.leader?.peer === now.leader;
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
