/** What a page shows of a network at one moment: plain values, so that they can be copied. */

/** Rows and blocks that are kept, the last ones. */
export const ROWS_MAX = 1000;
/** Peers that are shown; others are left out. */
export const PEERS_MAX = 256;
/** Messages in flight that are remembered, the last ones. */
export const FLIGHTS_MAX = 300;
/** Points of a chart. */
export const POINTS_MAX = 720;
/** Refusals that are remembered, the last ones. */
export const REFUSALS_MAX = 60;
/** Entries that are remembered, the last ones. */
export const ENTRIES_MAX = 2000;

/** Whether peers agree by rounds with a leader, by a chain without one, or as an assembly. */
export type Kind = "unknown" | "rounds" | "chain" | "assembly" | "tracker";

export type Stage = "opening" | "mining" | "voting" | "decided";

/** One peer, as the others and it itself tell of it. */
export interface Peer {
  id: string;
  /** The place in which it was first heard, from 1 on; 0 of one that only watches. */
  number: number;
  /** What it is called, as it says: any peer may take any name. */
  name: string | null;
  /** Another peer whose name looks the same. */
  like: string | null;
  /** Whether it is connected; null if it is not of the process that tells. */
  connected: boolean | null;
  crashed: boolean;
  frozen: boolean;
  /** How it breaks the rules, if it was made to. */
  byzantine: string | null;
  /** Whether the members were settled with it; null before. */
  member: boolean | null;
  /** Peers that have lost sight of it, and not heard it since. */
  suspectedBy: Set<string>;
  /** How many peers it knows, itself included. */
  known: number;
  /** Messages that it has refused. */
  refused: number;
  /** Rows that it has won, or blocks that it has found. */
  won: number;
  /** The first row that it lacks. */
  next: number;
  leader: string | null;
  term: number;
  /** The view in which it is; null where there are none. */
  view: number | null;
  /** Why it takes no part in the votes of an assembly, in words. */
  observes: string | null;
  /** The last block of its chain. */
  tip: { height: number; hash: string } | null;
  /** Votes of a row that were lost, as it has counted them. */
  failures: { transaction: number; count: number };
  /** What it waits for, by the word of its record. */
  waiting: string | null;
  /** Something about it that others should know, in words. */
  remark: string | null;
  /** Hashes a second; null if not known. */
  rate: number | null;
  hashes: { at: number; total: number } | null;
  lastHeard: number;
}

/** What one peer did in a round, and when it learnt of the rest. */
export interface Lane {
  challengeAt?: number;
  /** When it found a solution. */
  foundAt?: number;
  seed?: string;
  /** When it first knew of a solution. */
  solutionAt?: number;
  voteAt?: number;
  vote?: boolean;
  /** How many others have checked its vote and counted it. */
  checked: number;
  /** When the row was on its disk. */
  decidedAt?: number;
  /** When it crashed, or was frozen, and searched no more. */
  stoppedAt?: number;
  refused?: { at: number; reason: string };
}

/** One row of the table on its way from challenge to record. */
export interface Round {
  transaction: number;
  since: number;
  challenge: { bits: number; leader: string; at: number } | null;
  lanes: Map<string, Lane>;
  /** Finders, in the order in which they were reported. */
  solutions: { finder: string; seed: string; at: number }[];
  failures: number;
  row: Row | null;
}

/** A decided row. */
export interface Row {
  transaction: number;
  challenge: number;
  seed: string;
  winner: string;
  yes: number;
  no: number;
  at: number;
  /** From the challenge to the record, in milliseconds; null if the challenge was not heard. */
  took: number | null;
  /** Peers that have recorded another solution of this row, with what they have. */
  others: Map<string, { seed: string; winner: string }>;
}

/** A block that some peer has. */
export interface Block {
  hash: string;
  height: number;
  /** The hash before it; null if no record tells. */
  parent: string | null;
  finder: string | null;
  at: number;
  heldBy: string | null;
  onlyHere: boolean;
  /** What is stored of it, once that was asked for. */
  stored: { work: number; difficulty: number; entries: number } | null;
}

/** One view of an assembly. */
export interface AssemblyView {
  number: number;
  /** The member that leads it; null if no record tells. */
  leader: string | null;
  /** When the first peer has entered it. */
  enteredAt: number | null;
  /** The block that a quorum has notarized, and when that was first told. */
  notarized: { hash: string; at: number } | null;
  /** When a certificate was first told that it ends without a block. */
  nullifiedAt: number | null;
  /** Why its leader was passed over, as far as records tell. */
  why: string | null;
}

/** A block that an assembly has committed. */
export interface CommittedBlock {
  height: number;
  hash: string;
  view: number;
  maker: string;
  entries: number;
  at: number;
  /** From the beginning of its view to the first commit, in milliseconds; null if not known. */
  took: number | null;
  /** How many peers have told that they have it. */
  reached: number;
  /** Whether peers have told of different blocks at this height, which must never be. */
  differing: boolean;
}

/** What is known of an assembly. */
export interface Assembly {
  /** Its members, in the order of the charter. */
  members: string[];
  /** How many of them decide; null before the charter is told. */
  quorum: number | null;
  /** The latest view that a peer has entered, who leads it, and since when. */
  view: number;
  leader: string | null;
  since: number;
  /** The last views, by their numbers. */
  views: Map<number, AssemblyView>;
  /** The last committed blocks, in the order of their heights. */
  blocks: CommittedBlock[];
  /** What members have said that contradicts itself. */
  evidence: { member: string; first: string; second: string; at: number }[];
  /** Too few members are heard: how many are, of how many that it takes. */
  standstill: { here: number; needed: number; missing: string[]; since: number } | null;
  /** Entries that were told to wait, that were refused after that, and that are in blocks. */
  pooled: number;
  refused: number;
  entries: number;
}

/** A message on its way. `to` null is to all others. */
export interface Flight {
  at: number;
  kind: string;
  from: string;
  to: string | null;
  lost: boolean;
}

export interface Entry {
  text: string;
  author: string | null;
  at: number;
  from: string;
  refused: string | null;
}

export interface Refusal {
  at: number;
  by: string;
  claimed: string | null;
  reason: string;
}

export interface Waiting {
  what: string;
  here: number | null;
  needed: number | null;
  since: number;
}

/** A sample of the charts: difficulty, how long it took, and how fast that is in hashes a second. */
export interface Point {
  at: number;
  bits: number | null;
  took: number | null;
  rate: number | null;
  /** The block that it is of. */
  hash: string | null;
}

/** Everything that is shown at one moment. */
export interface State {
  kind: Kind;
  network: string | null;
  /** Of the last record. */
  at: number;
  time: string;
  records: number;
  missed: number;
  peers: Map<string, Peer>;
  /** The one that tells and only watches: it is listed for what it tells, and is shown as no peer. */
  watcher: string | null;
  /** Whether messages are counted as they arrive, and so by the rules of programs. */
  byArrival: boolean;
  settled: boolean;
  /** Members of the network; null before they are settled. */
  members: number | null;
  /** The fewest yes votes with which a row was decided; null before one was. */
  leastYes: number | null;
  leader: { peer: string; term: number; draw: string | null } | null;
  draws: Map<string, string>;
  current: Round | null;
  previous: Round | null;
  next: number;
  rows: Row[];
  waiting: Waiting | null;
  finished: boolean;
  blocks: Map<string, Block>;
  /** The last block of the longest chain. */
  best: string | null;
  /** How often a peer has gone over to another branch, and the most blocks that it left so. */
  reorgs: { count: number; deepest: number };
  /** Null where there is no assembly. */
  assembly: Assembly | null;
  entries: Map<string, Entry>;
  refusals: Refusal[];
  flights: Flight[];
  /** Whether the feed tells of messages itself, so that none need be inferred. */
  flightsTold: boolean;
  /** How long messages take, in milliseconds, as far as records show. */
  latency: number;
  sent: Map<string, number>;
  faults: Map<number, string>;
  pace: { paused: boolean; speed: number } | null;
  points: Point[];
  /** When each of the last rows or blocks came, for the pace. */
  recent: number[];
}

/** Returns the state before the first record. */
export function emptyState(): State {
  return {
    kind: "unknown",
    network: null,
    at: 0,
    time: "",
    records: 0,
    missed: 0,
    peers: new Map(),
    watcher: null,
    byArrival: false,
    settled: false,
    members: null,
    leastYes: null,
    leader: null,
    draws: new Map(),
    current: null,
    previous: null,
    next: 0,
    rows: [],
    waiting: null,
    finished: false,
    blocks: new Map(),
    best: null,
    reorgs: { count: 0, deepest: 0 },
    assembly: null,
    entries: new Map(),
    refusals: [],
    flights: [],
    flightsTold: false,
    latency: 40,
    sent: new Map(),
    faults: new Map(),
    pace: null,
    points: [],
    recent: [],
  };
}

/** Returns a copy that shares nothing that a fold changes. */
export function copyState(state: State): State {
  return structuredClone(state);
}

/** Appends to a list of bounded length. */
export function pushBounded<T>(list: T[], item: T, max: number): void {
  list.push(item);
  // In steps, since each shift moves the whole list.
  if (list.length > max + 64) list.splice(0, list.length - max);
}

/** Adds to a map of bounded size, which drops what was added first. */
export function setBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.set(key, value);
  if (map.size > max) {
    const first = map.keys().next();
    if (!first.done) map.delete(first.value);
  }
}
