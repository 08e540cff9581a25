/** What the server answers and takes, as far as this page uses it. */

/** One peer of the process, as it says itself (`status` in docs/events.md). */
export interface PeerStatus {
  peer: string;
  received: number;
  refused: number;
  hashes: number;
  due?: { what: string; in_ms: number; times?: number }[];
}

export interface Node {
  version: string;
  mode: string;
  network?: string | null;
  profile?: string | null;
  started: string;
  peers: string[];
  first_sequence: number;
  next_sequence: number;
  can: {
    submit: boolean;
    control: boolean;
    entries: boolean;
    table: boolean;
    blocks: boolean;
    tally: boolean;
  };
}

export interface StoredBlock {
  height: number;
  hash: string;
  previous: string | null;
  /** Seconds since 1970. */
  time?: number | null;
  miner?: string | null;
  /** Hashes that it takes on average to find it. */
  work: string;
  /** The same in bits. */
  difficulty: number;
  entries: StoredEntry[];
  size: number;
  /** Hexadecimal digits. */
  bytes: string;
}

export interface StoredEntry {
  height: number;
  text: string;
  author?: string | null;
}

export interface Tally {
  choices: { choice: string; votes: number }[];
  voters: number;
  /** Of the last block that was counted; null if there is none. */
  height: number | null;
}

export interface NewEntry {
  text: string;
  /** Whether it is meant even if its names look like others in the chain. */
  as_written?: boolean;
}

export type Submitted =
  | { answer: "added"; height: number; held: boolean }
  | { answer: "invalid"; reason: string }
  | { answer: "doubted"; reason: string }
  | { answer: "overtaken" };

export interface Broken {
  /** Blocks that would no longer be valid, each with the reason; the first ones, if many. */
  broken: { height: number; reason: string }[];
  /** How many there are in all. */
  total: number;
}

export interface DemoPeer {
  number: number;
  peer: string;
  state: "runs" | "crashed" | "paused";
  byzantine: string | null;
}

/** What was done, with what was asked for. */
export type DemoFault = { id: number; sentence: string } & Action;

export interface Demo {
  peers: DemoPeer[];
  faults: DemoFault[];
  pace: { paused: boolean; speed: number; speeds: [number, number] } | null;
  strategies: { name: string; what: string }[];
}

export type Action =
  | { action: "crash" | "restart" | "freeze" | "thaw"; peer: string }
  | { action: "partition"; groups: string[][] }
  | { action: "cut"; from: string; to: string }
  | { action: "delay"; peer: string | null; ms: number }
  | { action: "lose" | "corrupt" | "duplicate"; peer: string | null; share: number }
  | { action: "byzantine"; peer: string; strategy: string }
  | { action: "pause" | "resume" | "step" }
  | { action: "speed"; speed: number };

export interface Done {
  sentence: string;
  fault: number | null;
}

/** A page of a list. */
export interface Page<T> {
  items: T[];
  next: number | null;
  total: number;
}
