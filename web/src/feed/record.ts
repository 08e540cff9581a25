/**
 * The lines of the feed (docs/events.md), as types. Fields are only added to them, so a reader must
 * ignore events and fields that it does not know.
 */
import type { components } from "../generated/api";

export type Schemas = components["schemas"];

/** An id or an address, which is what names a peer in every line. */
export type PeerName = string;

/** The fields of every line. */
export interface Envelope {
  /** The number of the record in its process, from 0 on. */
  sequence: number;
  /** The wall clock, RFC 3339 in UTC. */
  time: string;
  /** Milliseconds since the process started. */
  at_ms: number;
  network?: string | null;
  /** The peer that reports; missing where the process itself does. */
  peer?: PeerName | null;
  /** What the peers in this line are called, by their ids. */
  names?: { [id: string]: string };
}

/** What is stored of a block, as far as it is shown beside its records. */
export interface StoredFacts {
  hash: string;
  height: number;
  previous: string | null;
  /** Hashes that it takes on average to find it. */
  work: number;
  /** The same in bits. */
  difficulty: number;
  /** How many entries it has. */
  entries: number;
}

/** What this page has asked for, since no record tells: hashes tried so far, and stored blocks. */
export type Sampled =
  | { event: "hashes_sampled"; hashes: [PeerName, number][] }
  | { event: "blocks_sampled"; blocks: StoredFacts[] };

export type Event =
  | Schemas["PeerEvent"]
  | Schemas["RoundsEvent"]
  | Schemas["ChainEvent"]
  | Schemas["AssemblyEvent"]
  | Schemas["MinersEvent"]
  | Schemas["TrackerEvent"]
  | Schemas["SearchEvent"]
  | Schemas["DemoEvent"]
  | Sampled;

/** One line of the feed. */
export type Record = Envelope & Event;

/** Returns the record that a line has, or null if it has none. */
export function parseLine(line: string): Record | null {
  const text = line.trim();
  if (!text.startsWith("{")) return null;
  try {
    const value = JSON.parse(text) as Partial<Record>;
    const isRecord = typeof value.event === "string" && typeof value.at_ms === "number";
    return isRecord ? ({ sequence: 0, time: "", ...value } as Record) : null;
  } catch {
    return null;
  }
}
