/** What is going on, in one sentence and a few words: for the middle of the ring and for readers. */
import { isHere, nameOf, peersCount, peersOf } from "./peers";
import { bits, count, duration } from "./text";
import type { Assembly, Round, Stage, State } from "./state";
import { tellingOf } from "./tree";
import { figuresOf, waitsFor } from "./waiting";

export interface Headline {
  /** A large word: the row or height. */
  title: string;
  /** What happens to it. */
  stage: string;
  detail: string;
}

/** Returns the stage of a round. */
export function stageOf(round: Round): Stage {
  if (round.row) return "decided";
  const isVoted = [...round.lanes.values()].some((lane) => lane.vote !== undefined);
  if (round.solutions.length > 0 || isVoted) return "voting";
  return round.challenge ? "mining" : "opening";
}

/** Returns how many members are a majority of all. */
export function majority(state: State): number {
  return Math.floor((state.members ?? peersCount(state)) / 2) + 1;
}

/**
 * Returns how many members must say yes: a majority of all (V1). Null where rows are decided with
 * fewer, as where the leader alone decides, and before it is known.
 */
export function votesNeeded(state: State): number | null {
  const most = majority(state);
  return state.leastYes !== null && state.leastYes >= most ? most : null;
}

export function headlineOf(state: State, now: number): Headline {
  if (state.records === 0) return { title: "Althing", stage: "no peer has spoken yet", detail: "" };
  if (state.kind === "chain") return ofChain(state, now);
  if (state.assembly) return ofAssembly(state, state.assembly, now);
  if (state.finished) {
    return { title: "Done", stage: `${count(state.rows.length, "row")} in the table`, detail: "" };
  }
  const round = state.current;
  if (state.waiting && !round?.challenge && isStuck(state)) return ofWaiting(state);
  if (!round) {
    const title = state.leader ? `Row ${state.next}` : "Meeting";
    const here = count(peersOf(state).filter(isHere).length, "peer");
    return { title, stage: state.leader ? "next challenge" : "peers meet", detail: here };
  }
  const title = `Row ${round.transaction}`;
  const detail = round.challenge ? bits(round.challenge.bits) : "";
  if (state.waiting?.what === "majority" && isStuck(state)) return { title, stage: "no majority", detail };
  switch (stageOf(round)) {
    case "opening":
      return { title, stage: "next challenge", detail };
    case "mining":
      return { title, stage: "mining", detail };
    default: {
      const votes = [...round.lanes.values()].filter((lane) => lane.vote === true).length;
      const needed = votesNeeded(state);
      const bound = needed === null ? "" : `, ${needed} needed`;
      return { title, stage: count(votes, "vote") + bound, detail };
    }
  }
}

/**
 * Whether too few can go on: none of the members that tell of themselves, or less than a majority,
 * if there could be one among them.
 */
function isStuck(state: State): boolean {
  const telling = peersOf(state).filter((peer) => peer.connected !== null && peer.member !== false);
  const going = telling.filter((peer) => isHere(peer) && peer.waiting === null).length;
  const most = majority(state);
  return going === 0 || (telling.length >= most && going < most);
}

function ofWaiting(state: State): Headline {
  const { what, here, needed } = state.waiting ?? { what: "", here: null, needed: null };
  const figures = figuresOf(what, here, needed);
  const stage = what === "majority" ? "no majority" : `waits for ${waitsFor(what)}`;
  return { title: `Row ${state.next}`, stage, detail: figures };
}

function ofChain(state: State, now: number): Headline {
  const best = state.best ? state.blocks.get(state.best) : undefined;
  if (!best) return { title: "Meeting", stage: "no block yet", detail: count(peersCount(state), "peer") };
  const telling = tellingOf(state);
  const has = telling.filter((peer) => peer.tip?.hash === best.hash).length;
  const ago = `${duration(Math.max(0, now - best.at))} ago`;
  const title = `Block ${best.height}`;
  // One peer knows only of itself.
  if (telling.length < 2) return { title, stage: ago, detail: count(peersCount(state), "peer") };
  return { title, stage: `${has} of ${telling.length} have it`, detail: ago };
}

function ofAssembly(state: State, assembly: Assembly, now: number): Headline {
  const { standstill, view, leader } = assembly;
  const last = assembly.blocks.at(-1);
  const title = last ? `Block ${last.height}` : "Meeting";
  if (standstill) return { title, stage: "no quorum", detail: `${standstill.here} of ${standstill.needed} are heard` };
  const stage = leader ? `view ${view} of ${nameOf(state, leader)}` : "first view";
  return { title, stage, detail: last ? `committed ${duration(Math.max(0, now - last.at))} ago` : "" };
}

/** Returns what a screen reader is told now and then. */
export function spoken(state: State, now: number): string {
  const { title, stage, detail } = headlineOf(state, now);
  const leader = state.leader && !state.assembly ? ` ${nameOf(state, state.leader.peer)} leads.` : "";
  const faults = state.faults.size > 0 ? ` ${count(state.faults.size, "fault")} set.` : "";
  const more = state.kind === "chain" || !detail ? "" : `, ${detail}`;
  return `${title}: ${stage}${more}.${leader}${faults}`;
}
