/** Assemblies: views, their leaders, and the blocks that a quorum has committed. */
import type { Record } from "../feed/record";
import { OBSERVES, type OfAssembly } from "./assembly-sentence";
import { inferFlight } from "./flights";
import { hear, heardBy, listPeer } from "./peers";
import {
  POINTS_MAX,
  pushBounded,
  ROWS_MAX,
  setBounded,
  type Assembly,
  type AssemblyView,
  type CommittedBlock,
  type State,
} from "./state";

const RECENT_MAX = 64;

/** Views that are kept, the last ones. */
export const VIEWS_MAX = 64;

/** Applies an event of an assembly; null if it is something else. */
export function foldAssembly(state: State, record: Record): boolean | null {
  switch (record.event) {
    case "charter_followed":
    case "view_entered":
    case "block_notarized":
    case "leader_passed_over":
    case "block_committed":
    case "proposal_refused":
    case "standstill":
    case "resumed":
    case "member_contradicted":
    case "catching_up":
    case "observing":
    case "diverged":
      state.kind = "assembly";
      state.assembly ??= begun();
      return apply(state, state.assembly, record);
    case "entry_pooled":
    case "entry_refused": {
      const { assembly } = state;
      // The chain's fold keeps the entries; here it is only counted how many are new.
      if (!assembly) return null;
      const known = state.entries.get(`${record.author ?? ""} ${record.entry}`);
      if (record.event === "entry_pooled" && !known) assembly.pooled += 1;
      if (record.event === "entry_refused" && known?.refused === null) assembly.refused += 1;
      return null;
    }
    default:
      return null;
  }
}

function begun(): Assembly {
  return {
    members: [],
    quorum: null,
    view: 0,
    leader: null,
    since: 0,
    views: new Map(),
    blocks: [],
    evidence: [],
    standstill: null,
    pooled: 0,
    refused: 0,
    entries: 0,
  };
}

/** Returns how many entries wait for a block, as far as the records tell. */
export function pendingOf(assembly: Assembly): number {
  return Math.max(0, assembly.pooled - assembly.refused - assembly.entries);
}

/** Returns the last committed block that any peer has told of. */
export function heightOf(assembly: Assembly): number {
  return assembly.blocks.at(-1)?.height ?? 0;
}

/** What has become of a view: a block, or that its leader was passed over. */
export interface ViewRow {
  block?: CommittedBlock;
  failed?: AssemblyView;
}

/** Returns what has become of the last views, the newest first, at most so many. */
export function rowsOf(assembly: Assembly, most: number): ViewRow[] {
  const blocks = assembly.blocks.slice(-most).map((it) => ({ at: it.view, row: { block: { ...it } } }));
  const views = [...assembly.views.values()].filter((it) => it.nullifiedAt !== null);
  const failed = views.map((it) => ({ at: it.number, row: { failed: { ...it } } }));
  return [...blocks, ...failed]
    .sort((a, b) => b.at - a.at)
    .slice(0, most)
    .map((it) => it.row);
}

function apply(state: State, assembly: Assembly, record: OfAssembly): boolean {
  const by = record.peer ?? null;
  const me = by ? (state.peers.get(by) ?? null) : null;
  switch (record.event) {
    case "charter_followed": {
      const isNews = assembly.members.length === 0;
      assembly.members = record.members.map((it) => it.id);
      assembly.quorum = record.quorum;
      state.members = record.members.length;
      state.settled = true;
      for (const { id, name } of record.members) {
        const member = listPeer(state, id);
        if (!member) continue;
        member.name = name;
        member.member = true;
      }
      if (me) {
        me.member = record.member;
        me.observes = null;
      }
      return isNews;
    }
    case "view_entered": {
      if (me) me.view = record.view;
      heardBy(state, by ?? "", by);
      if (record.view <= assembly.view) return false;
      assembly.view = record.view;
      assembly.leader = record.leader;
      assembly.since = record.at_ms;
      state.leader = { peer: record.leader, term: record.view, draw: null };
      viewOf(assembly, record.view, record.leader).enteredAt = record.at_ms;
      return true;
    }
    case "block_notarized": {
      const view = viewOf(assembly, record.view, null);
      if (by) inferFlight(state, "vote", `notarized ${record.view}`, by, by);
      const isNews = view.notarized === null;
      view.notarized ??= { hash: record.hash, at: record.at_ms };
      return isNews;
    }
    case "leader_passed_over": {
      const view = viewOf(assembly, record.view, record.leader);
      const isNews = view.nullifiedAt === null;
      view.nullifiedAt ??= record.at_ms;
      const leader = view.leader === null ? undefined : state.peers.get(view.leader);
      if (isNews && leader && leader.suspectedBy.size > 0) view.why ??= "it was not heard";
      return isNews;
    }
    case "block_committed":
      return commit(state, assembly, record);
    case "proposal_refused": {
      const view = viewOf(assembly, record.view, record.leader);
      const isNews = view.why !== record.reason;
      view.why = record.reason;
      return isNews;
    }
    case "standstill": {
      const isNews = assembly.standstill === null;
      const { here, needed, missing } = record;
      assembly.standstill = { here, needed, missing, since: assembly.standstill?.since ?? record.at_ms };
      if (me) me.waiting = "a quorum";
      return isNews;
    }
    case "resumed": {
      if (me) me.waiting = null;
      const isNews = assembly.standstill !== null;
      assembly.standstill = null;
      return isNews;
    }
    case "member_contradicted": {
      if (assembly.evidence.some((it) => it.member === record.member)) return false;
      const [first, second] = [record.first.statement, record.second.statement];
      pushBounded(assembly.evidence, { member: record.member, first, second, at: record.at_ms }, ROWS_MAX);
      const member = listPeer(state, record.member);
      if (member) member.remark = `has contradicted itself: ${first}, and ${second}`;
      return true;
    }
    case "catching_up":
      return true;
    case "observing":
      if (me) me.observes = OBSERVES[record.why];
      return true;
    case "diverged":
      if (me) me.remark = `has stopped, since a quorum has committed a block that is not valid: ${record.reason}`;
      return true;
  }
}

/** Returns a view, which is kept if it is new. */
function viewOf(assembly: Assembly, number: number, leader: string | null) {
  const known = assembly.views.get(number);
  const view = known ?? { number, leader, enteredAt: null, notarized: null, nullifiedAt: null, why: null };
  view.leader ??= leader;
  if (!known) setBounded(assembly.views, number, view, VIEWS_MAX);
  return view;
}

type Committed = Extract<Record, { event: "block_committed" }>;

function commit(state: State, assembly: Assembly, record: Committed): boolean {
  const { height, hash, view, maker, entries } = record;
  const me = record.peer ? state.peers.get(record.peer) : undefined;
  if (me && height > (me.tip?.height ?? 0)) me.tip = { height, hash };
  if (me) hear(state, me.id);
  // A quorum goes on, so whoever said that it stood still has heard the others since.
  assembly.standstill = null;
  const known = assembly.blocks.findLast((it) => it.height === height);
  if (known) {
    known.reached += 1;
    if (known.hash !== hash) known.differing = true;
    return known.hash !== hash;
  }
  // One that catches up tells of blocks that were committed before the first that others tell of.
  if (height < heightOf(assembly)) return false;
  const began = assembly.views.get(view)?.enteredAt ?? null;
  const took = began === null ? null : record.at_ms - began;
  const block = { height, hash, view, maker, entries, at: record.at_ms, took, reached: 1, differing: false };
  pushBounded(assembly.blocks, block, ROWS_MAX);
  assembly.entries += entries;
  const finder = state.peers.get(maker);
  if (finder) finder.won += 1;
  pushBounded(state.recent, record.at_ms, RECENT_MAX);
  pushBounded(state.points, { at: record.at_ms, bits: null, took, rate: null, hash }, POINTS_MAX);
  return true;
}
