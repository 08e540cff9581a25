/** The recordings: what `althing demo --json` wrote of each dialect. */
import { readFileSync } from "node:fs";
import { parseLine, type Record } from "../src/feed/record";
import { fold } from "../src/fold/fold";
import { emptyState, type State } from "../src/fold/state";

export const DIALECTS = ["elect-chain", "sd", "ppd", "cs60", "aviary", "open", "assembly"] as const;

export function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`logs/${name}.jsonl`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "");
}

export function recordsOf(name: string): Record[] {
  return linesOf(name).flatMap((line) => parseLine(line) ?? []);
}

export function stateOf(records: Record[]): State {
  const state = emptyState();
  for (const record of records) fold(state, record);
  return state;
}

let sequence = 0;

/** A record as a peer would tell it. */
export function told(at: number, peer: string | null, event: object): Record {
  sequence += 1;
  return { sequence, time: "", at_ms: at, network: "test", peer, ...event } as Record;
}
